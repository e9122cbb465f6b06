"""The decoder's layers on a CPU with AVX-512, by ``kernels``: the weights in the order in which they are
read, and the threads that read them."""

from __future__ import annotations

import math
import mmap
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from music.musicgen.layers import Memory, Part
from music.musicgen.sampling import Sampling

_SONGS = 8  # at once, each with its text and without
LANES = 16
"""Numbers in a vector; inputs are a multiple of it."""
VECTORS = 2
"""Of outputs that are made side by side, a panel: of what a thread reads, all comes one after another, which
takes three quarters of the time that four places at once would."""
COLUMNS = 4 * LANES
"""Of what outputs are a multiple."""
NUMBERS: dict[str, Any] = {"fp32": np.float32, "bf16": np.uint16, "int8": np.uint8}
"""What products take as their inputs: uint16 are bfloat16's bits."""
UNKNOWN = -1
"""A token that is yet to be drawn."""
LENGTH, POSITION, TEXT, HEARD, TOKENS, NOISE = range(2, 8)
"""What kernels are told of a song, in whole numbers: 0 and 1 are the addresses of its caches, of the row that
hears the text and of the other. How many columns these have; which is fed next; the address of what is kept
of the text, and how many tokens that has; the address of the song's own tokens, ``(codebooks, columns + 1)``;
and of the noise to draw the next with, ``(codebooks, vocabulary)``."""
GUIDANCE, TEMPERATURE, BY_CHANCE, LIMIT = range(4)
"""How they draw it. ``BY_CHANCE``: the limit is one of probability, and not of how many tokens."""
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


class Song(Memory, Protocol):
    """A song in the making, as ``Fused`` has to do with it."""

    tokens: Tensor
    """``(codebooks, columns of the cache + 1)``, int64; those to come may be ``UNKNOWN``."""
    sampling: Sampling


class Fused:
    """What ``Layers`` is, made by kernels, with what comes before and after. One thread at a time may ask."""

    kept: torch.dtype
    """Of what numbers caches and texts are: for a batch of songs it is these that take time to read."""

    def __init__(
        self, parts: Iterable[Part], heads: int, precision: str, embeddings: Sequence[Tensor]
    ) -> None:
        """As that of ``Layers``; ``embeddings (tokens, width)``, float32, of each codebook. Raises
        ``OSError`` if there is no memory for the weights."""
        from music.musicgen import advance  # with its compiler, a second: for whom it is of use

        self._advance = advance.advance
        numbers = NUMBERS[precision]
        self.kept = torch.float32 if precision == "fp32" else torch.bfloat16
        self._like = np.zeros(1, np.float32 if precision == "fp32" else np.uint16)
        self._heads = heads
        self._embeddings = [np.ascontiguousarray(table.numpy()) for table in embeddings]
        self._tables = np.array([table.ctypes.data for table in self._embeddings])
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
        self._x = np.zeros((rows, width), np.float32)
        self._qkv = np.zeros((rows, 3 * width), np.float32)
        self._up = np.zeros((rows, inner), np.float32)
        # Rows a page apart would all have the same few places in the processor's cache.
        self._narrow = np.zeros((rows, inner + 64), numbers)
        self._scales = np.zeros(rows, np.float32)
        self._room = np.zeros((threads, inner), np.float32)
        self._scores = np.zeros((threads, 2048), np.float32)
        self._choices = np.zeros((threads, 3, self._outputs // len(embeddings)), np.float32)
        # Compiled while it is loaded, and not in the first song.
        layers, head_width = len(norms) - 1, width // heads
        nobody = _Nobody(
            self.cache(layers, 2, 2, heads, 1, head_width),
            self.cache(layers, 2, heads, 1, head_width),
            torch.zeros(len(embeddings), 2, dtype=torch.long),
        )
        noise = torch.zeros(len(embeddings), self._choices.shape[2])
        self.step([nobody], [noise], torch.zeros(1, width))

    def cache(self, *size: int) -> Tensor:
        """As that of ``Layers``."""
        count = self.kept.itemsize * math.prod(size)
        return torch.frombuffer(_room(count), dtype=self.kept).view(size)

    def step(self, songs: Sequence[Song], noises: Sequence[Tensor], positions: Tensor) -> Tensor:
        """Takes songs a column further: the caches take the present one in, and where the next is unknown
        it is drawn with each song's noise, ``(codebooks, vocabulary)``. ``positions (columns, width)`` are
        vectors for the places in a song. Answers the guided logits ``(songs, outputs)``, float32."""
        if len(songs) > _SONGS:
            parts = range(0, len(songs), _SONGS)
            several = [slice(start, start + _SONGS) for start in parts]
            return torch.cat([self.step(songs[some], noises[some], positions) for some in several])
        logits = np.empty((2 * len(songs), self._outputs), np.float32)
        told = [_told(song, song.position, noise) for song, noise in zip(songs, noises, strict=True)]
        ways = np.array([way(song.sampling) for song in songs], np.float32)
        self._run(told, positions, ways, logits)
        return torch.from_numpy(logits[len(songs) :])

    def prefill(self, song: Song, columns: int, positions: Tensor) -> None:
        """Takes in a song's first columns at once."""
        nothing = np.empty((0, self._outputs), np.float32)
        ways = np.zeros((1, 4), np.float32)
        for start in range(0, columns, _SONGS):
            several = range(start, min(start + _SONGS, columns))
            self._run([_told(song, position) for position in several], positions, ways, nothing)

    def _run(
        self,
        told: Sequence[tuple[int, ...]],
        positions: Tensor,
        ways: NDArray[np.float32],
        logits: NDArray[np.float32],
    ) -> None:
        songs, rows = np.array(told), 2 * len(told)
        furthest = int(max(songs[:, POSITION].max() + 1, songs[:, HEARD].max()))
        if furthest > self._scores.shape[1]:
            self._scores = np.zeros((len(self._scores), 2 * furthest), np.float32)
        self._crew.run(
            self._advance,
            self._weights,
            self._norms,
            self._heads,
            songs,
            self._like,
            self._x[:rows],
            self._narrow,
            self._scales,
            self._room,
            self._scores,
            self._qkv[:rows],
            self._up[:rows],
            logits,
            self._tables,
            positions.numpy(),
            ways,
            self._choices,
        )


def _told(song: Song, position: int, noise: Tensor | None = None) -> tuple[int, ...]:
    """What kernels are told of a song at a column; without noise nothing may be drawn."""
    cache, cross = song.cache, song.cross
    first = cache.data_ptr()
    second = first + cache.stride(2) * cache.itemsize
    text, drawn = cross.data_ptr(), 0 if noise is None else noise.data_ptr()
    return first, second, cache.shape[4], position, text, cross.shape[3], song.tokens.data_ptr(), drawn


def way(sampling: Sampling) -> tuple[float, float, bool, float]:
    """How kernels draw: see ``GUIDANCE``."""
    by_chance = 0.0 < sampling.top_p < 1.0
    limit = math.inf
    if by_chance:
        limit = sampling.top_p
    elif sampling.top_p <= 0.0 < sampling.top_k:
        limit = sampling.top_k - 1.0
    return sampling.guidance, max(sampling.temperature, 1e-5), by_chance, limit


@dataclass
class _Nobody:
    """A song that is not there."""

    cache: Tensor
    cross: Tensor
    tokens: Tensor
    position: int = 0
    sampling: Sampling = field(default_factory=Sampling)


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


def packed(weight: Tensor, numbers: Any, vectors: int = VECTORS) -> NDArray[np.uint8]:
    """As the kernels read it: of every ``vectors * LANES`` outputs (a panel) and every four bytes of inputs,
    those of each output in turn. A panel of int8 has what its sums start with and its scales before it."""
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
    starts = whole.sum(2, dtype=torch.int32) * -128  # which is what an input of 0 is to the kernel
    each = [_bytes(part).reshape(panels, -1) for part in (starts, scales, fours)]
    return np.concatenate(each, axis=1)


def _bytes(tensor: Tensor) -> NDArray[np.uint8]:
    return tensor.contiguous().numpy().view(np.uint8)
