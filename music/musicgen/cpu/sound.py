"""The last layers of EnCodec's decoder on a CPU, by the compiled loops of ``waves``."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import Identity
from transformers.models.encodec.modeling_encodec import EncodecConvTranspose1d, EncodecResnetBlock

from music.musicgen.cpu.layout import LANES, VECTORS, Convolution, supported
from music.musicgen.cpu.packing import arena, packed
from music.musicgen.cpu.threads import ThreadTeam
from music.musicgen.encodec.convolutions import Layer, of_each_new_row

_THREADS = 64  # at most


class SoundLayers:
    """Makes the layers of one codec, which share their threads: their caller is to be one at a time."""

    def __init__(self) -> None:
        self._team = ThreadTeam(_THREADS, "encodec")

    def __call__(self, module: Any) -> Layer | None:
        """The layer that does what ``module`` of transformers does, with the ELU before it; None where there
        is no loop for its sizes or this processor."""
        if isinstance(module, EncodecConvTranspose1d):
            return _Upsampling(module.conv, self._team) if _fits(module) else None
        if isinstance(module, EncodecResnetBlock):
            _, wide, _, single = module.block
            simple = isinstance(module.shortcut, Identity) and wide.conv.kernel_size == (3,)
            fits = simple and wide.conv.dilation == (1,) and _fits(wide) and _fits(single)
            return _Residual(wide.conv, single.conv, self._team) if fits else None
        fits = _fits(module, outputs=1) and module.conv.kernel_size[0] <= LANES
        return _Last(module.conv, self._team) if fits else None


def _fits(module: Any, outputs: int = VECTORS * LANES) -> bool:
    """Whether there are loops for this processor and so many channels."""
    conv = module.conv
    return supported("fp32") and conv.in_channels % LANES == 0 and conv.out_channels % outputs == 0


class _Upsampling:
    """ELU, and a transposed convolution."""

    reach = 1

    def __init__(self, module: Any, team: ThreadTeam) -> None:
        from music.musicgen.cpu.loops import waves

        self._loop = waves.upsample
        self._team = team
        self.factor, weight, bias = of_each_new_row(module)
        # Rows a page apart would all have the same few places in the processor's cache.
        gapped = torch.cat([weight[..., 0], weight.new_zeros(len(weight), LANES), weight[..., 1]], dim=1)
        weights: list[int] = []
        self._arena = arena([packed(gapped, np.float32)], weights)
        self._new_rows = Convolution(weights[0], bias.numpy())

    def __call__(self, x: Tensor) -> Tensor:
        rows, channels = x.shape
        whole = -(-(rows + 1) // 16) * 16
        framed = np.zeros((whole + 1, channels + LANES), np.float32)
        made = np.empty((whole, len(self._new_rows.bias)), np.float32)
        self._team.run(self._loop, x.numpy(), self._new_rows, framed, made)
        trimmed = self.factor - self.factor // 2
        return torch.from_numpy(made).view(whole * self.factor, -1)[trimmed : trimmed + rows * self.factor]


class _Residual:
    """A convolution of three rows and one of a single row, each after ELU, added to what they are made of."""

    factor = reach = 1

    def __init__(self, wide: Any, single: Any, team: ThreadTeam) -> None:
        from music.musicgen.cpu.loops import waves

        self._loop = waves.residual
        self._team = team
        channels, inner = wide.in_channels, wide.out_channels
        size = (waves.BLOCK + 2) * channels + waves.BLOCK * (inner + channels)
        self._room = np.zeros((self._team.threads, size), np.float32)
        weights: list[int] = []
        both = [wide.weight.transpose(1, 2).flatten(1), single.weight.flatten(1)]
        self._arena = arena([packed(weight.detach(), np.float32) for weight in both], weights)
        self._convolutions = [
            Convolution(address, module.bias.detach().numpy())
            for address, module in zip(weights, (wide, single), strict=True)
        ]

    def __call__(self, x: Tensor) -> Tensor:
        made = torch.empty_like(x)
        self._team.run(self._loop, x.numpy(), *self._convolutions, self._room, made.numpy())
        return made


class _Last:
    """ELU, and a convolution to a single channel."""

    factor = 1

    def __init__(self, module: Any, team: ThreadTeam) -> None:
        from music.musicgen.cpu.loops import waves

        self._loop = waves.last
        self._team = team
        self._width = module.kernel_size[0]
        self.reach = self._width // 2
        weight = module.weight.detach()[0].t()  # of each moment the channels' weights
        weights: list[int] = []
        padded = torch.cat([weight, weight.new_zeros(LANES - self._width, weight.shape[1])])
        self._arena = arena([packed(padded, np.float32, vectors=1)], weights)
        self._room = np.zeros((self._team.threads, waves.BLOCK * (weight.shape[1] + LANES)), np.float32)
        self._single = Convolution(weights[0], module.bias.detach().numpy()[0])

    def __call__(self, x: Tensor) -> Tensor:
        made = x.new_empty(len(x), 1)
        self._team.run(self._loop, x.numpy(), self._single, self._width, self._room, made.numpy()[:, 0])
        return made
