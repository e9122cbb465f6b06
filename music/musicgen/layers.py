"""The decoder's layers and its sampling in torch's own operations, on any device.

What a layer computes is written once, in ``Layers.through``. What differs from case to case is where keys and
values are kept and how they are attended to, a ``Memory``: caches of a few songs, the first columns of one
song, or a GPU's slots.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import gelu, layer_norm

from music.musicgen.caches import Memory, PromptMemory, SongCaches, SongMemory
from music.musicgen.linear import Linear, linear
from music.musicgen.sampling import UNKNOWN, Sampling, draw, guided

_EPSILON = 1e-5

Norm = tuple[Tensor, Tensor]
"""Weight and bias."""


class Part:
    """One layer's weights, or those of the heads.

    A layer has six matrices ``(outputs, inputs)``, in the order in which they are used: queries, keys and
    values as one; out; queries of cross attention; its out; up; down. It has three norms: before self
    attention, cross attention and feed-forward. The heads are one matrix, with the norm before them.
    """

    def __init__(self, *matrices: Tensor, norms: tuple[Norm, ...]) -> None:
        self.matrices = matrices
        self.norms = norms


class Song(SongMemory, Protocol):
    """A song in the making, as a ``Network`` sees it."""

    tokens: Tensor
    """``(codebooks, columns of the cache + 1)``, int64; those to come may be ``UNKNOWN``."""
    sampling: Sampling


class Network(Protocol):
    """From the tokens of one column to those of the next. ``positions (columns, width)`` are vectors for the
    places in a song, float32."""

    kept: torch.dtype
    """Of caches and texts."""

    def cache(self, *size: int) -> Tensor:
        """Room for what is kept of a song, zero."""

    def step(self, songs: Sequence[Song], noises: Sequence[Tensor], positions: Tensor) -> Tensor:
        """Takes in the songs' present column, and draws their unknown tokens of the next one with each
        song's noise ``(codebooks, vocabulary)``. Returns the guided logits ``(songs, codebooks *
        vocabulary)``, float32."""

    def prefill(self, song: Song, columns: int, positions: Tensor) -> None:
        """Takes in a song's first columns at once."""


class Layers:
    """A ``Network`` of torch's operations."""

    def __init__(
        self,
        parts: Iterable[Part],
        heads: int,
        precision: str,
        embeddings: Sequence[Tensor],
        *,
        plain: bool = False,
    ) -> None:
        """``parts``: the layers', then the heads'. Each is let go before the next is taken. ``embeddings
        (tokens, width)``, float32, of each codebook. ``plain`` as in ``linear``."""
        self.layers: list[Layer] = []
        self._heads = heads
        self._embeddings = embeddings
        for part in parts:
            ready = [linear(matrix, precision, cold=True, plain=plain) for matrix in part.matrices]
            if len(ready) == 1:
                self._head, self._norm = ready[0], part.norms[0]
                self.kept = part.norms[0][0].dtype
            else:
                qkv, out, cross_q, cross_out, up, down = ready
                self.layers.append(Layer(qkv, out, cross_q, cross_out, up, down, part.norms))

    def cache(self, *size: int) -> Tensor:
        """As ``Network.cache``."""
        weight = self._norm[0]
        return torch.zeros(size, dtype=self.kept, device=weight.device)

    def step(self, songs: Sequence[Song], noises: Sequence[Tensor], positions: Tensor) -> Tensor:
        """As ``Network.step``."""
        tokens = torch.stack([song.tokens[:, song.position] for song in songs])
        places = torch.stack([positions[song.position] for song in songs])
        texted, untexted = self.logits(tokens, places, SongCaches(songs, self._heads))
        made = []
        # Song by song: of larger tensors OpenMP's threads would take a share, and then wait awhile for
        # more, each on a core that the next step has need of.
        for number, (song, noise) in enumerate(zip(songs, noises, strict=True)):
            one, settings = slice(number, number + 1), torch.tensor([song.sampling.row], device=noise.device)
            made.append(guided(texted[one], untexted[one], settings))
            column = song.tokens[:, song.position + 1]
            drawn = draw(made[-1], settings, noise, song.sampling.shortlist)[0]
            torch.where(column == UNKNOWN, drawn, column, out=column)
        return torch.cat(made).flatten(1)

    def prefill(self, song: Song, columns: int, positions: Tensor) -> None:
        """As ``Network.prefill``."""
        x = self._embedded(song.tokens[:, :columns].T, positions[:columns])
        self._through(x, PromptMemory(song, columns, self._heads))

    def logits(self, tokens: Tensor, places: Tensor, memory: Memory) -> Tensor:
        """``(2, songs, codebooks, vocabulary)``, float32, with text and without: of each song's present
        column ``tokens (songs, codebooks)`` at ``places (songs, width)``, some of ``positions``."""
        x = self._through(self._embedded(tokens, places), memory)
        rows: Tensor = self._head(normal(x, self._norm)).float()
        return rows.view(2, *tokens.shape, -1)

    def _embedded(self, tokens: Tensor, places: Tensor) -> Tensor:
        """``(2 * columns, width)`` of ``tokens (columns, codebooks)`` at ``places (columns, width)``: the
        rows with text, then the same for those without."""
        x = places
        for codebook, table in enumerate(self._embeddings):
            x = x + table[tokens[:, codebook]]
        return x.repeat(2, 1).to(self.kept)

    def _through(self, x: Tensor, memory: Memory) -> Tensor:
        """All layers over ``x (rows, width)``, of which the first half have a text."""
        half = len(x) // 2
        for number, layer in enumerate(self.layers):
            mixed = memory.attend(number, layer.qkv(normal(x, layer.norms[0])))
            x = x + layer.out(mixed)
            mixed = memory.attend_text(number, layer.cross_q(normal(x[:half], layer.norms[1])))
            x[:half] += layer.cross_out(mixed)
            x = x + layer.down(gelu(layer.up(normal(x, layer.norms[2]))))
        return x


@dataclass(frozen=True)
class Layer:
    """A ``Part``'s matrices made ready."""

    qkv: Linear
    out: Linear
    cross_q: Linear
    cross_out: Linear
    up: Linear
    down: Linear
    norms: tuple[Norm, ...]


def normal(x: Tensor, norm: Norm) -> Tensor:
    """Layer norm of each row."""
    return layer_norm(x, (x.shape[-1],), *norm, _EPSILON)
