"""Qwen2-VL's steps for several texts about pictures, each with a cache and a step of its own.

A picture takes up fewer positions than tokens: what follows it stands ``delta`` before where counting would
put it (Wang et al., "Qwen2-VL", 2024, 2.1). transformers keeps that number in the model itself, where a
second picture overwrites it; here each text has its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from inference.slots import last_logits, sent


class PictureSlots:
    """``TextSlots`` for texts that begin with a picture: ``beside`` holds ``pixel_values``,
    ``image_grid_thw`` and ``mm_token_type_ids`` as Qwen2-VL names them, the last as long as the text."""

    def __init__(self, model: Any, count: int) -> None:
        self._model = model
        self._count = count
        self._caches: dict[int, DynamicCache] = {}
        self._deltas: dict[int, int] = {}

    @torch.inference_mode()
    def begin(
        self, slot: int, ids: Tensor, expected: int, beside: Mapping[str, Tensor] | None = None
    ) -> None:
        if not beside:
            raise ValueError("a text about a picture needs the picture")
        device = self._model.device
        given = {name: tensor.to(device) for name, tensor in beside.items()}
        ids = ids[None].to(device)
        places, delta = self._model.model.get_rope_index(
            ids, given["mm_token_type_ids"], image_grid_thw=given["image_grid_thw"]
        )
        self._caches[slot] = DynamicCache(config=self._model.config.get_text_config())
        self._deltas[slot] = int(delta)
        last_logits(self._model, ids, past_key_values=self._caches[slot], position_ids=places, **given)

    @torch.inference_mode()
    def step(self, tokens: Mapping[int, int]) -> Tensor:
        device = self._model.device
        ids = sent(torch.tensor(list(tokens.values())), device)
        rows: dict[int, Tensor] = {}
        for number, slot in enumerate(tokens):
            cache = self._caches[slot]
            place = cache.get_seq_length() + self._deltas[slot]
            places = torch.full((3, 1, 1), place, dtype=torch.long, device=device)
            row = last_logits(
                self._model, ids[number, None, None], past_key_values=cache, position_ids=places
            )
            rows[slot] = row[0]
        idle = torch.zeros_like(next(iter(rows.values())))
        return torch.stack([rows.get(slot, idle) for slot in range(self._count)])

    def end(self, slot: int) -> None:
        self._caches.pop(slot, None)
        self._deltas.pop(slot, None)
