"""The decoder's step for a GPU: every song has a slot in buffers that never move, so that the whole step, its
drawing included, is one CUDA graph, and nothing in it waits for the device.

All slots are stepped each time, taken or not, each by itself: a song's numbers are the same in whatever
company it is. Attention reads a slot to where its song has come, where ``attention`` has a kernel for that.
The layers are those of ``layers``, and tokens are drawn by ``sampling``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from inference.graphs import StepGraph
from music.musicgen.decoder import Decoder, Shape, Track
from music.musicgen.gpu.attention import Attend, Attention, attention_on
from music.musicgen.layers import Layers
from music.musicgen.sampling import UNKNOWN, Sampling, draw, guided

COLUMNS = 1536
"""Room for a window of 30 s, at 50 frames a second, with its delays."""
_GROUP = 256  # columns: room is a multiple of it
_COUNTERS = 48  # bytes of a slot's place, settings and the like
TEXT = 256
"""Tokens of a prompt, at which the tokenizer cuts it."""


class Slots:
    """``count`` songs at a time, of any prompts, lengths and ages."""

    def __init__(
        self, decoder: Decoder, count: int, columns: int = COLUMNS, attention: Attention | None = None
    ) -> None:
        """``attention``: the device's own where it is not given."""
        assert isinstance(decoder.layers, Layers)  # compiled loops are a CPU's
        self._layers = decoder.layers
        self._decoder = decoder
        self._columns = columns
        shape, device = decoder.shape, decoder.device
        self._attention = attention or attention_on(device)
        cache, text = _sizes(shape, count, columns)
        self._cache = torch.zeros(cache, dtype=decoder.dtype, device=device)
        self._text = torch.zeros(text, dtype=decoder.dtype, device=device)
        self._text_tokens = torch.zeros(count, dtype=torch.long, device=device)
        self._tokens = torch.zeros(count, shape.codebooks, columns + 1, dtype=torch.long, device=device)
        self._positions = torch.zeros(count, dtype=torch.long, device=device)
        self._going = torch.zeros(count, dtype=torch.long, device=device)  # 1 for a slot that is taken
        self._noise = torch.zeros(count, shape.codebooks, shape.vocabulary, device=device)
        free = Sampling(top_k=0, guidance=1.0)
        self._sampling = torch.tensor([free.row], device=device).repeat(count, 1)
        self._rows = torch.arange(count, device=device)
        self._graph: StepGraph[None] | None = None
        self._free = list(range(count))[::-1]
        self._left: set[int] = set()
        """Free slots that the device still takes for songs."""
        self._slots: dict[Track, int] = {}

    @torch.inference_mode()
    def join(self, track: Track) -> None:
        """Gives a track a slot, and takes its prompt in there if it has one. If that fails, the slot counts
        as free on the device until the track leaves, which it must do then too."""
        slot = self._slots[track] = self._free.pop()
        self._left.discard(slot)
        self._going[slot] = self._text_tokens[slot] = 0
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
        self._sampling[slot] = torch.tensor(track.sampling.row, device=self._decoder.device)
        self._positions[slot] = track.position
        self._text_tokens[slot] = length
        self._going[slot] = 1

    @torch.inference_mode()
    def step(self, tracks: Sequence[Track]) -> None:
        """Takes ``tracks``, which have joined, one column further. A track that is done gets its tokens."""
        for slot in self._left:
            self._positions[slot] = self._going[slot] = self._text_tokens[slot] = 0
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
        """Frees the track's slot. It does nothing on the device, which may have failed."""
        slot = self._slots.pop(track, None)
        if slot is not None:  # or none was left when it came
            self._free.append(slot)
            self._left.add(slot)

    def _advance(self) -> None:
        """The step itself: all that differs from one to the next is in the buffers."""
        tokens, positions, going, rows = self._tokens, self._positions, self._going, self._rows
        dtype = self._decoder.dtype
        memory = _SlotMemory(
            self._cache,
            self._text,
            (rows, positions),
            self._attention((positions + 1) * going, self._columns, dtype),
            self._attention(self._text_tokens, TEXT, dtype),
        )
        places = self._decoder.positions[positions]
        texted, untexted = self._layers.logits(tokens[rows, :, positions], places, memory)
        drawn = draw(guided(texted, untexted, self._sampling), self._sampling, self._noise)
        column = tokens[rows, :, positions + going]
        # A free slot stays where it is.
        known = (column != UNKNOWN) | (going == 0)[:, None]
        tokens[rows, :, positions + going] = torch.where(known, column, drawn)
        positions += going


class _SlotMemory:
    """The slots' ``Memory`` in one step."""

    def __init__(
        self,
        cache: Tensor,
        text: Tensor,
        places: tuple[Tensor, Tensor],
        attend: Attend,
        attend_text: Attend,
    ) -> None:
        """``cache`` and ``text`` as in ``_sizes``; ``places`` are the slots and their columns, both
        ``(slots)``."""
        self._cache = cache
        self._text = text
        self._slots, self._columns = places
        self._attend = attend
        self._attend_text = attend_text

    def attend(self, layer: int, qkv: Tensor) -> Tensor:
        count, cache = len(self._slots), self._cache[layer]
        split = qkv.view(2, count, 3, cache.shape[3], -1)
        cache[:, :, self._slots, :, self._columns] = split[:, :, 1:].permute(1, 2, 0, 3, 4)
        return self._attend(split[:, :, 0], *cache).reshape(2 * count, -1)

    def attend_text(self, layer: int, queries: Tensor) -> Tensor:
        text = self._text[layer]
        split = queries.view(1, len(self._slots), text.shape[2], -1)
        return self._attend_text(split, *text[:, None]).reshape(queries.shape)


def columns_for(shape: Shape, frames: int) -> int:
    """Room for a window of so many frames with its delays, and for a step's rehearsals."""
    return -(-(frames + max(shape.delays) + 1) // _GROUP) * _GROUP


def slot_bytes(shape: Shape, count: int, number_bytes: float, columns: int = COLUMNS) -> int:
    """What ``Slots`` keep on the device, with caches of numbers of so many bytes."""
    kept = sum(math.prod(size) for size in _sizes(shape, count, columns)) * number_bytes
    each = shape.codebooks * (8 * (columns + 1) + 4 * shape.vocabulary)  # tokens and noise
    return int(kept) + count * (each + _COUNTERS)


def _sizes(shape: Shape, count: int, columns: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The sizes of all songs' cache, ``(layers, keys and values, with text and without, slots, heads,
    columns, head width)``, and of their texts' keys and values ``(layers, keys and values, slots, heads,
    tokens, head width)``."""
    heads, width = shape.heads, shape.width // shape.heads
    return (shape.layers, 2, 2, count, heads, columns, width), (shape.layers, 2, count, heads, TEXT, width)
