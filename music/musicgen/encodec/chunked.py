"""EnCodec's decoder for a GPU: transformers' own modules, over a few seconds of sound at a time.

If a song were decoded whole, each layer would keep all of it in many channels at once: 22 GB for 600 s. The
LSTM's state goes on from chunk to chunk. Each layer after it is a convolution: a chunk with as much around it
as its edges reach becomes what it would in the whole song.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import EncodecModel
from transformers.models.encodec.modeling_encodec import (
    EncodecConv1d,
    EncodecConvTranspose1d,
    EncodecResnetBlock,
)

from config.errors import EngineUnavailable

CHUNK = 250
"""Frames at a time, 5 s of sound: 0.4 GB of activations at the published size."""
_ACTIVATIONS = 8
"""Tensors as large as the widest layer's output: a residual block's, and a convolution's workspace."""


class ChunkedCodec:
    """The decoder of an ``EncodecModel`` with one channel, on ``device``."""

    def __init__(self, model: EncodecModel, device: torch.device, chunk: int = CHUNK) -> None:
        """``chunk``: frames at a time, 4 or more: the first convolution reflects three of them at a song's
        ends. Raises ``EngineUnavailable`` as ``refuse_other_kinds`` does."""
        refuse_other_kinds(model.config)
        model = model.to(device)
        self._device = device
        self._chunk = chunk
        self._quantizer = model.quantizer
        self._first, self._lstm, *self._stages = model.decoder.layers
        self._before = _reach(self._first)
        reach, self._factor = 0.0, 1
        for module in self._stages:
            reach += _reach(module) / self._factor
            self._factor *= _stride(module)
        self._around = math.ceil(reach)

    @torch.inference_mode()
    def __call__(self, channels: Sequence[Tensor]) -> list[Tensor]:
        """From ``codes (codebooks, frames)`` of some channels to ``(samples,)`` of each, float32, on the CPU.
        Channels are decoded one after another, and do not depend on each other."""
        return [self._decode(codes.to(self._device)) for codes in channels]

    def _decode(self, codes: Tensor) -> Tensor:
        x = self._recurred(codes)
        frames = codes.shape[1]
        sound = torch.empty(frames * self._factor)
        for start, end, begin, stop in self._chunks(frames, self._around):
            block = x[..., begin:stop]
            for module in self._stages:
                block = module(block)
            made = block[0, 0, (start - begin) * self._factor : (end - begin) * self._factor]
            sound[start * self._factor : end * self._factor] = made.float()
        return sound

    def _recurred(self, codes: Tensor) -> Tensor:
        """``(1, width, frames)``: what the convolutions after the LSTM take."""
        frames, state = codes.shape[1], None
        x = torch.empty(1, self._lstm.lstm.hidden_size, frames, device=self._device)
        for start, end, begin, stop in self._chunks(frames, self._before):
            begun = self._first(self._quantizer.decode(codes[:, None, begin:stop]))
            begun = begun[..., start - begin : end - begin]
            # (moments, batch, width), as torch's LSTM takes it
            made, state = self._lstm.lstm(begun.permute(2, 0, 1), state)
            x[..., start:end] = begun + made.permute(1, 2, 0)
        return x

    def _chunks(self, frames: int, reach: int) -> list[tuple[int, int, int, int]]:
        """Each chunk's start and end, and its start and end with up to ``reach`` frames around it."""
        starts = range(0, frames, self._chunk)
        ends = [min(start + self._chunk, frames) for start in starts]
        return [
            (start, end, max(start - reach, 0), min(end + reach, frames))
            for start, end in zip(starts, ends, strict=True)
        ]


def refuse_other_kinds(config: Any) -> None:
    """Raises ``EngineUnavailable`` for an ``EncodecConfig`` that is not of MusicGen's kind."""
    odd = config.norm_type != "weight_norm" or config.pad_mode != "reflect" or config.use_causal_conv
    if odd or config.normalize or config.chunk_length_s is not None or config.audio_channels != 1:
        raise EngineUnavailable("its EnCodec is not of MusicGen's kind", "give a model with encodec_32khz")


def decoding_bytes(config: Any, seconds: float) -> int:
    """Bytes beside the weights that a GPU needs to decode one channel of so many seconds, with an
    ``EncodecConfig``."""
    width = config.num_filters * 2 ** len(config.upsampling_ratios)  # the LSTM's
    frames = math.ceil(seconds * config.frame_rate)
    channels, rows, widest = width, 1, width
    for ratio in config.upsampling_ratios:
        channels, rows = channels // 2, rows * ratio
        widest = max(widest, channels * rows)
    return int(4 * (frames * width + _ACTIVATIONS * widest * CHUNK))


def _stride(module: Any) -> int:
    return int(module.conv.stride[0]) if isinstance(module, EncodecConvTranspose1d) else 1


def _reach(module: Any) -> int:
    """How many rows on either side have a part in what a row becomes."""
    if isinstance(module, EncodecConvTranspose1d):
        kernel, stride = int(module.conv.kernel_size[0]), int(module.conv.stride[0])
        return math.ceil(kernel / stride) - 1
    if isinstance(module, EncodecResnetBlock):
        return sum(_reach(inner) for inner in module.block)
    if isinstance(module, EncodecConv1d):
        total = (int(module.conv.kernel_size[0]) - 1) * int(module.conv.dilation[0])
        return total - total // 2
    return 0  # ELU
