"""A chat model's steps for several texts at once, each in its own slot. A text's logits do not depend on the
other texts.

The last bit of a logit can change which token is sampled, and that bit depends on the shapes of the matrix
products. So the step always has the same shape: all slots take part, used or not, and each text starts at the
beginning of its own row of the cache. A prompt is read alone. Attention reads the cache in blocks of a fixed
size; a block beyond the end of a text adds exactly zero, so the length of the other texts makes no
difference. On a GPU the step is replayed as one CUDA graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicLayer

from inference.graphs import StepGraph

ROOM = 2048
"""Tokens that a slot has room for at first. For a longer text the room of all slots is doubled,
repeatedly."""

_BLOCK = 512  # keys in a block of PyTorch's attention on a CPU (FlashAttentionKernel.cpp)


class TextSlots(Protocol):
    """Several texts in slots. Not thread-safe."""

    def begin(
        self, slot: int, ids: Tensor, expected: int, extra_inputs: Mapping[str, Tensor] | None = None
    ) -> None:
        """Reads a text ``(tokens)``, one token or more, into a free ``slot``. ``extra_inputs`` are further
        inputs of the model for it, by their names. About ``expected`` more tokens will follow."""

    def step(self, tokens: Mapping[int, int]) -> Tensor:
        """Reads one more token in each of these slots. Returns the next logits ``(slots, vocabulary)``,
        float32, valid until the next step. Rows of other slots have no meaning."""

    def end(self, slot: int) -> None:
        """The slot is free for another text."""


class BatchedSlots:
    """All texts in one step over one cache of fixed size."""

    def __init__(self, model: Any, count: int, *, graphed: bool) -> None:
        """``graphed``: the step is one CUDA graph over the whole room, as on a GPU."""
        self._model = model
        self._graphed = graphed
        self._device: torch.device = model.device
        self._count = count
        self._room = ROOM
        self._ids = torch.zeros(count, 1, dtype=torch.long, device=self._device)
        self._positions = torch.zeros(count, dtype=torch.long, device=self._device)
        self._ages = [0] * count  # as _positions, readable without a synchronisation
        self._layers: list[_Layer] = []
        self._graph: StepGraph[Tensor] | None = None

    @torch.inference_mode()
    def begin(
        self, slot: int, ids: Tensor, expected: int, extra_inputs: Mapping[str, Tensor] | None = None
    ) -> None:
        cache = DynamicCache(config=self._model.config.get_text_config())
        last_logits(self._model, ids[None].to(self._device), past_key_values=cache, **(extra_inputs or {}))
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
        self._ids.copy_(to_device(ids, self._device))
        self._positions.copy_(to_device(positions, self._device))
        for slot in tokens:
            self._ages[slot] += 1
        if not self._graphed:
            longest = max(self._ages[slot] for slot in tokens)
            return self._stepped(-(-longest // _BLOCK) * _BLOCK)
        if self._graph is None:
            # Warm-up runs do no harm: they write the same values to the same places.
            self._graph = StepGraph(lambda: self._stepped(self._room), self._device)
        return self._graph.replay()

    def end(self, slot: int) -> None:
        self._ages[slot] = 0
        if not any(self._ages) and self._room > ROOM:  # a long text is over: free its memory
            self._room, self._layers, self._graph = ROOM, [], None

    def _stepped(self, length: int) -> Tensor:
        """The step over the first ``length`` places of the cache. Its only inputs are ``_ids``,
        ``_positions`` and the cache, and it never synchronises with the device."""
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
            self._graph = None  # it refers to the old cache
            for layer in self._layers:
                layer.lengthen(room)
            self._room = room


class SeparateSlots:
    """Each text in a step of its own: for models that cache something else than the keys and values of all
    tokens, or whose rows depend on each other."""

    def __init__(self, model: Any, count: int) -> None:
        self._model = model
        self._count = count
        self._caches: dict[int, DynamicCache] = {}

    @torch.inference_mode()
    def begin(
        self, slot: int, ids: Tensor, expected: int, extra_inputs: Mapping[str, Tensor] | None = None
    ) -> None:
        self._caches[slot] = DynamicCache(config=self._model.config.get_text_config())
        ids = ids[None].to(self._model.device)
        last_logits(self._model, ids, past_key_values=self._caches[slot], **(extra_inputs or {}))

    @torch.inference_mode()
    def step(self, tokens: Mapping[int, int]) -> Tensor:
        ids = to_device(torch.tensor(list(tokens.values())), self._model.device)
        rows = {slot: self._step_one(slot, ids[place, None, None]) for place, slot in enumerate(tokens)}
        idle = torch.zeros_like(next(iter(rows.values())))
        return torch.stack([rows.get(slot, idle) for slot in range(self._count)])

    def _step_one(self, slot: int, token: Tensor) -> Tensor:
        """The logits ``(vocabulary)`` after ``token (1, 1)`` of one text."""
        return last_logits(self._model, token, past_key_values=self._caches[slot])[0]

    def end(self, slot: int) -> None:
        self._caches.pop(slot, None)


def slots_for(model: Any, count: int, *, graphed: bool) -> TextSlots:
    """The class of slots that suits the model. ``graphed`` as in ``BatchedSlots``."""
    config = model.config.get_text_config()
    layers = DynamicCache(config=config).layers
    whole = bool(layers) and all(type(layer) is DynamicLayer for layer in layers)
    experts = any(
        getattr(config, name, None) for name in ("num_experts", "num_local_experts", "n_routed_experts")
    )
    turning = getattr(config, "rope_parameters", None) or {}
    changing = turning.get("rope_type") in (
        "dynamic",
        "longrope",
    )  # positions depend on the longest text of a batch
    if whole and not experts and not changing:
        return BatchedSlots(model, count, graphed=graphed)
    return SeparateSlots(model, count)


def cache_bytes(config: Any, count: int, number_bytes: float) -> int:
    """Bytes of the first cache of ``count`` slots, for a model of transformers with this config."""
    config = config.get_text_config()
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    kept = getattr(config, "num_key_value_heads", None) or heads
    return int(2 * config.num_hidden_layers * kept * width * count * ROOM * number_bytes)


class _Layer(CacheLayerMixin):  # type: ignore[misc]  # transformers is not typed
    """Keys and values of one layer, ``(slots, heads, room, width of a head)``. Attention reads the first
    ``length`` places."""

    is_compileable = True

    def __init__(self, like: Any, positions: Tensor, room: int) -> None:
        """``like`` is the layer of a cache with a text in it. ``positions (slots)`` is where the next token
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
        """Stores the keys and values of one token of each slot. Returns all that are stored."""
        self.keys[self._rows, :, self._positions] = keys[:, :, 0]
        self.values[self._rows, :, self._positions] = values[:, :, 0]
        return self.keys[:, :, : self.length], self.values[:, :, : self.length]

    def lengthen(self, room: int) -> None:
        more = (0, 0, 0, room - self.keys.shape[2])
        self.keys, self.values = (torch.nn.functional.pad(kept, more) for kept in (self.keys, self.values))

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Nothing to do: the constructor has done it."""

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.length, 0

    def get_seq_length(self) -> int:
        return 0  # differs between slots: each step passes positions and mask

    def get_max_length(self) -> int:
        return self.length


def to_device(values: Tensor, device: torch.device) -> Tensor:
    """Copies ``values`` from main memory to ``device`` without waiting. A GPU needs pinned memory for
    that."""
    if device.type == "cuda":
        values = values.pin_memory()  # PyTorch keeps it until the copy has ended
    return values.to(device, non_blocking=True)


def last_logits(model: Any, ids: Tensor, **more: Any) -> Tensor:
    """The logits after the last token, ``(rows, vocabulary)``, float32."""
    logits: Tensor = model(input_ids=ids, use_cache=True, logits_to_keep=1, **more).logits
    return logits[:, -1].float()
