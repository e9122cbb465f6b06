"""The decoder's layers and its sampling on a CPU, by compiled loops."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from music.musicgen.cpu.layout import COLUMNS, NUMBERS, SONG, Draw, Narrow, Room, Weights
from music.musicgen.cpu.packing import arena, large_pages, packed
from music.musicgen.cpu.threads import ThreadTeam
from music.musicgen.layers import Part, Song
from music.musicgen.sampling import Sampling

_SONGS = 8  # at once, each with its text and without


class CompiledNetwork:
    """A ``Network`` of compiled loops. Not safe in threads: one caller at a time."""

    def __init__(
        self, parts: Iterable[Part], heads: int, precision: str, embeddings: Sequence[Tensor]
    ) -> None:
        """As ``Layers``. Raises ``OSError`` if there is no memory for the weights."""
        from music.musicgen.cpu.loops import advance

        self._advance = advance.advance
        numbers = NUMBERS[precision]
        # Of a batch of songs, reading the caches takes time: they are narrow where the weights are.
        self.kept = torch.float32 if precision == "fp32" else torch.bfloat16
        self._embeddings = [np.ascontiguousarray(table.numpy()) for table in embeddings]
        self._arenas: list[mmap.mmap] = []
        addresses: list[int] = []
        norms = []
        for part in parts:
            self._arenas.append(arena([packed(matrix, numbers) for matrix in part.matrices], addresses))
            each = [torch.stack(norm).float().numpy() for norm in part.norms]
            norms.append(np.stack((each * 3)[:3]))
            if len(part.matrices) == 1:
                self._outputs = len(part.matrices[0])
            else:
                inner, width = part.matrices[4].shape
        tables = np.array([table.ctypes.data for table in self._embeddings])
        self._weights = Weights(np.array(addresses), np.stack(norms), tables, heads)
        self._team = ThreadTeam(width // COLUMNS, "musicgen-step")
        threads, rows = self._team.threads, 2 * _SONGS
        self._room = Room(
            x=np.zeros((rows, width), np.float32),
            # Rows a page apart would all have the same few places in the processor's cache.
            narrow=Narrow(np.zeros((rows, inner + 64), numbers), np.zeros(rows, np.float32)),
            qkv=np.zeros((rows, 3 * width), np.float32),
            up=np.zeros((rows, inner), np.float32),
            line=np.zeros((threads, inner), np.float32),
            scores=np.zeros((threads, 2048), np.float32),
            choices=np.zeros((threads, 3, self._outputs // len(embeddings)), np.float32),
            kept=np.zeros(1, np.float32 if precision == "fp32" else np.uint16),
        )
        self._compile(len(norms) - 1, heads, width)

    def _compile(self, layers: int, heads: int, width: int) -> None:
        """While the model is loaded, and not in the first song."""
        codebooks = len(self._embeddings)
        song = _NoSong(
            self.cache(layers, 2, 2, heads, 1, width // heads),
            self.cache(layers, 2, heads, 1, width // heads),
            torch.zeros(codebooks, 2, dtype=torch.long),
        )
        noise = torch.zeros(codebooks, self._room.choices.shape[2])
        self.step([song], [noise], torch.zeros(1, width))

    def cache(self, *size: int) -> Tensor:
        """As ``Network.cache``."""
        count = self.kept.itemsize * math.prod(size)
        return torch.frombuffer(large_pages(count), dtype=self.kept).view(size)

    def step(self, songs: Sequence[Song], noises: Sequence[Tensor], positions: Tensor) -> Tensor:
        """As ``Network.step``."""
        if len(songs) > _SONGS:
            parts = range(0, len(songs), _SONGS)
            several = [slice(start, start + _SONGS) for start in parts]
            return torch.cat([self.step(songs[some], noises[some], positions) for some in several])
        logits = np.empty((2 * len(songs), self._outputs), np.float32)
        records = [_record(song, song.position, noise) for song, noise in zip(songs, noises, strict=True)]
        self._run(records, positions, logits)
        return torch.from_numpy(logits[len(songs) :])

    def prefill(self, song: Song, columns: int, positions: Tensor) -> None:
        """As ``Network.prefill``."""
        no_logits = np.empty((0, self._outputs), np.float32)
        for start in range(0, columns, _SONGS):
            several = range(start, min(start + _SONGS, columns))
            self._run([_record(song, position) for position in several], positions, no_logits)

    def _run(
        self, records: Sequence[tuple[object, ...]], positions: Tensor, logits: NDArray[np.float32]
    ) -> None:
        songs, rows, room = np.array(records, SONG), 2 * len(records), self._room
        furthest = int(max(songs["position"].max() + 1, songs["text_tokens"].max()))
        if furthest > room.scores.shape[1]:
            self._room = room = room._replace(scores=np.zeros((self._team.threads, 2 * furthest), np.float32))
        room = room._replace(x=room.x[:rows], qkv=room.qkv[:rows], up=room.up[:rows])
        self._team.run(self._advance, self._weights, positions.numpy(), songs, room, logits)


def _record(song: Song, position: int, noise: Tensor | None = None) -> tuple[object, ...]:
    """One of ``SONG``, at a column of the song; without noise nothing may be drawn."""
    cache, draw = song.cache, draw_of(song.sampling)
    with_text = cache.data_ptr()
    return (
        (with_text, with_text + cache.stride(2) * cache.itemsize),
        cache.shape[4],
        position,
        song.cross.data_ptr(),
        song.cross.shape[3],
        song.tokens.data_ptr(),
        0 if noise is None else noise.data_ptr(),
        song.sampling.guidance,
        draw.temperature,
        draw.limit,
        draw.by_chance,
    )


def draw_of(sampling: Sampling) -> Draw:
    """How the loops draw as ``sampling`` says."""
    by_chance = 0.0 < sampling.top_p < 1.0
    limit = math.inf
    if by_chance:
        limit = sampling.top_p
    elif sampling.top_p <= 0.0 < sampling.top_k:
        limit = sampling.top_k - 1.0
    return Draw(np.float32(max(sampling.temperature, 1e-5)), by_chance, np.float32(limit))


@dataclass
class _NoSong:
    """A ``Song`` of one column, for the loops to be compiled with."""

    cache: Tensor
    cross: Tensor
    tokens: Tensor
    position: int = 0
    sampling: Sampling = field(default_factory=Sampling)
