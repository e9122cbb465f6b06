"""The decoder's layers in torch's own operations: for a GPU, and for a processor that ``fused`` has no
kernels for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import gelu, layer_norm, scaled_dot_product_attention

from music.musicgen.linear import Linear, linear

_EPSILON = 1e-5

Norm = tuple[Tensor, Tensor]
"""Weight and bias."""


class Part:
    """Of a layer the matrices ``(outputs, inputs)`` in the order in which they are used (queries, keys and
    values as one; out; of cross attention queries and out; up; down) and the norms before self attention,
    cross attention and feed-forward; or the heads as one matrix, and the norm before them."""

    def __init__(self, *matrices: Tensor, norms: tuple[Norm, ...]) -> None:
        self.matrices = matrices
        self.norms = norms


class Memory(Protocol):
    """What is kept of a song from step to step."""

    position: int
    """The column that is fed next."""
    cache: Tensor
    """Keys and values ``(layers, 2, 2, heads, columns, head width)``; the second 2 are a row with text and
    one without."""
    cross: Tensor
    """Keys and values ``(layers, 2, heads, tokens, head width)`` of its text."""


class Layers:
    """All layers, and the heads."""

    def __init__(self, parts: Iterable[Part], heads: int, precision: str, *, plain: bool = False) -> None:
        """``parts``: the layers', then the heads'. Each is let go before the next is asked for. ``plain`` as
        in ``linear``."""
        self.layers: list[Layer] = []
        self._heads = heads
        for part in parts:
            ready = [linear(matrix, precision, cold=True, plain=plain) for matrix in part.matrices]
            if len(ready) == 1:
                self._head, self._norm = ready[0], part.norms[0]
                self.kept = part.norms[0][0].dtype
            else:
                qkv, out, cross_q, cross_out, up, down = ready
                self.layers.append(Layer(qkv, out, cross_q, cross_out, up, down, part.norms))

    def cache(self, *size: int) -> Tensor:
        """Room for what is kept of a song, zero."""
        weight = self._norm[0]
        return torch.zeros(size, dtype=self.kept, device=weight.device)

    def step(self, x: Tensor, songs: Sequence[Memory]) -> Tensor:
        """The heads' ``(2 * songs, outputs)`` of ``x (2 * songs, width)``, all songs with their text and then
        all without; their caches take in the present column."""
        count, width = len(songs), x.shape[1]
        read = [song.cache[..., : song.position + 1, :] for song in songs]
        keys, values = ([cache[:, part].unbind() for cache in read] for part in range(2))
        here = [song.cache[..., song.position : song.position + 1, :].unbind() for song in songs]
        for number, layer in enumerate(self.layers):
            qkv = layer.qkv(normal(x, layer.norms[0])).view(2, count, 3, self._heads, 1, -1)
            queries, fresh = qkv[:, :, 0].unbind(1), qkv[:, :, 1:].permute(1, 2, 0, 3, 4, 5).unbind()
            mixed = []
            for place in range(count):
                here[place][number].copy_(fresh[place])
                mixed.append(
                    scaled_dot_product_attention(queries[place], keys[place][number], values[place][number])
                )
            together = mixed[0] if count == 1 else torch.stack(mixed, dim=1)
            x = x + layer.out(together.reshape(2 * count, width))
            self._hear(x, layer, [song.cross[number] for song in songs])
            x = x + layer.down(gelu(layer.up(normal(x, layer.norms[2]))))
        return self.heads(x)

    def prefill(self, x: Tensor, song: Memory) -> None:
        """Takes in a song's first columns at once, ``x (2 * columns, width)``: those of its row with text,
        and then of that without."""
        columns, width = len(x) // 2, x.shape[1]
        for number, layer in enumerate(self.layers):
            qkv = layer.qkv(normal(x, layer.norms[0])).view(2, columns, 3, self._heads, -1)
            q, k, v = qkv.permute(2, 0, 3, 1, 4)
            song.cache[number, :, :, :, :columns] = torch.stack([k, v])
            mixed = scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2)
            x = x + layer.out(mixed.reshape(2 * columns, width))
            self._hear(x, layer, [song.cross[number]])
            x = x + layer.down(gelu(layer.up(normal(x, layer.norms[2]))))

    def heads(self, x: Tensor) -> Tensor:
        """``(rows, outputs)`` of ``x (rows, width)``, which all layers have made."""
        return self._head(normal(x, self._norm))

    def _hear(self, x: Tensor, layer: Layer, texts: Sequence[Tensor]) -> None:
        """Adds to ``x`` what each song's rows hear of its text: those of the first half."""
        x = x[: x.shape[0] // 2]
        q = layer.cross_q(normal(x, layer.norms[1])).view(
            len(texts), 1, -1, self._heads, x.shape[1] // self._heads
        )
        queries = q.transpose(2, 3).unbind()
        heard = [
            scaled_dot_product_attention(q, *text[:, None]) for q, text in zip(queries, texts, strict=True)
        ]
        together = heard[0] if len(texts) == 1 else torch.cat(heard)
        x += layer.cross_out(together.transpose(1, 2).reshape(x.shape))


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
    return layer_norm(x, (x.shape[-1],), *norm, _EPSILON)
