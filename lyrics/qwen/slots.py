"""A chat model's steps for several texts at once, each in a slot of its own, so that none can tell whether
the others are there.

Whatever is sampled from logits turns over with their last bit, and that depends on the shapes of the
products that made it. So the step always has the same shape: all slots take part, used or not, each with its
text at the beginning of its own row of the cache; a prompt is read alone. On a processor the logits are then
the same to the bit in every slot, whoever else is there and however long the cache has grown; on a GPU as
long as it has not grown, for which a text must have more than 4096 tokens. There the step is replayed as one
CUDA graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicLayer

_SHORTEST = {"cpu": 1024, "cuda": 4096}
"""Tokens that a slot has room for at first; each time it gets too short, twice as many."""


class Slots:
    """Texts side by side in ``count`` slots. Not safe in threads: one caller at a time."""

    def __init__(self, model: Any, count: int) -> None:
        self.count = count
        self._model = model
        self._device: torch.device = model.device
        self._length = _SHORTEST.get(self._device.type, 1024)
        self._ids = torch.zeros(count, 1, dtype=torch.long, device=self._device)
        self._positions = torch.zeros(count, dtype=torch.long, device=self._device)
        self._ages = [0] * count  # as _positions, known without asking the device
        self._layers: list[_Layer] = []
        self._graph: torch.cuda.CUDAGraph | None = None
        self._logits = torch.empty(0)

    @torch.inference_mode()
    def begin(self, slot: int, ids: Tensor) -> Tensor:
        """Reads a prompt ``(tokens)`` into ``slot``; logits ``(vocabulary)``, float32, of what follows."""
        cache = DynamicCache(config=self._model.config.get_text_config())
        logits = _logits(self._model, ids[None].to(self._device), past_key_values=cache)
        if not self._layers:
            self._layers = [_Layer(self, layer) for layer in cache.layers]
        self._ages[slot] = len(ids)
        self._make_room()
        for layer, read in zip(self._layers, cache.layers, strict=True):
            layer.keys[slot, :, : len(ids)] = read.keys[0]
            layer.values[slot, :, : len(ids)] = read.values[0]
        return logits[0]

    @torch.inference_mode()
    def step(self, tokens: Mapping[int, int]) -> Tensor:
        """Takes in one more token in each of these slots; logits ``(slots, vocabulary)``, float32, of what
        follows, those of the other slots without a meaning."""
        self._make_room()
        ids = torch.tensor([[tokens.get(slot, 0)] for slot in range(self.count)])
        ages = torch.tensor([self._ages[slot] if slot in tokens else 0 for slot in range(self.count)])
        self._ids.copy_(ids)
        self._positions.copy_(ages)
        for slot in tokens:
            self._ages[slot] += 1
        if self._device.type != "cuda":
            return self._stepped()
        if self._graph is None:
            self._capture()
        assert self._graph is not None
        self._graph.replay()
        return self._logits

    def end(self, slot: int) -> None:
        """The slot is free for another text."""
        self._ages[slot] = 0

    def _stepped(self) -> Tensor:
        places = torch.arange(self._length, device=self._device)
        unseen = places > self._positions[:, None, None, None]
        mask = torch.zeros(unseen.shape, dtype=self._model.dtype, device=self._device)
        return _logits(
            self._model,
            self._ids,
            attention_mask=mask.masked_fill_(unseen, -torch.inf),  # (slots, 1, 1, length)
            position_ids=self._positions[:, None],
            past_key_values=Cache(layers=self._layers),
        )

    def _capture(self) -> None:
        """Records the step once, launch by launch; others may use the device meanwhile."""
        with torch.cuda.device(self._device):
            aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                for _ in range(2):  # libraries choose and set up their kernels, which cannot be recorded
                    self._stepped()
            torch.cuda.current_stream().wait_stream(aside)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self._logits = self._stepped()
        self._graph = graph

    def _make_room(self) -> None:
        while max(self._ages) >= self._length:
            self._length *= 2
            self._graph = None
            for layer in self._layers:
                layer.lengthen()

    @property
    def length(self) -> int:
        return self._length

    @property
    def positions(self) -> Tensor:
        """Of the token that is taken in, in each slot ``(slots)``."""
        return self._positions


class Singly:
    """The same for models whose layers keep something else than the keys and values of all tokens, or treat a
    row by what is in the others: each text has a step of its own."""

    def __init__(self, model: Any, count: int) -> None:
        self.count = count
        self._model = model
        self._caches: dict[int, DynamicCache] = {}
        self._logits = torch.empty(0)

    @torch.inference_mode()
    def begin(self, slot: int, ids: Tensor) -> Tensor:
        self._caches[slot] = DynamicCache(config=self._model.config.get_text_config())
        ids = ids[None].to(self._model.device)
        return _logits(self._model, ids, past_key_values=self._caches[slot])[0]

    @torch.inference_mode()
    def step(self, tokens: Mapping[int, int]) -> Tensor:
        rows: dict[int, Tensor] = {}
        for slot, token in tokens.items():
            ids = torch.tensor([[token]], device=self._model.device)
            rows[slot] = _logits(self._model, ids, past_key_values=self._caches[slot])[0]
        idle = torch.zeros_like(next(iter(rows.values())))
        return torch.stack([rows.get(slot, idle) for slot in range(self.count)])

    def end(self, slot: int) -> None:
        self._caches.pop(slot, None)


def slots_for(model: Any, count: int) -> Slots | Singly:
    """Whichever of the two suits the model."""
    config = model.config.get_text_config()
    layers = DynamicCache(config=config).layers
    whole = bool(layers) and all(type(layer) is DynamicLayer for layer in layers)
    experts = any(
        getattr(config, name, None) for name in ("num_experts", "num_local_experts", "n_routed_experts")
    )
    turning = getattr(config, "rope_parameters", None) or {}
    changing = turning.get("rope_type") in ("dynamic", "longrope")  # turns by the longest text of a batch
    return Slots(model, count) if whole and not experts and not changing else Singly(model, count)


class _Layer(CacheLayerMixin):  # type: ignore[misc]  # transformers is not typed
    """Keys and values of one layer, ``(slots, heads, length, width of a head)``."""

    is_compileable = True

    def __init__(self, slots: Slots, like: Any) -> None:
        super().__init__()
        self._slots = slots
        self._rows = torch.arange(slots.count, device=like.keys.device)
        self.keys, self.values = (
            kept.new_zeros(slots.count, kept.shape[1], slots.length, kept.shape[3])
            for kept in (like.keys, like.values)
        )
        self.is_initialized = True

    def update(self, keys: Tensor, values: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Puts in what one token of each slot gives; answers all there is."""
        self.keys[self._rows, :, self._slots.positions] = keys[:, :, 0]
        self.values[self._rows, :, self._slots.positions] = values[:, :, 0]
        return self.keys, self.values

    def lengthen(self) -> None:
        more = self._slots.length - self.keys.shape[2]
        self.keys, self.values = (
            torch.nn.functional.pad(kept, (0, 0, 0, more)) for kept in (self.keys, self.values)
        )

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """It is ready when it is made."""

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self._slots.length, 0

    def get_seq_length(self) -> int:
        return 0  # unlike in each slot: positions and mask are given with every step

    def get_max_length(self) -> int:
        return self._slots.length


def _logits(model: Any, ids: Tensor, **more: Any) -> Tensor:
    """The last token's, ``(rows, vocabulary)``, float32."""
    logits: Tensor = model(input_ids=ids, use_cache=True, logits_to_keep=1, **more).logits
    return logits[:, -1].float()
