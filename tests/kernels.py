"""Which of PyTorch's attention kernels a call takes on a CUDA card, by the rules of its own source.

ATen 2.13.0, native/transformers/cuda/sdp_utils.cpp, as far as a call without gradients, dropout and nested
tensors goes. tests/cuda/test_attention.py holds these rules against what PyTorch itself chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

CARDS = {"T4": 75, "A100": 80, "A10": 86, "L4": 89, "L40S": 89, "H100": 90, "B200": 100, "RTX 5090": 120}
"""Compute capabilities, ten times."""


@dataclass(frozen=True)
class Layout:
    """A tensor without its numbers."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: torch.dtype
    offset: int = 0


@dataclass(frozen=True)
class Call:
    """One of ``scaled_dot_product_attention``."""

    query: Layout
    key: Layout
    value: Layout
    mask: Layout | None
    causal: bool
    grouped: bool
    """Whether it asks for ``enable_gqa``."""


def kernel(call: Call, card: int) -> str:
    """ "cudnn", "flash", "efficient" or "math", where ``card`` is a compute capability, ten times."""
    order: dict[str, Callable[[Call, int], bool]] = {"flash": _flash, "efficient": _efficient}
    if card // 10 in (9, 10):  # check_prefer_cudnn_attention; elsewhere it comes after math
        order = {"cudnn": _cudnn, **order}
    return next((name for name, takes in order.items() if takes(call, card)), "math")


def _flash(call: Call, card: int) -> bool:
    return (
        call.mask is None
        and card >= 80
        and _is_half(call, card)
        and _width(call) <= 256
        and _alike(call)
        and _rows_lie_together(call)
        and _square_if_causal(call)
    )


def _efficient(call: Call, card: int) -> bool:
    half = call.query.dtype != torch.float32
    step = (8 if half else 4) if card >= 80 else (8 if half else 1)  # minimum_gemm_alignment
    return (
        (not half or _is_half(call, card))
        and not call.grouped
        and call.query.shape[1] == call.key.shape[1] == call.value.shape[1]
        and _width(call) % step == 0
        and all(x.offset % step == 0 for x in (call.query, call.key, call.value))
        and _rows_lie_together(call)
        and (call.mask is None or call.mask.strides[-1] == 1)
    )


def _cudnn(call: Call, card: int) -> bool:
    return (
        _is_half(call, card)
        and _width(call) <= 128
        and _width(call) % 8 == 0
        and call.key.shape[2] != 1
        and _alike(call)
        and _rows_lie_together(call)
    )


def _is_half(call: Call, card: int) -> bool:
    return call.query.dtype == torch.float16 or (call.query.dtype == torch.bfloat16 and card >= 80)


def _width(call: Call) -> int:
    assert call.query.shape[-1] == call.key.shape[-1] == call.value.shape[-1]
    return call.query.shape[-1]


def _alike(call: Call) -> bool:
    heads, groups = call.query.shape[1], call.key.shape[1]
    return heads % groups == 0 if call.grouped else heads == groups


def _rows_lie_together(call: Call) -> bool:
    return all(x.strides[-1] == 1 for x in (call.query, call.key, call.value))


def _square_if_causal(call: Call) -> bool:
    return not call.causal or call.query.shape[2] == call.key.shape[2]


@contextmanager
def recorded() -> Iterator[list[Call]]:
    """Every call in the context, in order."""
    calls: list[Call] = []
    with _Recorder(calls):
        yield calls


class _Recorder(TorchFunctionMode):
    def __init__(self, calls: list[Call]) -> None:
        super().__init__()
        self._calls = calls

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is F.scaled_dot_product_attention:
            self._calls.append(_call(*args, **(kwargs or {})))
        return func(*args, **(kwargs or {}))


def _call(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,  # noqa: FBT001, FBT002 - as PyTorch has them
    scale: float | None = None,
    enable_gqa: bool = False,  # noqa: FBT001, FBT002
) -> Call:
    assert dropout_p == 0.0
    mask = None if attn_mask is None else _layout(attn_mask)
    return Call(_layout(query), _layout(key), _layout(value), mask, is_causal, enable_gqa)


def _layout(tensor: Tensor) -> Layout:
    return Layout(tuple(tensor.shape), tensor.stride(), tensor.dtype, int(tensor.storage_offset()))
