"""Linear layers with weights of eight or four bits, multiplied by PyTorch's own operators, on a CPU and on
CUDA. Inputs, outputs and sums stay wide. Nothing is calibrated: a weight is rounded to the nearest number
that the format has (rows of eight bits, and groups of four, as in gpt-fast, PyTorch team, 2023)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from inference.quantized.formats import is_quantized

_GROUP = 128
_MANY_ROWS = 64
"""From so many rows on, a matrix product is bound by arithmetic: the weights are widened for it."""


def quantize(model: nn.Module, precision: str) -> None:
    """Replaces the linear layers in ``model``, one after the other. ``precision`` is a key of ``BYTES``. A
    layer whose sizes the operators cannot divide stays as it is."""
    kind: type[Int8Linear | Int4Linear] = Int8Linear if precision == "int8" else Int4Linear
    for name, module in list(model.named_modules()):
        if type(module) is nn.Linear and is_quantized(name) and kind.fits(module.weight):
            parent, _, attribute = name.rpartition(".")
            setattr(model.get_submodule(parent), attribute, kind(module))


class Int8Linear(nn.Module):
    """A weight of eight bits, with a scale for each output."""

    weight: Tensor
    scale: Tensor
    bias: Tensor | None

    def __init__(self, wide: nn.Linear) -> None:
        super().__init__()
        values = wide.weight.detach().float()
        scale = (values.abs().amax(1) / 127.0).clamp(min=1e-12)
        self.register_buffer("weight", (values / scale[:, None]).round().to(torch.int8))
        self.register_buffer("scale", scale.to(wide.weight.dtype))
        self.register_buffer("bias", None if wide.bias is None else wide.bias.detach())

    @staticmethod
    def fits(weight: Tensor) -> bool:
        return weight.shape[1] % 32 == 0 and weight.shape[0] % 16 == 0

    def forward(self, x: Tensor) -> Tensor:
        """``(..., inputs)`` to ``(..., outputs)``."""
        rows = x.reshape(-1, x.shape[-1]).contiguous()
        if len(rows) >= _MANY_ROWS:
            found = torch.mm(rows, self.weight.to(rows.dtype).t()) * self.scale
        else:
            found = torch._weight_int8pack_mm(rows, self.weight, self.scale)
        found = found if self.bias is None else found + self.bias
        return found.reshape(*x.shape[:-1], -1)


class Int4Linear(nn.Module):
    """A weight of four bits, with a scale and a zero for each 128 inputs of an output.

    The operators' layout of the weight is another on each kind of device. So the weight is laid out when it
    is first used, and the layer does not move to another kind of device after that."""

    codes: Tensor | None
    laid_out: Tensor | None
    scales_and_zeros: Tensor
    bias: Tensor | None

    def __init__(self, wide: nn.Linear) -> None:
        super().__init__()
        outputs, inputs = wide.weight.shape
        self._group = _group_of(inputs)
        groups = wide.weight.detach().float().view(outputs, -1, self._group)
        least, most = groups.amin(2), groups.amax(2)
        # The operators multiply by ``(code - 8) * scale + zero``, in bfloat16: so codes are made for those.
        scale = ((most - least) / 15.0).clamp(min=1e-12).to(torch.bfloat16)
        zero = (least + 8.0 * scale.float()).to(torch.bfloat16)
        codes = ((groups - zero.float()[..., None]) / scale.float()[..., None]).round().add(8).clamp(0, 15)
        codes = codes.to(torch.uint8).view(outputs, inputs)
        self.register_buffer("codes", codes[:, ::2] << 4 | codes[:, 1::2])
        self.register_buffer("laid_out", None)
        pairs = torch.stack([scale, zero], dim=-1).transpose(0, 1).contiguous()
        self.register_buffer("scales_and_zeros", pairs)
        self.register_buffer("bias", None if wide.bias is None else wide.bias.detach())

    @staticmethod
    def fits(weight: Tensor) -> bool:
        return weight.shape[1] % 32 == 0 and weight.shape[0] % 16 == 0

    def forward(self, x: Tensor) -> Tensor:
        """``(..., inputs)`` to ``(..., outputs)``."""
        rows = x.reshape(-1, x.shape[-1]).to(torch.bfloat16).contiguous()
        weight = self._laid_out()
        multiply = torch._weight_int4pack_mm if weight.is_cuda else torch._weight_int4pack_mm_for_cpu
        found: Tensor = multiply(rows, weight, self._group, self.scales_and_zeros).to(x.dtype)
        found = found if self.bias is None else found + self.bias
        return found.reshape(*x.shape[:-1], -1)

    def _laid_out(self) -> Tensor:
        if self.codes is not None:
            tiles = {128: 8, 64: 4, 32: 2}[self._group]  # of 16 inputs, which divide a group
            if self.codes.is_cuda:
                self.laid_out = torch._convert_weight_to_int4pack(self.codes, tiles)
            else:
                each = torch.stack([self.codes >> 4, self.codes & 15], dim=-1).flatten(1)
                self.laid_out = torch._convert_weight_to_int4pack_for_cpu(each.to(torch.int32), tiles)
            self.codes = None
        assert self.laid_out is not None
        return self.laid_out

    def _apply(self, fn: Any, recurse: bool = True) -> Int4Linear:  # noqa: FBT001, FBT002 - torch's signature
        before = self.laid_out
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        if (
            before is not None
            and self.laid_out is not None
            and before.device.type != self.laid_out.device.type
        ):
            raise RuntimeError(
                "a weight of four bits is laid out for one kind of device: load the model anew"
            )
        return self


def _group_of(inputs: int) -> int:
    return next(size for size in (_GROUP, 64, 32) if inputs % size == 0)
