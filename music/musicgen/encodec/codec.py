"""EnCodec's decoder on a CPU: codes in, sound out. The arithmetic is that of transformers' ``EncodecModel``,
which the tests hold it to.

What follows the LSTM is made block by block, each with as much around it as its edges reach: so what one
layer writes is still in the processor's cache when the next one reads it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import ELU
from transformers import EncodecModel

from music.musicgen.compiled import compiled_loops
from music.musicgen.encodec.chunked import ChunkedCodec, refuse_other_kinds
from music.musicgen.encodec.convolutions import Convolution, Layer, layer_of
from music.musicgen.encodec.recurrent import recurrent

_COARSE, _FINE = 256, 16
"""Frames in a block of the first half of the stages, whose weights are large, and of the other half."""


Decoding = Callable[[Sequence[Tensor]], list[Tensor]]
"""From ``codes (codebooks, frames)`` of some channels to ``(samples,)`` float32 of each."""


def decoding(model: EncodecModel, precision: str, device: torch.device, *, gpu_path: bool) -> Decoding:
    """A ``ChunkedCodec`` on a GPU's path, a ``Codec`` on a CPU's. The LSTM of the latter is narrow where
    ``precision`` is. Raises ``EngineUnavailable`` as these do."""
    if gpu_path:
        return ChunkedCodec(model, device)
    return Codec(model, narrow=precision in ("bf16", "int8"))


class Codec:
    """The decoder of an ``EncodecModel`` with one channel."""

    def __init__(self, model: EncodecModel, *, narrow: bool = False, compiled: bool = True) -> None:
        """``narrow``: the LSTM has its recurrent weights in bfloat16, with an error 90 dB below the sound's
        variation; convolutions in bfloat16 would bring it to 42. Without a compiled loop it has them only if
        the CPU has products of bfloat16. ``compiled``: by compiled loops where there are some for it. Raises
        ``EngineUnavailable`` as ``refuse_other_kinds`` does."""
        refuse_other_kinds(model.config)
        self._books = [layer.codebook.embed for layer in model.quantizer.layers]
        modules: list[Any] = [module for module in model.decoder.layers if not isinstance(module, ELU)]
        first, lstm, *stages = modules
        self._first = Convolution(first)
        loops = compiled_loops() if compiled else None
        made = loops.lstm(lstm.lstm, "bf16" if narrow else "fp32") if loops else None
        narrow = narrow and torch.cpu._is_avx512_bf16_supported()
        self._lstm = made or recurrent(lstm.lstm, narrow=narrow)
        sound_layer = loops.sound_layers() if loops else None
        layers = [(sound_layer and sound_layer(module)) or layer_of(module) for module in stages]
        half = len(layers) // 2
        fine = _Blocks(layers[half:], _FINE * math.prod(layer.factor for layer in layers[:half]))
        self._stages = _Blocks([*layers[:half], fine], _COARSE)

    @torch.inference_mode()
    def __call__(self, channels: Sequence[Tensor]) -> list[Tensor]:
        """As ``Decoding``; at least 4 frames of each."""
        begun = [self._first(self._read(codes)) for codes in channels]
        through = self._lstm(begun)
        return [self._stages(x + more)[:, 0] for x, more in zip(begun, through, strict=True)]

    def _read(self, codes: Tensor) -> Tensor:
        return torch.stack([book[row] for book, row in zip(self._books, codes, strict=False)]).sum(0)


class _Blocks:
    """Layers, one after another, over so many ``rows`` at a time."""

    def __init__(self, layers: Sequence[Layer], rows: int) -> None:
        self._layers = layers
        self._rows = rows
        self.factor, reach = 1, 0.0
        for layer in layers:
            reach += layer.reach / self.factor
            self.factor *= layer.factor
        self.reach = math.ceil(reach)

    def __call__(self, x: Tensor) -> Tensor:
        made = []
        for start in range(0, len(x), self._rows):
            begin, end = max(start - self.reach, 0), min(start + self._rows, len(x))
            block = x[begin : end + self.reach]
            for layer in self._layers:
                block = layer(block)
            made.append(block[(start - begin) * self.factor : (end - begin) * self.factor])
        return torch.cat(made)
