"""The decoder's layers on a CPU with AVX-512, by ``kernels``: the weights in the order in which they are
read, and the threads that read them."""

from __future__ import annotations

import math
import mmap
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from music.musicgen.layers import Memory, Part

_SONGS = 8  # at once, each with its text and without
LANES = 16
"""Outputs that are made side by side: a panel. Inputs are a multiple of it."""
COLUMNS = 4 * LANES
"""Of what outputs are a multiple."""
NUMBERS: dict[str, Any] = {"fp32": np.float32, "bf16": np.uint16, "int8": np.uint8}
"""What products take as their inputs: uint16 are bfloat16's bits."""
_NEEDS = {"fp32": "avx512bw", "bf16": "avx512bf16", "int8": "avx512vnni"}


def supported(precision: str) -> bool:
    """Whether this machine's processor has what the kernels are made of."""
    return precision in _NEEDS and _NEEDS[precision] in _features()


def fitting(layer: Part, heads: int, outputs: int) -> bool:
    """Whether a decoder's sizes are such as the kernels take: one of its layers', its heads', and what those
    that choose tokens put out. All that were ever published are."""
    sizes = [len(matrix) for matrix in layer.matrices]
    return not (any(size % COLUMNS for size in [*sizes, outputs]) or sizes[1] // heads % LANES)


@cache
def _features() -> frozenset[str]:
    """What the processor can do, if it has AVX-512; in LLVM's names."""
    if sys.platform != "linux":
        return frozenset()
    from llvmlite import binding

    found = frozenset(name for name, has in binding.get_host_cpu_features().items() if has)
    return found if {"avx512f", "avx512vl"} <= found else frozenset()


def cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """How many threads of this process may run at a time: in a container fewer than the machine has cores. To
    wait at barriers for those that may not would use up the rest."""
    count = len(os.sched_getaffinity(0))
    if quota.exists():
        allowed, period = quota.read_text().split()
        if allowed != "max":
            count = min(count, max(1, int(allowed) // int(period)))
    return count


class Crew:
    """Threads that walk through a compiled loop together. One at a time may ask for it."""

    def __init__(self, most: int, name: str) -> None:
        """As many as torch has and may run at a time, but at most so many: who had no part of the work would
        only be waited for."""
        self.threads = max(1, min(torch.get_num_threads(), most, cores()))
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix=name)
        # Of three cache lines the first numbers: barriers passed, threads done, times asked.
        self._numbers, self._asked = np.zeros((3, 8), np.int64), 0

    def run(self, loop: Callable[..., None], *shared: object) -> None:
        """``loop(thread, threads, counter, count, ...)`` in each of them: see ``kernels``."""
        from music.musicgen.dots import linger, meet

        passed, done, asked = (row.ctypes.data for row in self._numbers)
        before, self._asked = self._asked, self._asked + 1
        counted = int(self._numbers[0, 0])

        def part(thread: int) -> None:
            loop(thread, self.threads, passed, counted, *shared)
            meet(done, before * self.threads, self.threads)
            if thread:
                linger(asked, before + 2)

        self._numbers[2, 0] = self._asked
        for thread in range(1, self.threads):
            self._pool.submit(part, thread)
        part(0)


class Fused:
    """What ``Layers`` is, made by kernels; float32 in and out. One thread at a time may ask."""

    kept: torch.dtype
    """Of what numbers caches and texts are: for a batch of songs it is these that take time to read."""

    def __init__(self, parts: Iterable[Part], heads: int, precision: str) -> None:
        """As that of ``Layers``. Raises ``OSError`` if there is no memory for the weights."""
        from music.musicgen import kernels  # with its compiler, a second: for whom it is of use

        self._kernels = kernels
        numbers = NUMBERS[precision]
        self.kept = torch.float32 if precision == "fp32" else torch.bfloat16
        self._like = np.zeros(1, np.float32 if precision == "fp32" else np.uint16)
        self._heads = heads
        self._arenas: list[mmap.mmap] = []
        weights: list[int] = []
        norms = []
        for part in parts:
            self._arenas.append(arena([packed(matrix, numbers) for matrix in part.matrices], weights))
            each = [torch.stack(norm).float().numpy() for norm in part.norms]
            norms.append(np.stack((each * 3)[:3]))
            if len(part.matrices) == 1:
                self._outputs = len(part.matrices[0])
            else:
                inner, width = part.matrices[4].shape
        self._weights, self._norms = np.array(weights), np.stack(norms)
        self._crew = Crew(width // COLUMNS, "musicgen-step")
        threads, rows = self._crew.threads, 2 * _SONGS
        self._qkv = np.zeros((rows, 3 * width), np.float32)
        self._up = np.zeros((rows, inner), np.float32)
        # Rows a page apart would all have the same few places in the processor's cache.
        self._narrow = np.zeros((rows, inner + 64), numbers)
        self._scales = np.zeros(rows, np.float32)
        self._room = np.zeros((threads, inner), np.float32)
        self._scores = np.zeros((threads, 2048), np.float32)
        # Compiled while it is loaded, and not in the first song.
        layers, head_width = len(norms) - 1, width // heads
        nobody = _Nobody(
            self.cache(layers, 2, 2, heads, 1, head_width), self.cache(layers, 2, heads, 1, head_width)
        )
        self.step(torch.zeros(2, width), [nobody])

    def cache(self, *size: int) -> Tensor:
        """As that of ``Layers``."""
        count = self.kept.itemsize * math.prod(size)
        return torch.frombuffer(_room(count), dtype=self.kept).view(size)

    def step(self, x: Tensor, songs: Sequence[Memory]) -> Tensor:
        """As that of ``Layers``."""
        if len(songs) > _SONGS:
            halves = x.view(2, len(songs), -1)
            made = [
                self.step(halves[:, start : start + _SONGS].flatten(0, 1), songs[start : start + _SONGS])
                for start in range(0, len(songs), _SONGS)
            ]
            return torch.cat([part.view(2, -1, self._outputs) for part in made], dim=1).flatten(0, 1)
        logits = np.empty((len(x), self._outputs), np.float32)
        self._run(x, songs, [song.position for song in songs], logits)
        return torch.from_numpy(logits)

    def prefill(self, x: Tensor, song: Memory) -> None:
        """As that of ``Layers``."""
        halves = x.view(2, -1, x.shape[1])
        for start in range(0, halves.shape[1], _SONGS):
            some = halves[:, start : start + _SONGS]
            count = some.shape[1]
            self._run(some.flatten(0, 1), [song] * count, range(start, start + count), self._nothing)

    @property
    def _nothing(self) -> NDArray[np.float32]:
        return np.empty((0, self._outputs), np.float32)

    def _run(
        self, x: Tensor, songs: Sequence[Memory], positions: Sequence[int], logits: NDArray[np.float32]
    ) -> None:
        """Rows of these songs at these positions: all with their text, then all without."""
        rows = len(x)
        tracks = np.array(
            [
                (song.cache[0, 0, side].data_ptr(), song.cache.shape[4], position)
                for side in range(2)
                for song, position in zip(songs, positions, strict=True)
            ]
        )
        texts = np.array([(song.cross.data_ptr(), song.cross.shape[3]) for song in songs])
        furthest = max(int(tracks[:, 2].max()) + 1, int(texts[:, 1].max()))
        if furthest > self._scores.shape[1]:
            self._scores = np.zeros((len(self._scores), 2 * furthest), np.float32)
        self._crew.run(
            self._kernels.step,
            self._weights,
            self._norms,
            self._heads,
            x.float().clone().numpy(),
            tracks,
            texts,
            self._like,
            self._narrow,
            self._scales,
            self._room,
            self._scores,
            self._qkv[:rows],
            self._up[:rows],
            logits,
        )


@dataclass
class _Nobody:
    """A song that is not there."""

    cache: Tensor
    cross: Tensor
    position: int = 0


def _room(count: int) -> mmap.mmap:
    """So many bytes, zero, in large pages: of small ones, looking up where they are would take long."""
    room = mmap.mmap(-1, count, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    room.madvise(mmap.MADV_HUGEPAGE)
    return room


def arena(matrices: Sequence[NDArray[np.uint8]], addresses: list[int]) -> mmap.mmap:
    """Memory in large pages with all of ``matrices``, whose addresses are added."""
    sizes = [-(-matrix.nbytes // 64) * 64 for matrix in matrices]
    arena = _room(sum(sizes))
    whole = np.frombuffer(arena, np.uint8)
    start = 0
    for matrix, size in zip(matrices, sizes, strict=True):
        whole[start : start + matrix.nbytes] = matrix.reshape(-1)
        addresses.append(whole.ctypes.data + start)
        start += size
    return arena


def packed(weight: Tensor, numbers: Any) -> NDArray[np.uint8]:
    """As the kernels read it: of every ``LANES`` outputs (a panel) and every four bytes of inputs, those of
    each output in turn. A panel of int8 has what its sums start with and its scales before it."""
    outputs, inputs = weight.shape
    panels = outputs // LANES
    split = weight.view(panels, LANES, inputs)
    if numbers is np.float32:
        return _bytes(split.float().transpose(1, 2))
    if numbers is np.uint16:
        pairs = split.bfloat16().view(panels, LANES, inputs // 2, 2).transpose(1, 2)
        return _bytes(pairs.contiguous().view(torch.int16))
    scales = (split.float().abs().amax(2) / 127.0).clamp_min(1e-8)
    whole = (split / scales[:, :, None]).round().to(torch.int8)
    fours = whole.view(panels, LANES, inputs // 4, 4).transpose(1, 2)
    starts = whole.sum(2, dtype=torch.int32) * -128  # which is what an input of 0 is to the kernel
    each = [_bytes(part).reshape(panels, -1) for part in (starts, scales, fours)]
    return np.concatenate(each, axis=1)


def _bytes(tensor: Tensor) -> NDArray[np.uint8]:
    return tensor.contiguous().numpy().view(np.uint8)
