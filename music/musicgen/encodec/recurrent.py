"""EnCodec's LSTM on a CPU, in torch's operations. What a sound becomes is the same, bit for bit, in whatever
company it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import LSTM

from music.musicgen.linear import Linear, linear


class Recurrent(Protocol):
    """All layers of an LSTM."""

    def __call__(self, sounds: Sequence[Tensor]) -> Sequence[Tensor]:
        """``(moments, width)`` float32 of each sound to as many."""


def recurrent(lstm: LSTM, *, narrow: bool) -> Recurrent:
    """``narrow``: with its recurrent weights in bfloat16."""
    return Narrow(lstm) if narrow else Wide(lstm)


class Wide:
    """torch's own, which on a CPU is oneDNN's."""

    def __init__(self, lstm: LSTM) -> None:
        self._lstm = lstm

    def __call__(self, sounds: Sequence[Tensor]) -> Sequence[Tensor]:
        return [self._lstm(sound)[0] for sound in sounds]


class Narrow:
    """Moment by moment, with its recurrent weights in bfloat16."""

    def __init__(self, lstm: LSTM) -> None:
        self._layers = [(into, linear(back.bfloat16(), "bf16"), bias) for into, back, bias in layers_of(lstm)]

    def __call__(self, sounds: Sequence[Tensor]) -> Sequence[Tensor]:
        return [self._one(sound) for sound in sounds]

    def _one(self, x: Tensor) -> Tensor:
        for into, back, bias in self._layers:
            x = _recur(into(x) + bias, back)
        return x


def layers_of(lstm: LSTM) -> list[tuple[Linear, Tensor, Tensor]]:
    """What each layer has: the product that makes gates of its input, recurrent weights ``(4 * width,
    width)``, and a bias. The gates are input, forget, output and cell."""
    layers = []
    for number in range(lstm.num_layers):
        into, back, bias, more = (
            _ordered(getattr(lstm, f"{kind}_l{number}").detach())
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        layers.append((linear(into, "fp32"), back, bias + more))
    return layers


def _recur(given: Tensor, back: Callable[[Tensor], Tensor]) -> Tensor:
    """A layer's ``(moments, width)``. ``given (moments, 4 * width)``, which is changed, is what its input
    adds to its gates; ``back`` multiplies with the recurrent weights."""
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
    """``gates`` as input, forget, output, cell, so that the sigmoids are together: torch has the cell
    third."""
    opened, kept, cell, shown = gates.chunk(4)
    return torch.cat([opened, kept, shown, cell])
