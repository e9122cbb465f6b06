"""Qwen2-VL's steps for several texts about pictures, each with its own cache and its own step.

A picture has fewer positions than tokens: the position of a later token is its index plus ``delta``, which is
negative (Wang et al., "Qwen2-VL", 2024, 2.1). transformers keeps ``delta`` in the model itself, where a
second picture overwrites it; here each text has its own.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from inference.text.slots import SeparateSlots, last_logits


class PictureSlots(SeparateSlots):
    """Slots for texts that begin with a picture, which needs Qwen2-VL's inputs ``pixel_values``,
    ``image_grid_thw`` and ``mm_token_type_ids``, the last as long as the text."""

    def __init__(self, model: Any, count: int) -> None:
        super().__init__(model, count)
        self._deltas: dict[int, int] = {}

    @torch.inference_mode()
    def begin(self, slot: int, ids: Tensor, expected: int, *, shared: int = 0, **more: Tensor) -> None:
        if not more:
            raise ValueError("a text about a picture needs the picture")
        device = self._model.device
        given = {name: tensor.to(device) for name, tensor in more.items()}
        ids = ids[None].to(device)
        places, delta = self._model.model.get_rope_index(
            ids, given["mm_token_type_ids"], image_grid_thw=given["image_grid_thw"]
        )
        self._caches[slot] = DynamicCache(config=self._model.config.get_text_config())
        self._deltas[slot] = int(delta)
        last_logits(self._model, ids, past_key_values=self._caches[slot], position_ids=places, **given)

    def _step_one(self, slot: int, tokens: Tensor) -> Tensor:
        cache = self._caches[slot]
        first = cache.get_seq_length() + self._deltas[slot]
        places = torch.arange(first, first + tokens.shape[1], device=self._model.device).expand(3, 1, -1)
        return last_logits(self._model, tokens, past_key_values=cache, position_ids=places)[0]

    def end(self, slot: int) -> None:
        super().end(slot)
        self._deltas.pop(slot, None)
