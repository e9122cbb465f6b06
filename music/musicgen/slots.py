"""The decoder's step for a GPU: every song has a slot in buffers that never move, so that the whole step, its
drawing included, is one CUDA graph, and nothing in it waits for the device.

All slots are stepped each time, taken or not, over the whole cache: a song's numbers are then
the same in whatever company it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import gelu, scaled_dot_product_attention

from models.graphs import StepGraph
from music.musicgen.decoder import Decoder, Track
from music.musicgen.fused import UNKNOWN
from music.musicgen.layers import Layers, normal

COLUMNS = 1536
"""Room for a window of 30 s with its delays."""
_TEXT = 256  # tokens; the tokenizer is told to cut there


class Slots:
    """``count`` songs at a time, of any prompts, lengths and ages."""

    def __init__(self, decoder: Decoder, count: int, columns: int = COLUMNS) -> None:
        assert isinstance(decoder.layers, Layers)  # the kernels of ``fused`` are a CPU's
        self._layers = decoder.layers
        self._decoder = decoder
        self._columns = columns
        shape, device = decoder.shape, decoder.device
        heads, width = shape.heads, shape.width // shape.heads
        cache = (shape.layers, 2, 2, count, heads, columns, width)  # keys and values; with text and without
        self._cache = torch.zeros(cache, dtype=decoder.dtype, device=device)
        text = (shape.layers, 2, count, heads, _TEXT, width)
        self._text = torch.zeros(text, dtype=decoder.dtype, device=device)
        self._unread = torch.zeros(count, 1, 1, _TEXT, dtype=decoder.dtype, device=device)
        self._tokens = torch.zeros(count, shape.codebooks, columns + 1, dtype=torch.long, device=device)
        self._positions = torch.zeros(count, dtype=torch.long, device=device)
        self._going = torch.zeros(count, dtype=torch.long, device=device)  # 1 for a slot that is taken
        self._noise = torch.zeros(count, shape.codebooks, shape.vocabulary, device=device)
        # Columns: guidance, temperature, top_k, top_p.
        self._sampling = torch.tensor([[1.0, 1.0, 0.0, 0.0]], device=device).repeat(count, 1)
        self._rows = torch.arange(count, device=device)
        self._graph: StepGraph[None] | None = None
        self._free = list(range(count))[::-1]
        self._slots: dict[Track, int] = {}

    @torch.inference_mode()
    def join(self, track: Track) -> None:
        """Takes a track in. What it brought in its own cache is copied, and that is let go."""
        slot = self._slots[track] = self._free.pop()
        tokens = track.tokens.shape[1]
        self._cache[:, :, :, slot, :, : track.position] = track.cache[..., : track.position, :]
        track.cache = track.cache[..., :0, :].clone()
        length = track.cross.shape[3]
        self._text[:, :, slot, :, :length] = track.cross
        self._unread[slot] = 0.0
        self._unread[slot, ..., length:] = -math.inf
        self._tokens[slot, :, :tokens] = track.tokens
        self._positions[slot] = track.position
        self._going[slot] = 1
        said = track.sampling
        settings = [said.guidance, max(said.temperature, 1e-5), float(said.top_k), said.top_p]
        self._sampling[slot] = torch.tensor(settings, device=self._decoder.device)

    @torch.inference_mode()
    def step(self, tracks: Sequence[Track]) -> None:
        """Takes ``tracks``, which are all that have joined, one column further."""
        for track in tracks:
            self._noise[self._slots[track]] = track.noise(track.position)
        if self._graph is None:
            changes = (self._tokens, self._positions)
            self._graph = StepGraph(self._advance, self._decoder.device, changes)
        self._graph.replay()
        for track in tracks:
            track.position += 1

    @torch.inference_mode()
    def leave(self, track: Track) -> None:
        """Gives the track its tokens, and its slot to the next."""
        slot = self._slots.pop(track)
        track.tokens = self._tokens[slot, :, : track.tokens.shape[1]].clone()
        self._positions[slot] = self._going[slot] = 0
        self._free.append(slot)

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
        columns = torch.arange(self._columns, device=decoder.device)
        unseen = (columns > self._positions[:, None])[:, None, None]
        mask = torch.zeros(unseen.shape, dtype=decoder.dtype, device=decoder.device)
        mask = mask.masked_fill(unseen, -math.inf).repeat(2, 1, 1, 1)
        x = decoder.positions[self._positions]
        for codebook, table in enumerate(decoder.embeddings):
            x = x + table[self._tokens[self._rows, codebook, self._positions]]
        x = x.repeat(2, 1).to(decoder.dtype)  # rows: all songs with their text, then all without
        for number, layer in enumerate(self._layers.layers):
            qkv = layer.qkv(normal(x, layer.norms[0])).view(2, count, 3, shape.heads, 1, -1)
            kept = self._cache[number]
            kept[:, :, self._rows, :, self._positions] = qkv[:, :, 1:, :, 0].permute(1, 2, 0, 3, 4)
            keys, values = (part.flatten(0, 1) for part in kept)
            mixed = scaled_dot_product_attention(qkv[:, :, 0].flatten(0, 1), keys, values, attn_mask=mask)
            x = x + layer.out(mixed.reshape(2 * count, shape.width))
            q = layer.cross_q(normal(x[:count], layer.norms[1])).view(count, shape.heads, 1, -1)
            keys, values = self._text[number]
            heard = scaled_dot_product_attention(q, keys, values, attn_mask=self._unread)
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
