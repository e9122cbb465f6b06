"""Keys and values as the layers meet them: of a few songs with caches of their own, or of one song's first
columns. Those of a GPU's slots are in ``gpu.slots``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention


class Memory(Protocol):
    """Attention of some rows: those of some columns with text, then those without."""

    def attend(self, layer: int, qkv: Tensor) -> Tensor:
        """Self attention: keeps the keys and values of ``qkv (rows, 3 * width)``; ``(rows, width)``."""

    def attend_text(self, layer: int, queries: Tensor) -> Tensor:
        """Cross attention of the rows with text, ``(rows / 2, width)`` to as many."""


class SongMemory(Protocol):
    """What is kept of a song from step to step."""

    position: int
    """The column that is fed next."""
    cache: Tensor
    """Keys and values ``(layers, 2, 2, heads, columns, head width)``; the second 2 are a row with text and
    one without."""
    cross: Tensor
    """Keys and values ``(layers, 2, heads, tokens, head width)`` of its text."""


class SongCaches:
    """A ``Memory`` of one column of each of some songs, each with a cache of its own."""

    def __init__(self, songs: Sequence[SongMemory], heads: int) -> None:
        self._songs = songs
        self._heads = heads
        read = [song.cache[..., : song.position + 1, :] for song in songs]
        self._keys, self._values = ([cache[:, part].unbind() for cache in read] for part in range(2))
        self._here = [song.cache[..., song.position : song.position + 1, :].unbind() for song in songs]

    def attend(self, layer: int, qkv: Tensor) -> Tensor:
        count = len(self._songs)
        split = qkv.view(2, count, 3, self._heads, 1, -1)
        queries, fresh = split[:, :, 0].unbind(1), split[:, :, 1:].permute(1, 2, 0, 3, 4, 5).unbind()
        mixed = []
        for place in range(count):
            self._here[place][layer].copy_(fresh[place])
            keys, values = self._keys[place][layer], self._values[place][layer]
            mixed.append(scaled_dot_product_attention(queries[place], keys, values))
        together = mixed[0] if count == 1 else torch.stack(mixed, dim=1)
        return together.reshape(2 * count, -1)

    def attend_text(self, layer: int, queries: Tensor) -> Tensor:
        return _attend_texts(queries, [song.cross[layer] for song in self._songs])


class PromptMemory:
    """A ``Memory`` of the first columns of one song, each of which attends to those before it."""

    def __init__(self, song: SongMemory, columns: int, heads: int) -> None:
        self._song = song
        self._columns = columns
        self._heads = heads

    def attend(self, layer: int, qkv: Tensor) -> Tensor:
        q, k, v = qkv.view(2, self._columns, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
        self._song.cache[layer, :, :, :, : self._columns] = torch.stack([k, v])
        mixed = scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2)
        return mixed.reshape(2 * self._columns, -1)

    def attend_text(self, layer: int, queries: Tensor) -> Tensor:
        return _attend_texts(queries, [self._song.cross[layer]])


def _attend_texts(queries: Tensor, texts: Sequence[Tensor]) -> Tensor:
    """Of each text, keys and values ``(2, heads, tokens, head width)``, an equal share of ``queries (rows,
    width)`` in turn."""
    heads, width = texts[0].shape[1], texts[0].shape[3]
    split = queries.view(len(texts), 1, -1, heads, width).transpose(2, 3).unbind()
    mixed = [
        scaled_dot_product_attention(own, *text[:, None]) for own, text in zip(split, texts, strict=True)
    ]
    together = mixed[0] if len(texts) == 1 else torch.cat(mixed)
    return together.transpose(1, 2).reshape(queries.shape)
