"""A chat model's steps for several texts at once, each in its own slot. A text's logits do not depend on the
other texts, nor on how many of its tokens a step reads.

The last bit of a logit can change which token is sampled, and that bit depends on the shapes of the matrix
products. So the step always has the same shape: ``COLUMNS`` tokens for each of all slots, used or not, and
each text starts at the beginning of its own row of the cache (``attention``). A prompt is read alone, and the
beginning that it shares with other prompts before the rest of it. On a GPU the step is replayed as one CUDA
graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import Cache, DynamicLayer

from inference.graphs import StepGraph
from inference.text.attention import BLOCK, SlotLayer, attention_by_slots, can_attend_by_slots

ROOM = 2048
"""Tokens that a slot has room for at first. For a longer text the room of all slots is doubled,
repeatedly."""
COLUMNS = 16
"""Tokens of a text that a step reads. Eight texts are a matrix product of 128 rows, which should cost a GPU
little more than one of 8 rows: it waits for the weights."""
_PREFIXES = 4  # kept at a time; an engine has one


@dataclass(frozen=True)
class Feed:
    """The tokens of a text that a step reads, in columns: first ``chain``, then ``leaves``."""

    chain: tuple[int, ...]
    """Tokens that follow one another; one or more. Those after the first few may be guesses."""
    leaves: tuple[tuple[int, int], ...] = ()
    """Guesses: how many tokens of the chain come before it, and the token."""


class TextSlots(Protocol):
    """Several texts in slots. Not thread-safe."""

    guesses: bool
    """Whether a feed may have tokens that are not kept. If not, it has no leaves, and there are logits after
    the last token of its chain alone."""

    def begin(self, slot: int, ids: Tensor, expected: int, *, shared: int = 0, **more: Tensor) -> None:
        """Reads a text ``(tokens)``, one token or more, into a free ``slot``. About ``expected`` more tokens
        will follow. The first ``shared`` tokens are those of other texts, too. ``more`` are further inputs
        of the model for all these tokens."""

    def step(self, feeds: Mapping[int, Feed]) -> None:
        """Reads more tokens in each of these slots, at most ``COLUMNS``. The tokens of the chain are kept, at
        first."""

    def logits(self, columns: Mapping[int, int]) -> Tensor:
        """The logits after these columns of the latest step, by slot: ``(slots, vocabulary)``, float32. Rows
        of other slots have no meaning."""

    def drop(self, slot: int, tokens: int) -> None:
        """Takes the last ``tokens`` of the chain of the latest step back."""

    def end(self, slot: int) -> None:
        """The slot is free for another text."""


class BatchedSlots:
    """All texts in one step over one cache of fixed size."""

    guesses = True

    def __init__(self, model: Any, count: int, *, graphed: bool) -> None:
        """``graphed``: the step is one CUDA graph over the whole room, as on a GPU."""
        self._model = model
        self._graphed = graphed
        self._device: torch.device = model.device
        self._count = count
        self._room = ROOM
        # Token, position, and place in the cache of each column.
        self._inputs = torch.zeros(3, count, COLUMNS, dtype=torch.long, device=self._device)
        self._ages = [0] * count
        self._layers: list[SlotLayer] = []
        self._graph: StepGraph[Tensor] | None = None
        self._logits: Tensor | None = None
        self._prefixes: dict[tuple[int, ...], list[tuple[Tensor, Tensor]]] = {}

    @torch.inference_mode()
    def begin(self, slot: int, ids: Tensor, expected: int, *, shared: int = 0, **more: Tensor) -> None:
        cache = DynamicCache(config=self._model.config.get_text_config())
        if shared:
            for number, kept in enumerate(self._prefix(ids[:shared])):
                cache.update(*kept, number)
        last_logits(self._model, ids[None, shared:].to(self._device), past_key_values=cache, **more)
        if not self._layers:
            self._layers = [SlotLayer(layer, self._inputs[2], self._room) for layer in cache.layers]
        self._make_room(len(ids) + expected)
        for layer, read in zip(self._layers, cache.layers, strict=True):
            layer.keys[slot, :, : len(ids)] = read.keys[0]
            layer.values[slot, :, : len(ids)] = read.values[0]
        self._ages[slot] = len(ids)

    def _prefix(self, ids: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Keys and values of each layer for the beginning of a text. They are the same whether they are kept
        or computed anew."""
        name = tuple(ids.tolist())
        if name not in self._prefixes:
            cache = DynamicCache(config=self._model.config.get_text_config())
            last_logits(self._model, ids[None].to(self._device), past_key_values=cache)
            while len(self._prefixes) >= _PREFIXES:
                del self._prefixes[next(iter(self._prefixes))]
            self._prefixes[name] = [(layer.keys, layer.values) for layer in cache.layers]
        return self._prefixes[name]

    @torch.inference_mode()
    def step(self, feeds: Mapping[int, Feed]) -> None:
        ages = {slot: self._ages[slot] + len(feed.chain) for slot, feed in feeds.items()}
        self._make_room(max(ages.values()))
        self._inputs.copy_(to_device(self._columns(feeds), self._device))
        self._ages = [ages.get(slot, age) for slot, age in enumerate(self._ages)]
        if not self._graphed:
            self._logits = self._stepped(-(-max(ages.values()) // BLOCK) * BLOCK)
            return
        if self._graph is None:
            # Warm-up runs do no harm: they write the same values to the same places.
            self._graph = StepGraph(lambda: self._stepped(self._room), self._device)
        self._logits = self._graph.replay()

    def _columns(self, feeds: Mapping[int, Feed]) -> Tensor:
        """``(3, slots, COLUMNS)``: as ``_inputs``. The place after all others is for what is not kept."""
        aside = self._room + COLUMNS
        found = torch.zeros(3, self._count, COLUMNS, dtype=torch.long)
        found[2] = aside
        for slot, feed in feeds.items():
            age, length = self._ages[slot], len(feed.chain)
            depths = [depth for depth, _ in feed.leaves]
            columns = [
                [*feed.chain, *(token for _, token in feed.leaves)],
                [age + depth for depth in (*range(length), *depths)],
                [*range(age, age + length), *(aside for _ in depths)],
            ]
            found[:, slot, : length + len(depths)] = torch.tensor(columns)
        return found

    @torch.inference_mode()
    def logits(self, columns: Mapping[int, int]) -> Tensor:
        assert self._logits is not None
        chosen = torch.tensor([columns.get(slot, 0) for slot in range(self._count)])
        rows = torch.arange(self._count, device=self._device)
        return self._logits[rows, to_device(chosen, self._device)].float()

    def drop(self, slot: int, tokens: int) -> None:
        self._ages[slot] -= tokens

    def end(self, slot: int) -> None:
        self._ages[slot] = 0
        if not any(self._ages) and self._room > ROOM:  # a long text is over: free its memory
            self._room, self._layers, self._graph = ROOM, [], None

    def _stepped(self, length: int) -> Tensor:
        """The step over the first ``length`` places of the cache. Its only inputs are ``_inputs`` and the
        cache, and it never synchronises with the device. Returns logits ``(slots, COLUMNS,
        vocabulary)``."""
        ids, positions, _ = self._inputs
        unseen = torch.arange(length, device=self._device) >= positions[:, None, :, None]
        with attention_by_slots(self._model):
            logits: Tensor = self._model(
                input_ids=ids,
                attention_mask=unseen,  # (slots, 1, COLUMNS, length)
                position_ids=positions,
                past_key_values=Cache(layers=self._layers),
                use_cache=True,
            ).logits
        return logits

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

    guesses = False

    def __init__(self, model: Any, count: int) -> None:
        self._model = model
        self._count = count
        self._caches: dict[int, DynamicCache] = {}
        self._rows: dict[int, Tensor] = {}

    @torch.inference_mode()
    def begin(self, slot: int, ids: Tensor, expected: int, *, shared: int = 0, **more: Tensor) -> None:
        self._caches[slot] = DynamicCache(config=self._model.config.get_text_config())
        ids = ids[None].to(self._model.device)
        last_logits(self._model, ids, past_key_values=self._caches[slot], **more)

    @torch.inference_mode()
    def step(self, feeds: Mapping[int, Feed]) -> None:
        ids = to_device(
            torch.tensor([token for feed in feeds.values() for token in feed.chain]), self._model.device
        )
        chains = torch.split(ids, [len(feed.chain) for feed in feeds.values()])
        self._rows = {slot: self._step_one(slot, ids[None]) for slot, ids in zip(feeds, chains, strict=True)}

    def logits(self, columns: Mapping[int, int]) -> Tensor:
        idle = torch.zeros_like(next(iter(self._rows.values())))
        return torch.stack([self._rows.get(slot, idle) for slot in range(self._count)])

    def _step_one(self, slot: int, tokens: Tensor) -> Tensor:
        """The logits ``(vocabulary)`` after ``tokens (1, tokens)`` of one text."""
        return last_logits(self._model, tokens, past_key_values=self._caches[slot])[0]

    def drop(self, slot: int, tokens: int) -> None:
        if tokens:
            raise ValueError("these slots keep all that they read")

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
    if whole and not experts and not changing and can_attend_by_slots(model):
        return BatchedSlots(model, count, graphed=graphed)
    return SeparateSlots(model, count)


def cache_bytes(config: Any, count: int, number_bytes: float) -> int:
    """Bytes of the first cache of ``count`` slots, for a model of transformers with this config."""
    config = config.get_text_config()
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    kept = getattr(config, "num_key_value_heads", None) or heads
    places = ROOM + COLUMNS + 1
    return int(2 * config.num_hidden_layers * kept * width * count * places * number_bytes)


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
