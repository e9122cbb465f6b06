"""Matrix products for a few rows at a time, where reading the weights is what takes the time.

A row's result is the same, bit for bit, in whatever company it is multiplied: a song has the same tokens
alone and among others.
"""

from __future__ import annotations

import warnings
from typing import Protocol

import torch
from torch import Tensor


class Linear(Protocol):
    """``x (rows, inputs) -> (rows, outputs)``, without a bias; float32 in and out on a CPU."""

    def __call__(self, x: Tensor) -> Tensor: ...


def linear(weight: Tensor, precision: str) -> Linear:
    """``weight (outputs, inputs)`` made ready for ``precision``: "fp32", "bf16", "fp16" or "int8"."""
    if weight.device.type == "cpu":
        if precision == "int8":
            return Int8(weight)
        if precision in ("fp32", "bf16") and torch._C._has_mkldnn:
            return Packed(weight)
    return Plain(weight)


class Plain:
    """The weights as they are: on a GPU."""

    def __init__(self, weight: Tensor) -> None:
        self._weight = weight

    def __call__(self, x: Tensor) -> Tensor:
        return torch.nn.functional.linear(x, self._weight)


class Packed:
    """fp32 or bf16 in the blocks that oneDNN's kernels read: two to three times as fast as the plain product
    of two rows, which packs them anew at every call."""

    def __init__(self, weight: Tensor) -> None:
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), 2)

    def __call__(self, x: Tensor) -> Tensor:
        x = x.to(self._weight.dtype)
        product: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._weight, None, "none", [], "")
        return product.float()


class Int8:
    """Weights in eight bits with a scale for each output, inputs in eight bits with a scale for each row.

    Lossy. The kernel has one scale for all its rows: each row is divided by its own largest magnitude first,
    and one more row keeps the kernel's scale at that of [-1, 1]: no row's rounding depends on another's.
    """

    def __init__(self, weight: Tensor) -> None:
        scale = (weight.abs().amax(1).float() / 127.0).clamp_min(1e-8).double()
        zero = torch.zeros(weight.shape[0], dtype=torch.long)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of the package, which is pinned
            warnings.simplefilter("ignore", UserWarning)
            whole = torch.quantize_per_channel(weight.float(), scale, zero, 0, torch.qint8)
            self._weight = torch.ops.quantized.linear_prepack(whole, None)
        self._guard = torch.zeros(1, weight.shape[1])
        self._guard[0, 0], self._guard[0, 1] = 1.0, -1.0

    def __call__(self, x: Tensor) -> Tensor:
        scale = x.abs().amax(1, keepdim=True).clamp_min_(1e-12)
        rows = torch.cat([x / scale, self._guard])
        product: Tensor = torch.ops.quantized.linear_dynamic(rows, self._weight, reduce_range=False)
        return product[:-1].mul_(scale)
