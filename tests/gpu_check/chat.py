"""Qwen and Qwen-VL: whole plans and scenes, and for Qwen the step as a graph, what it costs, and the time of
plans of a known length."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from config.engine import Report, ignore_progress
from inference.text.constrained import Text
from inference.text.slots import COLUMNS, BatchedSlots, Feed
from inference.weights import stored_tensors
from lyrics.contract import PlanRequest
from tests.gpu_check.card import Card, Ceilings
from tests.gpu_check.findings import Findings
from tests.gpu_check.narrow import look_at_narrow_weights
from tests.gpu_check.trial import behaviour, eager, moved
from tests.lyrics.plans import FULL, SHORT, as_lines
from vision.contract import ImageRequest

PLANS, SCENES = 8, 4
"""Texts written at a time."""


def look_at_writer(findings: Findings, card: Card, ceilings: Ceilings, folder: Path) -> None:
    with moved(findings, card, "qwen", folder) as engine:
        behaviour(findings, card, engine, _plan(1), _plan(2), PLANS, engine._model)
        look_at_graph(findings, card, engine)
        _steps(findings, card, engine, ceilings, folder)
        _wall_time(findings, card, engine)
        look_at_narrow_weights(findings, card)


def look_at_reader(findings: Findings, card: Card, _ceilings: Ceilings, folder: Path) -> None:
    with moved(findings, card, "qwen_vl", folder) as engine:
        behaviour(findings, card, engine, _scene(1, card), _scene(2, card), SCENES, engine._model)


def _plan(seed: int) -> Callable[[Any, Report], str]:
    request = PlanRequest(description=f"a song about {'a' * seed} river", seed=seed, duration_s=10.0)
    return lambda engine, report: engine.plan(request, report).model_dump_json()


def _scene(seed: int, card: Card) -> Callable[[Any, Report], str]:
    side = 64 if card.tiny else 768
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    return lambda engine, report: engine.read(ImageRequest(pixels, seed=seed), report).model_dump_json()


def _begun(slots: BatchedSlots, count: int, length: int) -> None:
    chance = torch.Generator().manual_seed(7)
    for slot in range(count):
        slots.begin(slot, torch.randint(5, 2000, (length,), generator=chance), expected=64)


def _ended(slots: BatchedSlots) -> None:
    for slot in range(PLANS):
        slots.end(slot)


def _logits(slots: BatchedSlots, count: int, steps: int, width: int = 1) -> list[Tensor]:
    """Of the first text, after each of so many tokens that were drawn before, ``width`` of them in a step."""
    _begun(slots, count, 40)
    kept = []
    for first in range(0, steps, width):
        numbers = range(first, first + width)
        slots.step({slot: Feed(tuple(10 + number + slot for number in numbers)) for slot in range(count)})
        kept += [slots.logits({0: column})[0].clone() for column in range(width)]
    _ended(slots)
    return kept


def look_at_graph(findings: Findings, card: Card, engine: Any) -> None:
    """The step's graph against the step itself, in company and alone, in one column and in several."""
    slots, steps = engine._batch._slots, 4 if card.tiny else 16
    replayed: list[Tensor] = []
    with findings.check("graph equal to eager") as found:
        replayed = _logits(slots, PLANS, steps)
        with eager(slots, lambda: slots._stepped(slots._room)):
            unrecorded = _logits(slots, PLANS, steps)
        found.ok = all(map(torch.equal, replayed, unrecorded)) and bool(torch.isfinite(replayed[-1]).all())
        found.figure = f"{steps} steps of {PLANS} texts, " + (
            "the same logits" if found.ok else "other logits"
        )
    with findings.check("logits alone and among others") as found:
        alone = _logits(slots, 1, steps)
        found.ok = bool(replayed) and all(map(torch.equal, alone, replayed))
        found.figure = "the same logits" if found.ok else "other logits"
    with findings.check("logits of tokens one by one and together") as found:
        together = _logits(slots, PLANS, steps, width=4)
        found.ok = bool(replayed) and all(map(torch.equal, together, replayed))
        found.figure = "the same logits" if found.ok else "other logits"


def _steps(findings: Findings, card: Card, engine: Any, ceilings: Ceilings, folder: Path) -> None:
    """Against the time in which the memory gives the weights, of which the table of words is not read."""
    slots = engine._batch._slots
    tensors = stored_tensors(folder, engine.info.precision)
    bytes_read = sum(
        tensor.size_bytes for tensor in tensors if not tensor.name.endswith("embed_tokens.weight")
    )
    for count in (1, PLANS):
        with findings.check(f"a step of {count}") as found:
            _begun(slots, count, 400)
            feeds = dict.fromkeys(range(count), Feed((11,) * COLUMNS))
            slots.step(feeds)
            seconds = card.seconds(lambda feeds=feeds: slots.step(feeds), times=10)
            _ended(slots)
            found.figure = (
                f"{1000 * seconds:.2f} ms, {seconds * ceilings.bytes_per_s / bytes_read:.1f} times the floor"
            )


def _wall_time(findings: Findings, card: Card, engine: Any) -> None:
    """Of plans of a song of 180 s with three choruses, whatever the weights would write."""
    words = as_lines(SHORT if card.tiny else FULL)
    if card.tiny:
        words = words[: words.index("# bridge")] + "# end"
    request = PlanRequest(description="a dreamy synthwave song", duration_s=180.0, seed=1)
    for count in (1, PLANS):
        with findings.check(f"plans of 180 s: {count}") as found, _wanting(engine, words) as steps:
            with ThreadPoolExecutor(count) as threads:
                began = time.perf_counter()
                made = list(threads.map(lambda _: engine.plan(request, ignore_progress), range(count)))
                seconds = time.perf_counter() - began
            found.ok = all(plan.title == "Neon Rain" for plan in made)
            found.figure = f"{seconds:.2f} s, {len(steps)} steps"


@contextmanager
def _wanting(engine: Any, words: str) -> Iterator[list[int]]:
    """In the block, the model wants ``words``: where a token is drawn, theirs gets all the weight. Yields a
    list with an item for each of the model's steps."""
    batch, slots, tokenizer = engine._batch, engine._batch._slots, engine._tokenizer
    join, step, logits = batch.join, slots.step, slots.logits
    texts: dict[int, Text] = {}
    steps: list[int] = []

    def joined(text: Text) -> None:
        join(text)
        texts[text.slot or 0] = text

    def counted(feeds: Mapping[int, Feed]) -> None:
        steps.append(len(feeds))
        step(feeds)

    def wanting(columns: Mapping[int, int]) -> Tensor:
        found: Tensor = logits(columns).clone()
        for slot in columns:
            left = words.removeprefix(texts[slot].decoded(tokenizer))
            found[slot, tokenizer.encode(left, add_special_tokens=False)[0]] += 1e4
        return found

    batch.join, slots.step, slots.logits = joined, counted, wanting
    try:
        yield steps
    finally:
        del batch.join, slots.step, slots.logits
