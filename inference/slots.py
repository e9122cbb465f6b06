"""A chat model's steps for several texts at once, each in a slot of its own, so that none can tell whether
the others are there.

Whatever is sampled from logits turns over with their last bit, and that depends on the shapes of the
products that made it. So the step always has the same shape: all slots take part, used or not, each with its
text at the beginning of its own row of the cache; a prompt is read alone. Attention goes through the cache in
blocks of a fixed size, and a block that a text does not reach adds nothing to it, not even a rounding: how
long the other texts are makes no difference either. On a GPU the step is replayed as one CUDA graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicLayer

from inference.graphs import StepGraph

ROOM = 2048
"""Tokens that a slot has room for at first; for a longer text all get twice as many, and twice again."""

_BLOCK = 512  # keys that PyTorch's attention on a processor takes at a time (FlashAttentionKernel.cpp)


class TextSlots(Protocol):
    """Texts side by side. Not safe in threads: one caller at a time."""

    def begin(
        self, slot: int, ids: Tensor, expected: int, beside: Mapping[str, Tensor] | None = None
    ) -> None:
        """Reads a text ``(tokens)``, one or more, into a free ``slot``, and what goes with it by the model's
        names; about ``expected`` more tokens will come."""

    def step(self, tokens: Mapping[int, int]) -> Tensor:
        """Takes in one more token in each of these slots; logits ``(slots, vocabulary)``, float32, of what
        follows, those of the other slots without a meaning. They hold until the next step."""

    def end(self, slot: int) -> None:
        """The slot is free for another text."""


class Slots:
    """All texts in one step, over one cache of fixed size."""

    def __init__(self, model: Any, count: int, *, graphed: bool) -> None:
        """``graphed``: the step is one graph over the whole room, as on a GPU."""
        self._model = model
        self._graphed = graphed
        self._device: torch.device = model.device
        self._count = count
        self._room = ROOM
        self._ids = torch.zeros(count, 1, dtype=torch.long, device=self._device)
        self._positions = torch.zeros(count, dtype=torch.long, device=self._device)
        self._ages = [0] * count  # as _positions, known without asking the device
        self._layers: list[_Layer] = []
        self._graph: StepGraph[Tensor] | None = None

    @torch.inference_mode()
    def begin(
        self, slot: int, ids: Tensor, expected: int, beside: Mapping[str, Tensor] | None = None
    ) -> None:
        cache = DynamicCache(config=self._model.config.get_text_config())
        last_logits(self._model, ids[None].to(self._device), past_key_values=cache, **(beside or {}))
        if not self._layers:
            self._layers = [_Layer(layer, self._positions, self._room) for layer in cache.layers]
        self._make_room(len(ids) + expected)
        for layer, read in zip(self._layers, cache.layers, strict=True):
            layer.keys[slot, :, : len(ids)] = read.keys[0]
            layer.values[slot, :, : len(ids)] = read.values[0]
        self._ages[slot] = len(ids)

    @torch.inference_mode()
    def step(self, tokens: Mapping[int, int]) -> Tensor:
        self._make_room(1 + max(self._ages[slot] for slot in tokens))
        slots = range(self._count)
        ids = torch.tensor([[tokens.get(slot, 0)] for slot in slots])
        positions = torch.tensor([self._ages[slot] if slot in tokens else 0 for slot in slots])
        self._ids.copy_(sent(ids, self._device))
        self._positions.copy_(sent(positions, self._device))
        for slot in tokens:
            self._ages[slot] += 1
        if not self._graphed:
            longest = max(self._ages[slot] for slot in tokens)
            return self._stepped(-(-longest // _BLOCK) * _BLOCK)
        if self._graph is None:
            # To rehearse it does no harm: it writes the same to the same places.
            self._graph = StepGraph(lambda: self._stepped(self._room), self._device)
        return self._graph.replay()

    def end(self, slot: int) -> None:
        self._ages[slot] = 0
        if not any(self._ages) and self._room > ROOM:  # a long text is over: give its memory back
            self._room, self._layers, self._graph = ROOM, [], None

    def _stepped(self, length: int) -> Tensor:
        """The step over the first ``length`` places of the cache. All that changes from one to the next is
        what ``_ids``, ``_positions`` and the cache hold: nothing in it asks the device."""
        for layer in self._layers:
            layer.length = length
        unseen = torch.arange(length, device=self._device) > self._positions[:, None, None, None]
        mask = torch.zeros(unseen.shape, dtype=self._model.dtype, device=self._device)
        return last_logits(
            self._model,
            self._ids,
            attention_mask=mask.masked_fill_(unseen, -torch.inf),  # (slots, 1, 1, length)
            position_ids=self._positions[:, None],
            past_key_values=Cache(layers=self._layers),
        )

    def _make_room(self, tokens: int) -> None:
        room = self._room
        while room < tokens:
            room *= 2
        if room > self._room:
            self._graph = None  # it has the old cache's addresses
            for layer in self._layers:
                layer.lengthen(room)
            self._room = room


class Singly:
    """The same for models whose layers keep something else than the keys and values of all tokens, or treat a
    row by what is in the others: each text has a step of its own."""

    def __init__(self, model: Any, count: int) -> None:
        self._model = model
        self._count = count
        self._caches: dict[int, DynamicCache] = {}

    @torch.inference_mode()
    def begin(
        self, slot: int, ids: Tensor, expected: int, beside: Mapping[str, Tensor] | None = None
    ) -> None:
        self._caches[slot] = DynamicCache(config=self._model.config.get_text_config())
        ids = ids[None].to(self._model.device)
        last_logits(self._model, ids, past_key_values=self._caches[slot], **(beside or {}))

    @torch.inference_mode()
    def step(self, tokens: Mapping[int, int]) -> Tensor:
        ids = sent(torch.tensor(list(tokens.values())), self._model.device)
        rows: dict[int, Tensor] = {}
        for place, slot in enumerate(tokens):
            rows[slot] = last_logits(self._model, ids[place, None, None], past_key_values=self._caches[slot])[
                0
            ]
        idle = torch.zeros_like(next(iter(rows.values())))
        return torch.stack([rows.get(slot, idle) for slot in range(self._count)])

    def end(self, slot: int) -> None:
        self._caches.pop(slot, None)


def slots_for(model: Any, count: int, *, graphed: bool) -> TextSlots:
    """Whichever of the two suits the model; ``graphed`` as in ``Slots``."""
    config = model.config.get_text_config()
    layers = DynamicCache(config=config).layers
    whole = bool(layers) and all(type(layer) is DynamicLayer for layer in layers)
    experts = any(
        getattr(config, name, None) for name in ("num_experts", "num_local_experts", "n_routed_experts")
    )
    turning = getattr(config, "rope_parameters", None) or {}
    changing = turning.get("rope_type") in ("dynamic", "longrope")  # turns by the longest text of a batch
    if whole and not experts and not changing:
        return Slots(model, count, graphed=graphed)
    return Singly(model, count)


def cache_bytes(config: Any, count: int, number_bytes: float) -> int:
    """What the cache of ``count`` slots takes at first, for a model of transformers with such a config."""
    config = config.get_text_config()
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    kept = getattr(config, "num_key_value_heads", None) or heads
    return int(2 * config.num_hidden_layers * kept * width * count * ROOM * number_bytes)


class _Layer(CacheLayerMixin):  # type: ignore[misc]  # transformers is not typed
    """Keys and values of one layer, ``(slots, heads, room, width of a head)``; attention sees the first
    ``length`` places of it."""

    is_compileable = True

    def __init__(self, like: Any, positions: Tensor, room: int) -> None:
        """``like`` is the layer of a cache with a text in it; ``positions (slots)`` are where the next token
        of each slot goes."""
        super().__init__()
        self.length = room
        self._positions = positions
        self._rows = torch.arange(len(positions), device=positions.device)
        self.keys, self.values = (
            kept.new_zeros(len(positions), kept.shape[1], room, kept.shape[3])
            for kept in (like.keys, like.values)
        )
        self.is_initialized = True

    def update(self, keys: Tensor, values: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Puts in what one token of each slot gives; answers all there is."""
        self.keys[self._rows, :, self._positions] = keys[:, :, 0]
        self.values[self._rows, :, self._positions] = values[:, :, 0]
        return self.keys[:, :, : self.length], self.values[:, :, : self.length]

    def lengthen(self, room: int) -> None:
        more = (0, 0, 0, room - self.keys.shape[2])
        self.keys, self.values = (torch.nn.functional.pad(kept, more) for kept in (self.keys, self.values))

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """It is ready when it is made."""

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.length, 0

    def get_seq_length(self) -> int:
        return 0  # unlike in each slot: positions and mask are given with every step

    def get_max_length(self) -> int:
        return self.length


def sent(values: Tensor, device: torch.device) -> Tensor:
    """``values`` of this machine's memory on ``device``, in the order of what it is busy with: a GPU would be
    waited for, were they not in memory that it can read by itself."""
    if device.type == "cuda":
        values = values.pin_memory()  # PyTorch keeps it until the copy is made
    return values.to(device, non_blocking=True)


def last_logits(model: Any, ids: Tensor, **more: Any) -> Tensor:
    """The last token's, ``(rows, vocabulary)``, float32."""
    logits: Tensor = model(input_ids=ids, use_cache=True, logits_to_keep=1, **more).logits
    return logits[:, -1].float()
