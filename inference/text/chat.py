"""What the engines with a chat model share: one batch of texts on the model's device."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import torch
from transformers import AutoConfig

from inference.loading import ModelEngine
from inference.text.batch import TextBatch
from inference.text.slots import TextSlots, cache_bytes, slots_for


class ChatEngine(ModelEngine):
    """An engine whose model writes up to ``batch_size`` texts at a time. A subclass sets ``_model``,
    ``_vocabulary`` and ``_place``, then calls ``_move``."""

    precisions = ("fp32", "bf16", "fp16", "int8", "int4")
    quantizes = True
    batch_size: ClassVar[int]
    """Texts written at a time. It influences rounding, so another size gives other texts."""

    _model: Any
    _vocabulary: int
    """The model's number of logits."""
    _batch: TextBatch

    def _slots(self) -> TextSlots:
        return slots_for(self._model, self.batch_size, graphed=self._place.gpu_path)

    def _move(self, device: torch.device) -> None:
        self._model.to(device)
        model = f"{self._place.model} in {self._place.precision} on {device}"
        self._batch = TextBatch(self._slots(), self._vocabulary, self.batch_size, self.name, model)

    @classmethod
    def extra_memory(cls, folder: Path, *, number_bytes: float, gpu_path: bool = False) -> int:
        """The size of the caches, while no text is longer than ``ROOM`` tokens; they grow for longer ones."""
        try:
            return cache_bytes(AutoConfig.from_pretrained(folder), cls.batch_size, number_bytes)
        except (OSError, ValueError, KeyError, AttributeError):
            return 0  # not a chat model: loading raises the error
