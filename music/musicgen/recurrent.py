"""EnCodec's LSTM on a CPU. Its weights are read anew for every moment, for several sounds at once where there
are kernels for it: what a sound becomes is the same, bit for bit, in whatever company it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import LSTM
from torch.nn.utils.rnn import pad_sequence

from music.musicgen.cpu.layout import COLUMNS, NUMBERS, supported
from music.musicgen.cpu.packing import arena, packed
from music.musicgen.cpu.threads import ThreadTeam
from music.musicgen.linear import Linear, linear


class Recurrent(Protocol):
    """``(moments, width)`` of each sound, float32, to as many."""

    def __call__(self, sounds: Sequence[Tensor]) -> Sequence[Tensor]: ...


def recurrent(lstm: LSTM, *, narrow: bool) -> Recurrent:
    """``narrow``: with its recurrent weights in bfloat16."""
    precision = "bf16" if narrow else "fp32"
    if supported(precision) and lstm.hidden_size % COLUMNS == 0:
        return Fused(lstm, precision)
    return Narrow(lstm) if narrow else Wide(lstm)


class Wide:
    """torch's, which on a CPU is oneDNN's."""

    def __init__(self, lstm: LSTM) -> None:
        self._lstm = lstm

    def __call__(self, sounds: Sequence[Tensor]) -> Sequence[Tensor]:
        return [self._lstm(sound)[0] for sound in sounds]


class Narrow:
    """By torch's operations."""

    def __init__(self, lstm: LSTM) -> None:
        self._layers = [(into, linear(back.bfloat16(), "bf16"), bias) for into, back, bias in _layers(lstm)]

    def __call__(self, sounds: Sequence[Tensor]) -> Sequence[Tensor]:
        return [self._one(sound) for sound in sounds]

    def _one(self, x: Tensor) -> Tensor:
        for into, back, bias in self._layers:
            x = _recur(into(x) + bias, back)
        return x


class Fused:
    """By ``music.musicgen.cpu.kernels``."""

    def __init__(self, lstm: LSTM, precision: str) -> None:
        from music.musicgen.cpu import kernels  # with its compiler, a second: for whom it is of use

        self._recur = kernels.recur
        self._numbers = NUMBERS[precision]
        self._team = ThreadTeam(lstm.hidden_size // COLUMNS, "musicgen-lstm")
        weights: list[int] = []
        self._layers, self._arenas = [], []
        for into, back, bias in _layers(lstm):
            self._arenas.append(arena([packed(back, self._numbers)], weights))
            self._layers.append((into, weights[-1], bias))
        self([torch.zeros(1, lstm.hidden_size)])  # compiled while it is loaded, and not in the first song

    def __call__(self, sounds: Sequence[Tensor]) -> Sequence[Tensor]:
        count, lengths, width = len(sounds), [len(sound) for sound in sounds], sounds[0].shape[1]
        for into, weight, bias in self._layers:
            # One by one, or their sums would be made in an order that depends on how many there are.
            given = pad_sequence([into(sound) + bias for sound in sounds]).numpy()
            made = np.zeros((len(given), count, width), np.float32)
            # Rows a page apart would all have the same few places in the processor's cache.
            narrow = np.zeros((count, width + 64), self._numbers)
            gates = np.zeros((count, 4 * width), np.float32)
            cells, scales = np.zeros((count, width), np.float32), np.zeros(count, np.float32)
            self._team.run(self._recur, weight, given, cells, narrow, scales, gates, made)
            sounds = [torch.from_numpy(made[:length, place]) for place, length in enumerate(lengths)]
        return sounds


def _layers(lstm: LSTM) -> list[tuple[Linear, Tensor, Tensor]]:
    """Of each layer what makes its gates of its input, its recurrent weights, and its bias."""
    layers = []
    for number in range(lstm.num_layers):
        into, back, bias, more = (
            _ordered(getattr(lstm, f"{kind}_l{number}").detach())
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        layers.append((linear(into, "fp32"), back, bias + more))
    return layers


def _recur(given: Tensor, back: Callable[[Tensor], Tensor]) -> Tensor:
    """A layer's ``(moments, width)`` from what its input adds to its gates, ``given (moments, 4 * width)``,
    which is used up."""
    width = given.shape[1] // 4
    made = given.new_empty(len(given), width)
    state, cell = given.new_zeros(1, width), given.new_zeros(width)
    for row, gates in enumerate(given):
        gates += back(state)[0]
        opened, kept, shown = gates[: 3 * width].sigmoid_().view(3, width)
        cell.mul_(kept).addcmul_(opened, gates[3 * width :].tanh_())
        state = made[row : row + 1]
        torch.mul(shown, cell.tanh(), out=state[0])
    return made


def _ordered(gates: Tensor) -> Tensor:
    """Input, forget, output, cell, where torch has input, forget, cell, output: the sigmoids together."""
    opened, kept, cell, shown = gates.chunk(4)
    return torch.cat([opened, kept, shown, cell])
