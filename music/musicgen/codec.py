"""EnCodec's decoder on a CPU: codes in, sound out. The arithmetic is that of transformers' ``EncodecModel``,
which the tests hold it to.

Rows are moments and columns channels: so a convolution reads rows that lie side by side, and a transposed
one, whose kernel is twice its stride, makes a stride's worth of new rows of each two neighbours. What follows
the LSTM is made block by block, each with as much around it as its edges reach, so that what one layer writes
is still in the processor's cache when the next one reads it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import ELU, Identity
from torch.nn.functional import conv2d, elu
from transformers import EncodecModel
from transformers.models.encodec.modeling_encodec import EncodecConvTranspose1d, EncodecResnetBlock

from music.musicgen.chunked import ChunkedCodec, refuse_other_kinds
from music.musicgen.cpu.layout import LANES, VECTORS, supported
from music.musicgen.cpu.packing import arena, packed
from music.musicgen.cpu.threads import ThreadTeam
from music.musicgen.linear import linear
from music.musicgen.recurrent import recurrent

_THREADS = 64  # at most
_COARSE, _FINE = 256, 16
"""Frames in a block of the first half of the stages, whose weights are large, and of the other half."""


Decoding = Callable[[Sequence[Tensor]], list[Tensor]]
"""From ``codes (codebooks, frames)`` of some channels to ``(samples,)`` float32 of each."""


def decoding(model: EncodecModel, precision: str, device: torch.device, *, gpu_path: bool) -> Decoding:
    """By ``ChunkedCodec`` on a GPU's path; on a CPU's by ``Codec``, whose LSTM is narrow where ``precision``
    is and the CPU has instructions for it. Raises ``EngineUnavailable`` as these do."""
    if gpu_path:
        return ChunkedCodec(model, device)
    narrow = precision in ("bf16", "int8") and torch.cpu._is_avx512_bf16_supported()
    return Codec(model, narrow=narrow)


class Codec:
    """The decoder of an ``EncodecModel`` with one channel."""

    def __init__(self, model: EncodecModel, *, narrow: bool = False) -> None:
        """``narrow`` lets the LSTM have its recurrent weights in bfloat16, with an error 90 dB below the
        sound's variation; convolutions in bfloat16 would bring it to 42. Raises ``EngineUnavailable`` as
        ``refuse_other_kinds`` does."""
        refuse_other_kinds(model.config)
        self._books = [layer.codebook.embed for layer in model.quantizer.layers]
        modules: list[Any] = [module for module in model.decoder.layers if not isinstance(module, ELU)]
        first, lstm, *stages, last = modules
        self._first = _Convolution(first)
        self._lstm = recurrent(lstm.lstm, narrow=narrow)
        team = ThreadTeam(_THREADS, "encodec")
        layers = [
            _upsampling(module, team)
            if isinstance(module, EncodecConvTranspose1d)
            else _residual(module, team)
            for module in stages
        ]
        half = len(layers) // 2
        fine = _Blocks(
            [*layers[half:], _last(last, team)], _FINE * math.prod(x.factor for x in layers[:half])
        )
        self._stages = _Blocks([*layers[:half], fine], _COARSE)

    @torch.inference_mode()
    def __call__(self, channels: Sequence[Tensor]) -> list[Tensor]:
        """As ``Decoding``; at least 4 frames of each."""
        begun = [self._first(self._read(codes)) for codes in channels]
        through = self._lstm(begun)
        return [self._stages(x + more)[:, 0] for x, more in zip(begun, through, strict=True)]

    def _read(self, codes: Tensor) -> Tensor:
        return torch.stack([book[row] for book, row in zip(self._books, codes, strict=False)]).sum(0)


class _Layer(Protocol):
    """``x (rows, channels) -> (rows * factor, its channels)``, float32. ``reach``: how many rows on either
    side have a part in what a row becomes."""

    factor: int
    reach: int

    def __call__(self, x: Tensor) -> Tensor: ...


class _Blocks:
    """Layers, one after another, over so many ``rows`` at a time."""

    def __init__(self, layers: Sequence[_Layer], rows: int) -> None:
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


class _Convolution:
    """Of stride 1, with its edges reflected."""

    factor = 1

    def __init__(self, module: Any) -> None:
        self._dilation = module.conv.dilation[0]
        total = (module.conv.kernel_size[0] - 1) * self._dilation
        self._before, self._after = total - total // 2, total // 2
        self.reach = self._before
        self._product = _Product(module.conv.weight, module.conv.bias, self._dilation)

    def __call__(self, x: Tensor) -> Tensor:
        if not self._before:
            return self._product(x)
        end = self._before + len(x)
        framed = x.new_empty(end + self._after, x.shape[1])
        framed[self._before : end] = x
        framed[: self._before] = framed[self._before + 1 : 2 * self._before + 1].flip(0)
        framed[end:] = framed[end - 1 - self._after : end - 1].flip(0)
        return self._product(framed)


class _Residual:
    """A convolution of some width and one of a single row, added to what they are made of."""

    factor = 1

    def __init__(self, module: EncodecResnetBlock) -> None:
        _, wide, _, single = module.block
        self._wide, self._single = _Convolution(wide), _Convolution(single)
        kept = isinstance(module.shortcut, Identity)
        self._shortcut = None if kept else _Convolution(module.shortcut)
        self.reach = self._wide.reach

    def __call__(self, x: Tensor) -> Tensor:
        made = self._single(elu(self._wide(elu(x)), inplace=True))
        return (self._shortcut(x) if self._shortcut else x) + made


def _residual(module: EncodecResnetBlock, team: ThreadTeam) -> _Layer:
    _, wide, _, single = module.block
    plain = isinstance(module.shortcut, Identity) and wide.conv.kernel_size == (3,)
    if plain and wide.conv.dilation == (1,) and _fits(wide) and _fits(single):
        return _FusedResidual(wide.conv, single.conv, team)
    return _Residual(module)


def _last(module: Any, team: ThreadTeam) -> _Layer:
    if _fits(module, outputs=1) and module.conv.kernel_size[0] <= LANES:
        return _FusedLast(module.conv, team)
    return _Last(module)


def _fits(module: Any, outputs: int = VECTORS * LANES) -> bool:
    """Whether there are kernels for this machine's processor and so many channels."""
    conv = module.conv
    return supported("fp32") and conv.in_channels % LANES == 0 and conv.out_channels % outputs == 0


class _FusedUpsampling:
    """``_Upsampling`` by ``music.musicgen.cpu.waves``."""

    reach = 1

    def __init__(self, module: Any, team: ThreadTeam) -> None:
        from music.musicgen.cpu import waves  # with its compiler, a second: for whom it is of use

        self._loop = waves.upsample
        self._team = team
        self.factor, weight, bias = _of_each_new_row(module)
        self._bias = bias.numpy()
        # Rows a page apart would all have the same few places in the processor's cache.
        gapped = torch.cat([weight[..., 0], weight.new_zeros(len(weight), LANES), weight[..., 1]], dim=1)
        weights: list[int] = []
        self._arena = arena([packed(gapped, np.float32)], weights)
        self._weight = weights[0]

    def __call__(self, x: Tensor) -> Tensor:
        rows, channels = x.shape
        whole = -(-(rows + 1) // 16) * 16
        framed = np.zeros((whole + 1, channels + LANES), np.float32)
        made = np.empty((whole, len(self._bias)), np.float32)
        self._team.run(self._loop, x.numpy(), self._weight, self._bias, framed, made)
        trimmed = self.factor - self.factor // 2
        return torch.from_numpy(made).view(whole * self.factor, -1)[trimmed : trimmed + rows * self.factor]


def _of_each_new_row(module: Any) -> tuple[int, Tensor, Tensor]:
    """A transposed convolution's stride, and what makes each of as many new rows in turn of two neighbours:
    ``(stride * outputs, inputs, 2)`` and a bias."""
    stride = module.stride[0]
    earlier, here = module.weight[..., stride:], module.weight[..., :stride]
    weight = torch.stack([earlier, here]).permute(3, 2, 1, 0).flatten(0, 1)
    return stride, weight.detach(), module.bias.detach().repeat(stride)


def _upsampling(module: EncodecConvTranspose1d, team: ThreadTeam) -> _Layer:
    return _FusedUpsampling(module.conv, team) if _fits(module) else _Upsampling(module)


class _FusedResidual:
    """``_Residual`` by ``music.musicgen.cpu.waves``."""

    factor = reach = 1

    def __init__(self, wide: Any, single: Any, team: ThreadTeam) -> None:
        from music.musicgen.cpu import waves  # with its compiler, a second: for whom it is of use

        self._loop = waves.residual
        self._team = team
        channels, inner = wide.in_channels, wide.out_channels
        size = (waves.BLOCK + 2) * channels + waves.BLOCK * (inner + channels)
        self._room = np.zeros((self._team.threads, size), np.float32)
        weights: list[int] = []
        kernels = [wide.weight.transpose(1, 2).flatten(1), single.weight.flatten(1)]
        self._arena = arena([packed(kernel.detach(), np.float32) for kernel in kernels], weights)
        biases = [module.bias.detach().numpy() for module in (wide, single)]
        self._given = weights[0], biases[0], weights[1], biases[1]

    def __call__(self, x: Tensor) -> Tensor:
        made = torch.empty_like(x)
        self._team.run(self._loop, x.numpy(), *self._given, self._room, made.numpy())
        return made


class _FusedLast:
    """``_Last`` by ``music.musicgen.cpu.waves``."""

    factor = 1

    def __init__(self, module: Any, team: ThreadTeam) -> None:
        from music.musicgen.cpu import waves

        self._loop = waves.last
        self._team = team
        self._width = module.kernel_size[0]
        self.reach = self._width // 2
        weight = module.weight.detach()[0].t()  # of each moment the channels' weights
        weights: list[int] = []
        padded = torch.cat([weight, weight.new_zeros(LANES - self._width, weight.shape[1])])
        self._arena = arena([packed(padded, np.float32, vectors=1)], weights)
        self._room = np.zeros((self._team.threads, waves.BLOCK * (weight.shape[1] + LANES)), np.float32)
        self._weight, self._bias = weights[0], module.bias.detach().numpy()[0]

    def __call__(self, x: Tensor) -> Tensor:
        made = x.new_empty(len(x), 1)
        given = self._weight, self._bias, self._width, self._room
        self._team.run(self._loop, x.numpy(), *given, made.numpy()[:, 0])
        return made


class _Upsampling:
    """ELU, and a transposed convolution: row t of the input becomes rows t * stride and on, and adds to as
    many after these."""

    reach = 1

    def __init__(self, module: EncodecConvTranspose1d) -> None:
        self.factor, weight, bias = _of_each_new_row(cast(Any, module.conv))
        self._product = _Product(weight, bias, 1)

    def __call__(self, x: Tensor) -> Tensor:
        rows, stride = len(x), self.factor
        framed = x.new_zeros(rows + 2, x.shape[1])
        framed[1:-1] = elu(x)
        made = self._product(framed).view((rows + 1) * stride, -1)
        trimmed = stride - stride // 2  # as transformers does, which has more at the end where it is odd
        return made[trimmed : trimmed + rows * stride]


class _Last:
    """ELU, and a convolution to a single channel: as one column for each row of its kernel, which are then
    added up askew, it takes a fifth of the time."""

    factor = 1

    def __init__(self, module: Any) -> None:
        self.reach = module.conv.kernel_size[0] // 2
        self._weight = linear(module.conv.weight.detach()[0].t(), "fp32")
        self._bias = module.conv.bias.detach()

    def __call__(self, x: Tensor) -> Tensor:
        width = 2 * self.reach + 1
        framed = torch.cat([x[1 : self.reach + 1].flip(0), x, x[-self.reach - 1 : -1].flip(0)])
        columns = self._weight(elu(framed, inplace=True))
        askew = columns.as_strided((len(x), width), (width, width + 1))
        made: Tensor = askew.sum(1, keepdim=True) + self._bias
        return made


class _Product:
    """A convolution without edges, by oneDNN's kernels where torch has them."""

    def __init__(self, weight: Tensor, bias: Tensor, dilation: int) -> None:
        """``weight (outputs, inputs, width)``"""
        weight = weight.detach()[:, :, None].contiguous()
        self._bias = bias.detach()
        self._ways = [0, 0], [1, 1], [1, dilation], 1
        self._packed = torch._C._has_mkldnn
        if self._packed:
            image = [1, weight.shape[1], 1, 2048]
            weight = torch.ops.mkldnn._reorder_convolution_weight(weight, *self._ways, image)
        self._weight = weight

    def __call__(self, x: Tensor) -> Tensor:
        """``(rows - width + 1, outputs)`` of ``x (rows, inputs)``, which is contiguous."""
        image = x.view(1, 1, *x.shape).permute(0, 3, 1, 2)  # as torch's "channels last"
        if self._packed:
            made = torch.ops.mkldnn._convolution_pointwise(
                image, self._weight, self._bias, *self._ways, "none", [], ""
            )
        else:
            made = conv2d(image, self._weight, self._bias, dilation=self._ways[2])
        return cast(Tensor, made[0, :, 0].t().contiguous())
