"""The decoder's step for a GPU: every song has a slot in buffers that never move, so that the whole step, its
drawing included, is one CUDA graph, and nothing in it waits for the device.

All slots are stepped each time, taken or not, each by itself: a song's numbers are the same in whatever
company it is. Attention reads a slot to where its song has come, where ``attention`` has a kernel for that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import gelu

from inference.graphs import StepGraph
from music.musicgen.attention import Attention, attention_on
from music.musicgen.decoder import Decoder, Shape, Track
from music.musicgen.layers import Layers, normal
from music.musicgen.sampling import UNKNOWN

COLUMNS = 1536
"""Room for a window of 30 s, at 50 frames a second, with its delays."""
_GROUP = 256  # columns: room is a multiple of it
_COUNTERS = 48  # bytes of a slot's place, settings and the like
TEXT = 256
"""Tokens; the tokenizer is told to cut there."""


class Slots:
    """``count`` songs at a time, of any prompts, lengths and ages."""

    def __init__(
        self, decoder: Decoder, count: int, columns: int = COLUMNS, attention: Attention | None = None
    ) -> None:
        """``attention``: the device's own where it is not given."""
        assert isinstance(decoder.layers, Layers)  # the kernels of ``fused`` are a CPU's
        self._layers = decoder.layers
        self._decoder = decoder
        self._columns = columns
        shape, device = decoder.shape, decoder.device
        self._attention = attention or attention_on(device)
        cache, text = _sizes(shape, count, columns)
        self._cache = torch.zeros(cache, dtype=decoder.dtype, device=device)
        self._text = torch.zeros(text, dtype=decoder.dtype, device=device)
        self._heard = torch.zeros(count, dtype=torch.long, device=device)  # tokens of each text
        self._tokens = torch.zeros(count, shape.codebooks, columns + 1, dtype=torch.long, device=device)
        self._positions = torch.zeros(count, dtype=torch.long, device=device)
        self._going = torch.zeros(count, dtype=torch.long, device=device)  # 1 for a slot that is taken
        self._noise = torch.zeros(count, shape.codebooks, shape.vocabulary, device=device)
        # Columns: guidance, temperature, top_k, top_p.
        self._sampling = torch.tensor([[1.0, 1.0, 0.0, 0.0]], device=device).repeat(count, 1)
        self._rows = torch.arange(count, device=device)
        self._graph: StepGraph[None] | None = None
        self._free = list(range(count))[::-1]
        self._left: set[int] = set()
        """Free slots that the device still takes for songs."""
        self._slots: dict[Track, int] = {}

    @torch.inference_mode()
    def join(self, track: Track) -> None:
        """Takes a track in, and its prompt, if it has one, straight into its slot. If that fails, the slot is
        as good as free until the track leaves, which it is to do then too."""
        slot = self._slots[track] = self._free.pop()
        self._left.discard(slot)
        self._going[slot] = self._heard[slot] = 0
        tokens, length = track.tokens.shape[1], track.cross.shape[3]
        if tokens > self._columns + 1:
            raise ValueError(f"a song of {tokens - 1} columns, where a slot has room for {self._columns}")
        nothing, track.cache = track.cache, self._cache[:, :, :, slot]
        try:
            if track.known:
                self._decoder.prefill(track, track.known)
        finally:
            track.cache = nothing  # or a song that has left would hold all slots
        self._text[:, :, slot, :, :length] = track.cross
        self._tokens[slot, :, :tokens] = track.tokens
        said = track.sampling
        settings = [said.guidance, max(said.temperature, 1e-5), float(said.top_k), said.top_p]
        self._sampling[slot] = torch.tensor(settings, device=self._decoder.device)
        self._positions[slot] = track.position
        self._heard[slot] = length
        self._going[slot] = 1

    @torch.inference_mode()
    def step(self, tracks: Sequence[Track]) -> None:
        """Takes ``tracks``, which have joined, one column further; those that are done get their tokens."""
        for slot in self._left:
            self._positions[slot] = self._going[slot] = self._heard[slot] = 0
        self._left.clear()
        for track in tracks:
            self._noise[self._slots[track]] = track.noise(track.position)
        if self._graph is None:
            changes = (self._tokens, self._positions)
            self._graph = StepGraph(self._advance, self._decoder.device, changes)
        self._graph.replay()
        for track in tracks:
            track.position += 1
            if track.done:
                slot = self._slots[track]
                track.tokens = self._tokens[slot, :, : track.tokens.shape[1]].clone()

    def leave(self, track: Track) -> None:
        """Gives the track's slot to the next. It wants nothing of the device, which may have failed."""
        slot = self._slots.pop(track, None)
        if slot is not None:  # or none was left when it came
            self._free.append(slot)
            self._left.add(slot)

    def _advance(self) -> None:
        """The step itself: all that differs from one to the next is in the buffers."""
        tokens, positions = self._tokens, self._positions
        drawn = self._drawn(self._logits())
        column = tokens[self._rows, :, positions + self._going]
        # A slot that nobody has stays where it is.
        known = (column != UNKNOWN) | (self._going == 0)[:, None]
        tokens[self._rows, :, positions + self._going] = torch.where(known, column, drawn)
        positions += self._going

    def _logits(self) -> Tensor:
        """The guided logits ``(slots, codebooks, vocabulary)``, float32; as ``Decoder`` makes them."""
        decoder, count = self._decoder, len(self._rows)
        shape = decoder.shape
        attend = self._attention((self._positions + 1) * self._going, self._columns, decoder.dtype)
        hear = self._attention(self._heard, TEXT, decoder.dtype)
        x = decoder.positions[self._positions]
        for codebook, table in enumerate(decoder.embeddings):
            x = x + table[self._tokens[self._rows, codebook, self._positions]]
        x = x.repeat(2, 1).to(decoder.dtype)  # rows: all songs with their text, then all without
        for number, layer in enumerate(self._layers.layers):
            qkv = layer.qkv(normal(x, layer.norms[0])).view(2, count, 3, shape.heads, -1)
            kept = self._cache[number]
            kept[:, :, self._rows, :, self._positions] = qkv[:, :, 1:].permute(1, 2, 0, 3, 4)
            mixed = attend(qkv[:, :, 0], *kept)
            x = x + layer.out(mixed.reshape(2 * count, shape.width))
            q = layer.cross_q(normal(x[:count], layer.norms[1])).view(1, count, shape.heads, -1)
            heard = hear(q, *self._text[number, :, None])
            heard = layer.cross_out(heard.reshape(count, shape.width))
            x = torch.cat([x[:count] + heard, x[count:]])
            x = x + layer.down(gelu(layer.up(normal(x, layer.norms[2]))))
        rows = self._layers.heads(x).float().view(2, count, shape.codebooks, -1)
        return rows[1] + (rows[0] - rows[1]) * self._sampling[:, :1, None]

    def _drawn(self, logits: Tensor) -> Tensor:
        """A token for each codebook ``(slots, codebooks)``, as ``sampling.draw`` draws it, each slot by its
        own sampling."""
        temperature, top_k, top_p = self._sampling[:, 1:].unbind(1)
        logits = logits / temperature[:, None, None]
        ordered, places = logits.sort(2, descending=True)
        chances = ordered.softmax(2)
        behind_p = (chances.cumsum(2) - chances > top_p[:, None, None]) & (top_p > 0.0)[:, None, None]
        ranks = torch.arange(logits.shape[2], device=logits.device)
        behind_k = (ranks >= top_k[:, None, None]) & ((top_k > 0.0) & (top_p <= 0.0))[:, None, None]
        out = torch.zeros_like(behind_p).scatter(2, places, behind_p | behind_k)
        return (logits.masked_fill(out, -math.inf) + self._noise).argmax(2)


def columns_for(shape: Shape, frames: int) -> int:
    """Room for a window of so many frames with its delays, and for a step's rehearsals."""
    return -(-(frames + max(shape.delays) + 1) // _GROUP) * _GROUP


def slot_bytes(shape: Shape, count: int, number_bytes: float, columns: int = COLUMNS) -> int:
    """What ``Slots`` keep on the device, with caches of numbers of so many bytes."""
    kept = sum(math.prod(size) for size in _sizes(shape, count, columns)) * number_bytes
    each = shape.codebooks * (8 * (columns + 1) + 4 * shape.vocabulary)  # tokens and noise
    return int(kept) + count * (each + _COUNTERS)


def _sizes(shape: Shape, count: int, columns: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Of the songs' cache: keys and values; with text and without. And of their texts': keys and values."""
    heads, width = shape.heads, shape.width // shape.heads
    return (shape.layers, 2, 2, count, heads, columns, width), (shape.layers, 2, count, heads, TEXT, width)
