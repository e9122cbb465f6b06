"""The decoder's layers on a CPU with AVX-512, by ``kernels``."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from music.musicgen.cpu.layout import COLUMNS, HEARD, NUMBERS, POSITION
from music.musicgen.cpu.packing import arena, large_pages, packed
from music.musicgen.cpu.threads import ThreadTeam
from music.musicgen.layers import Memory, Part
from music.musicgen.sampling import Sampling

_SONGS = 8  # at once, each with its text and without


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
        from music.musicgen.cpu import advance  # with its compiler, a second: for whom it is of use

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
        self._team = ThreadTeam(width // COLUMNS, "musicgen-step")
        threads, rows = self._team.threads, 2 * _SONGS
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
        return torch.frombuffer(large_pages(count), dtype=self.kept).view(size)

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
        self._team.run(
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
