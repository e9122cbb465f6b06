"""Weights in the order in which the loops read them, in large pages of memory."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from music.musicgen.cpu.layout import LANES, VECTORS


def large_pages(count: int) -> mmap.mmap:
    """``count`` bytes, zero, in large pages: the processor would take long to look up small ones."""
    room = mmap.mmap(-1, count, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    room.madvise(mmap.MADV_HUGEPAGE)
    return room


def arena(matrices: Sequence[NDArray[np.uint8]], addresses: list[int]) -> mmap.mmap:
    """Memory in large pages with all of ``matrices``, whose addresses are added to ``addresses``."""
    sizes = [-(-matrix.nbytes // 64) * 64 for matrix in matrices]
    arena = large_pages(sum(sizes))
    whole = np.frombuffer(arena, np.uint8)
    start = 0
    for matrix, size in zip(matrices, sizes, strict=True):
        whole[start : start + matrix.nbytes] = matrix.reshape(-1)
        addresses.append(whole.ctypes.data + start)
        start += size
    return arena


def packed(weight: Tensor, numbers: Any, vectors: int = VECTORS) -> NDArray[np.uint8]:
    """``weight (outputs, inputs)`` in the order in which the loops read it: of every ``vectors * LANES``
    outputs (a panel) and every four bytes of inputs, those of each output in turn. ``numbers`` is one of
    ``NUMBERS``. A panel of int8 begins with what its sums start with, and its scales."""
    outputs, inputs = weight.shape
    beside = vectors * LANES
    panels = outputs // beside
    split = weight.view(panels, beside, inputs)
    if numbers is np.float32:
        return _bytes(split.float().transpose(1, 2))
    if numbers is np.uint16:
        pairs = split.bfloat16().view(panels, beside, inputs // 2, 2).transpose(1, 2)
        return _bytes(pairs.contiguous().view(torch.int16))
    scales = (split.float().abs().amax(2) / 127.0).clamp_min(1e-8)
    whole = (split / scales[:, :, None]).round().to(torch.int8)
    fours = whole.view(panels, beside, inputs // 4, 4).transpose(1, 2)
    starts = whole.sum(2, dtype=torch.int32) * -128  # the loops have 128 for an input of 0
    each = [_bytes(part).reshape(panels, -1) for part in (starts, scales, fours)]
    return np.concatenate(each, axis=1)


def _bytes(tensor: Tensor) -> NDArray[np.uint8]:
    return tensor.contiguous().numpy().view(np.uint8)
