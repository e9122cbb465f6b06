"""The layers of EnCodec's decoder on a CPU, in torch's operations.

Rows are moments and columns channels: so a convolution reads rows that lie side by side, and a transposed
one, whose kernel is twice its stride, makes a stride's worth of new rows of each two neighbours.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

import torch
from torch import Tensor
from torch.nn import Identity
from torch.nn.functional import conv2d, elu
from transformers.models.encodec.modeling_encodec import EncodecConvTranspose1d, EncodecResnetBlock

from music.musicgen.linear import linear


class Layer(Protocol):
    """A layer of the decoder. Rows are moments and columns channels."""

    factor: int
    """Rows that it makes of one."""
    reach: int
    """Rows on either side that have a part in what a row becomes."""

    def __call__(self, x: Tensor) -> Tensor:
        """``(rows * factor, its channels)`` of ``x (rows, channels)``, float32."""


def layer_of(module: Any) -> Layer:
    """The layer that does what one of transformers' modules does: an ``EncodecConvTranspose1d`` or the last
    ``EncodecConv1d`` with the ELU before it, or an ``EncodecResnetBlock``."""
    if isinstance(module, EncodecConvTranspose1d):
        return Upsampling(module)
    return Residual(module) if isinstance(module, EncodecResnetBlock) else Last(module)


class Convolution:
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


class Residual:
    """A convolution of some width and one of a single row, added to what they are made of."""

    factor = 1

    def __init__(self, module: EncodecResnetBlock) -> None:
        _, wide, _, single = module.block
        self._wide, self._single = Convolution(wide), Convolution(single)
        kept = isinstance(module.shortcut, Identity)
        self._shortcut = None if kept else Convolution(module.shortcut)
        self.reach = self._wide.reach

    def __call__(self, x: Tensor) -> Tensor:
        made = self._single(elu(self._wide(elu(x)), inplace=True))
        return (self._shortcut(x) if self._shortcut else x) + made


class Upsampling:
    """ELU, and a transposed convolution: row t of the input becomes rows t * stride and on, and adds to as
    many after these."""

    reach = 1

    def __init__(self, module: EncodecConvTranspose1d) -> None:
        self.factor, weight, bias = of_each_new_row(cast(Any, module.conv))
        self._product = _Product(weight, bias, 1)

    def __call__(self, x: Tensor) -> Tensor:
        rows, stride = len(x), self.factor
        framed = x.new_zeros(rows + 2, x.shape[1])
        framed[1:-1] = elu(x)
        made = self._product(framed).view((rows + 1) * stride, -1)
        trimmed = stride - stride // 2  # as transformers does, which has more at the end where it is odd
        return made[trimmed : trimmed + rows * stride]


class Last:
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


def of_each_new_row(module: Any) -> tuple[int, Tensor, Tensor]:
    """A transposed convolution as one that makes a stride's worth of new rows of two neighbours: its stride,
    weight ``(stride * outputs, inputs, 2)`` and bias."""
    stride = module.stride[0]
    earlier, here = module.weight[..., stride:], module.weight[..., :stride]
    weight = torch.stack([earlier, here]).permute(3, 2, 1, 0).flatten(0, 1)
    return stride, weight.detach(), module.bias.detach().repeat(stride)


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
