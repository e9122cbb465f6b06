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

import torch
from torch import Tensor
from torch.nn import ELU, Identity
from torch.nn.functional import conv2d, elu
from transformers import EncodecModel
from transformers.models.encodec.modeling_encodec import EncodecConvTranspose1d, EncodecResnetBlock

from config.errors import EngineUnavailable
from music.musicgen.linear import linear
from music.musicgen.recurrent import recurrent

_COARSE, _FINE = 256, 16
"""Frames in a block of the first half of the stages, whose weights are large, and of the other half."""


Decoding = Callable[[Sequence[Tensor]], list[Tensor]]
"""From ``codes (codebooks, frames)`` of some channels to ``(samples,)`` float32 of each."""


def decoding(model: EncodecModel, precision: str, device: torch.device) -> Decoding:
    """By transformers on a GPU, on a CPU by ``Codec``, whose LSTM is narrow where ``precision`` is and the
    CPU has instructions for it. Raises ``EngineUnavailable`` as ``Codec`` does."""
    if device.type == "cpu":
        narrow = precision in ("bf16", "int8") and torch.cpu._is_avx512_bf16_supported()
        return Codec(model, narrow=narrow)
    model = model.to(device)

    def decode(channels: Sequence[Tensor]) -> list[Tensor]:
        return [model.decode(codes[None, None], [None]).audio_values[0, 0] for codes in channels]

    return decode


class Codec:
    """The decoder of an ``EncodecModel`` with one channel."""

    def __init__(self, model: EncodecModel, *, narrow: bool = False) -> None:
        """``narrow`` lets the LSTM have its recurrent weights in bfloat16, with an error 90 dB below the
        sound's variation; convolutions in bfloat16 would bring it to 42. Raises ``EngineUnavailable`` for an
        EnCodec of another kind than MusicGen's."""
        config = model.config
        odd = config.norm_type != "weight_norm" or config.pad_mode != "reflect" or config.use_causal_conv
        if odd or config.normalize or config.chunk_length_s is not None or config.audio_channels != 1:
            raise EngineUnavailable(
                "its EnCodec is not of MusicGen's kind", "give a model with encodec_32khz"
            )
        self._books = [layer.codebook.embed for layer in model.quantizer.layers]
        modules: list[Any] = [module for module in model.decoder.layers if not isinstance(module, ELU)]
        first, lstm, *stages, last = modules
        self._first = _Convolution(first)
        self._lstm = recurrent(lstm.lstm, narrow=narrow)
        layers = [
            _Upsampling(module) if isinstance(module, EncodecConvTranspose1d) else _Residual(module)
            for module in stages
        ]
        half = len(layers) // 2
        fine = _Blocks([*layers[half:], _Last(last)], _FINE * math.prod(x.factor for x in layers[:half]))
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


class _Upsampling:
    """ELU, and a transposed convolution: row t of the input becomes rows t * stride and on, and adds to as
    many after these."""

    reach = 1

    def __init__(self, module: EncodecConvTranspose1d) -> None:
        convolution = cast(Any, module.conv)
        self.factor = stride = convolution.stride[0]
        earlier, here = convolution.weight[..., stride:], convolution.weight[..., :stride]
        weight = torch.stack([earlier, here]).permute(3, 2, 1, 0).flatten(0, 1)  # of each new row in turn
        self._product = _Product(weight, convolution.bias.repeat(stride), 1)

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
