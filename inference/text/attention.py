"""The attention of a step that reads several tokens of several texts (``slots``).

A token sees the places of the cache before its own position, and itself. It is computed so that its result
does not depend on the column that the token is in, on whether it is kept, on what else the step reads, or on
how long the cache is: what is stored is read in blocks of a fixed size, one after the other, and the token
itself is added last. A block beyond the end of a text adds exactly zero."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface
from transformers.cache_utils import CacheLayerMixin

BLOCK = 512
"""Places of the cache in a block."""
_NAME = "songwright_slots"


class SlotLayer(CacheLayerMixin):  # type: ignore[misc]  # transformers is not typed
    """Keys and values of one layer, ``(slots, heads, room + columns + 1, width of a head)``. After the room
    come the columns of the latest step, then a place for what is not kept."""

    is_compileable = True

    def __init__(self, like: Any, places: Tensor, room: int) -> None:
        """``like`` is the layer of a cache with a text in it. ``places (slots, columns)`` is where each
        column of a step goes."""
        super().__init__()
        self._places = places
        self._rows = torch.arange(len(places), device=places.device)[:, None]
        self._place_own(room)
        self.keys, self.values = (
            kept.new_zeros(len(places), kept.shape[1], room + places.shape[1] + 1, kept.shape[3])
            for kept in (like.keys, like.values)
        )
        self.is_initialized = True

    def update(self, keys: Tensor, values: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Stores the keys and values of a step, ``(slots, heads, columns, width)``. Returns all that are
        stored."""
        for kept, new in ((self.keys, keys), (self.values, values)):
            for places in (self._own, self._places):
                kept[self._rows, :, places] = new.transpose(1, 2)
        return self.keys, self.values

    def lengthen(self, room: int) -> None:
        more = (0, 0, 0, room - self._room)
        self.keys, self.values = (torch.nn.functional.pad(kept, more) for kept in (self.keys, self.values))
        self._place_own(room)

    def _place_own(self, room: int) -> None:
        self._room = room
        self._own = torch.arange(room, room + self._places.shape[1], device=self._places.device)

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Nothing to do: the constructor has done it."""

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self._room, 0

    def get_seq_length(self) -> int:
        return 0  # differs between slots: each step passes positions and mask

    def get_max_length(self) -> int:
        return self._room


@contextmanager
def attention_by_slots(model: Any) -> Iterator[None]:
    """In the block the model attends as this module says: its mask ``(slots, 1, columns, length)`` is true
    where a column does not see a place, and its cache has ``SlotLayer``."""
    config = model.config.get_text_config()
    usual = config._attn_implementation
    config._attn_implementation = _NAME
    try:
        yield
    finally:
        config._attn_implementation = usual


def can_attend_by_slots(model: Any) -> bool:
    """Whether its attention is the common one, which this module computes."""
    config = model.config.get_text_config()
    plain = not getattr(config, "attn_logit_softcapping", None) and not hasattr(config, "alibi")
    return plain and bool(getattr(model, "_supports_attention_backend", False))


def _attend(
    module: Any, query: Tensor, keys: Tensor, values: Tensor, unseen: Tensor, scaling: float, **_: Any
) -> tuple[Tensor, None]:
    """``query (slots, heads, columns, width)``; returns ``(slots, columns, heads, width)``. Scores and sums
    are in float32."""
    slots, heads, columns, width = query.shape
    kept = keys.shape[1]
    grouped = (slots, kept, heads // kept, columns)
    room = keys.shape[2] - columns - 1
    own_keys, own_values = (stored[:, :, None, room:-1] for stored in (keys, values))
    own = (query.view(*grouped, width).float() * own_keys.float()).sum(-1) * scaling
    rows = query.reshape(slots * kept, -1, width)
    blocks = [slice(start, start + BLOCK) for start in range(0, unseen.shape[-1], BLOCK)]
    scores = [
        (_product(rows, keys[:, :, block].flatten(0, 1).transpose(1, 2)) * scaling)
        .view(*grouped, BLOCK)
        .masked_fill(unseen[:, :, None, :, block], -torch.inf)
        for block in blocks
    ]
    top = torch.stack([own, *(block.amax(-1) for block in scores)]).amax(0)
    total = torch.zeros_like(own)
    mixed = torch.zeros(*grouped, width, dtype=torch.float32, device=query.device)
    for block, found in zip(blocks, scores, strict=True):
        weights = (found - top[..., None]).exp()
        total += weights.sum(-1)
        seen = _product(
            weights.to(values.dtype).view(slots * kept, -1, BLOCK), values[:, :, block].flatten(0, 1)
        )
        mixed += seen.view_as(mixed)
    weight = (own - top).exp()
    mixed += weight[..., None] * own_values.float()
    mixed /= (total + weight)[..., None]
    return mixed.to(query.dtype).view(slots, heads, columns, width).transpose(1, 2).contiguous(), None


def _product(left: Tensor, right: Tensor) -> Tensor:
    """The matrix products, summed and returned in float32."""
    if left.is_cuda and left.dtype != torch.float32:
        return torch.bmm(left, right, out_dtype=torch.float32)
    return torch.bmm(left.float(), right.float())


AttentionInterface.register(_NAME, _attend)
