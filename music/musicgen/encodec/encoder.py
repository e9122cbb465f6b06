"""EnCodec's encoder: sound in, codes out, by transformers' own modules. What a song goes on from is some
seconds, which are encoded in one piece."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import EncodecModel


class Encoder:
    """The encoder of an ``EncodecModel`` with one channel, on ``device``."""

    def __init__(self, model: EncodecModel, device: torch.device) -> None:
        self._device = device
        self._encoder: Any = model.encoder.to(device)
        self._quantizer: Any = model.quantizer.to(device)
        self._bandwidth: float = model.config.target_bandwidths[0]  # as transformers' ``encode``

    @torch.inference_mode()
    def __call__(self, sounds: Tensor) -> Tensor:
        """Codes ``(channels * codebooks, frames)`` of ``sounds (channels, samples)`` float32, each channel
        encoded by itself; codebooks alternate between the channels."""
        codes = [
            self._quantizer.encode(self._encoder(sound[None, None].to(self._device)), self._bandwidth)[:, 0]
            for sound in sounds
        ]
        return torch.stack(codes, dim=1).flatten(0, 1)
