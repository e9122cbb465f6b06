"""Attention of one new column for every song in ``slots``: to what its slot keeps of the columns before, and
to its text. A slot's result depends on nothing in another, not even by a rounding.

There are two. ``Masked`` is torch's own attention, on any device: it reads each slot to its end, taken or
not. ``reading.Reading`` is a Triton kernel that reads a slot to where its song has come, and nothing of a
free one.
"""

from __future__ import annotations

import logging
import math
import os
import shutil
from importlib.util import find_spec
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

_log = logging.getLogger(__name__)


class Attend(Protocol):
    """Attention to the columns before each slot's end, which it was made for."""

    def __call__(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """``(rows, slots, heads, width)`` of as many ``queries``, and of ``keys`` and ``values (rows, slots,
        heads, columns, width)``, contiguous, all of one dtype. A slot that ends at 0 gets finite numbers
        without a meaning."""


class Attention(Protocol):
    """A way to attend; nothing in it waits for the device."""

    def __call__(self, ends: Tensor, columns: int, dtype: torch.dtype) -> Attend:
        """``ends (slots)``, integers: how many of the ``columns`` of each slot count."""


class Masked:
    """torch's attention over all columns, with a mask."""

    def __init__(self, ends: Tensor, columns: int, dtype: torch.dtype) -> None:
        # A row with nothing to see would be no number: a free slot sees its first column.
        unseen = torch.arange(columns, device=ends.device) >= ends.clamp(min=1)[:, None]
        mask = torch.zeros(unseen.shape, dtype=dtype, device=ends.device)
        self._mask = mask.masked_fill_(unseen, -math.inf)[:, None, None]

    def __call__(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        rows, count, heads, width = queries.shape
        mask = self._mask.repeat(rows, 1, 1, 1)
        keys, values = keys.flatten(0, 1), values.flatten(0, 1)
        queries = queries.reshape(rows * count, heads, 1, width)
        return scaled_dot_product_attention(queries, keys, values, attn_mask=mask).view(
            rows, count, heads, width
        )


def attention_on(device: torch.device) -> Attention:
    """The kernel on a CUDA device, torch's elsewhere. Where Triton cannot run it is torch's too, with a line
    in the log: every step then reads all slots to their end."""
    if device.type != "cuda":
        return Masked
    if lack := _lack():
        _log.warning("MusicGen's attention kernel cannot run (%s): each step reads all slots", lack)
        return Masked
    from music.musicgen.gpu.reading import Reading  # Triton takes a third of a second

    return Reading


def _lack() -> str:
    """Why Triton cannot run a kernel on a GPU here; empty where it can."""
    if find_spec("triton") is None:
        return "Triton is not installed"
    if not (os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")):
        return "Triton finds no C compiler: install gcc"
    import triton  # type: ignore[import-untyped]

    return "TRITON_INTERPRET is set" if triton.knobs.runtime.interpret else ""
