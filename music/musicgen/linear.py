"""Matrix products of a few rows at a time, whose time is that of reading the weights.

A row's result is the same, bit for bit, in whatever company it is multiplied: so a song has the same tokens
alone and among others.
"""

from __future__ import annotations

import warnings
from typing import Protocol

import torch
from torch import Tensor

_ROWS = 16
"""Rows that weights are packed for: eight songs, with their text and without."""
_LEVEL, _ZERO = 2.0 / 255.0, 128
"""[-1, 1] in eight bits: what a level is worth, and which level is 0."""


class Linear(Protocol):
    """``x (rows, inputs) -> (rows, outputs)``, without a bias; float32 in and out on a CPU."""

    def __call__(self, x: Tensor) -> Tensor: ...


def linear(weight: Tensor, precision: str, *, cold: bool = False, plain: bool = False) -> Linear:
    """``weight (outputs, inputs)`` made ready for ``precision``: "fp32", "bf16", "fp16" or "int8". ``cold``:
    it is one of many, and so is read anew from memory each time. ``plain``: as on a GPU, on any device."""
    if weight.device.type == "cpu" and not plain:
        if precision == "int8":
            return Int8(weight)
        if precision in ("fp32", "bf16") and torch._C._has_mkldnn:
            return Pixels(weight) if cold else Packed(weight)
    return Plain(weight)


class Plain:
    """The weights as they are, and ``x`` in their dtype: on a GPU."""

    def __init__(self, weight: Tensor) -> None:
        self._weight = weight

    def __call__(self, x: Tensor) -> Tensor:
        return torch.nn.functional.linear(x, self._weight)


class Packed:
    """fp32 or bf16 weights in the blocks that oneDNN's kernels read. Two rows take a half to a third of the
    time of the plain product, which packs the weights at every call."""

    def __init__(self, weight: Tensor) -> None:
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), 2)

    def __call__(self, x: Tensor) -> Tensor:
        x = x.to(self._weight.dtype)
        product: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._weight, None, "none", [], "")
        return product.float()


class Pixels:
    """The same as a convolution over single pixels. Where weights come from memory, oneDNN takes two thirds
    to four fifths of the time of its product for it, with as many rows as they are packed for."""

    _WAYS = [0, 0], [1, 1], [1, 1], 1
    """Padding, stride, dilation, groups."""

    def __init__(self, weight: Tensor) -> None:
        self._dtype = weight.dtype
        image = [1, weight.shape[1], 1, _ROWS]
        whole = weight[:, :, None, None].contiguous()
        self._weight = torch.ops.mkldnn._reorder_convolution_weight(whole, *self._WAYS, image)

    def __call__(self, x: Tensor) -> Tensor:
        if len(x) > _ROWS:  # or its kernel would want the weights in other blocks
            return torch.cat([self(x[start : start + _ROWS]) for start in range(0, len(x), _ROWS)])
        image = x.to(self._dtype).view(1, 1, *x.shape).permute(0, 3, 1, 2)  # as torch's "channels last"
        product: Tensor = torch.ops.mkldnn._convolution_pointwise(
            image, self._weight, None, *self._WAYS, "none", [], ""
        )
        return product[0, :, 0].t().float()


class Int8:
    """Weights in eight bits with a scale for each output, inputs in eight bits with a scale for each row.

    Lossy. The kernel has one scale for all its rows, that of [-1, 1]: each row is divided by its own largest
    magnitude first, and no row's rounding depends on another's.
    """

    def __init__(self, weight: Tensor) -> None:
        scale = (weight.abs().amax(1).float() / 127.0).clamp_min(1e-8).double()
        zero = torch.zeros(weight.shape[0], dtype=torch.long)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of the package, which is pinned
            warnings.simplefilter("ignore", UserWarning)
            whole = torch.quantize_per_channel(weight.float(), scale, zero, 0, torch.qint8)
            self._weight = torch.ops.quantized.linear_prepack(whole, None)

    def __call__(self, x: Tensor) -> Tensor:
        scale = x.abs().amax(1, keepdim=True).clamp_min_(1e-12)
        product: Tensor = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            x / scale, _LEVEL, _ZERO, self._weight
        )
        return product.mul_(scale)
