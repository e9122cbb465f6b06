"""Qwen and Qwen-VL: whole plans and scenes, and for Qwen the step as a graph and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from config.engine import Report
from inference.text.slots import BatchedSlots
from inference.weights import stored_tensors
from lyrics.contract import PlanRequest
from tests.gpu_check.card import Card, Ceilings
from tests.gpu_check.findings import Findings
from tests.gpu_check.narrow import look_at_narrow_weights
from tests.gpu_check.trial import behaviour, eager, moved
from vision.contract import ImageRequest

PLANS, SCENES = 8, 4
"""Texts written at a time."""


def look_at_writer(findings: Findings, card: Card, ceilings: Ceilings, folder: Path) -> None:
    with moved(findings, card, "qwen", folder) as engine:
        behaviour(findings, card, engine, _plan(1), _plan(2), PLANS, engine._model)
        _graph(findings, card, engine)
        _steps(findings, card, engine, ceilings, folder)
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


def _logits(
    slots: BatchedSlots, count: int, steps: int, step: Callable[[Mapping[int, int]], Tensor]
) -> list[Tensor]:
    """Of the first text, at each of so many steps with tokens that were drawn before."""
    _begun(slots, count, 40)
    kept = [step({slot: 10 + number + slot for slot in range(count)})[0].clone() for number in range(steps)]
    _ended(slots)
    return kept


def _graph(findings: Findings, card: Card, engine: Any) -> None:
    slots, steps = engine._batch._slots, 4 if card.tiny else 16
    replayed: list[Tensor] = []
    with findings.check("graph equal to eager") as found:
        replayed = _logits(slots, PLANS, steps, slots.step)
        with eager(slots, lambda: slots._stepped(slots._room)):
            unrecorded = _logits(slots, PLANS, steps, slots.step)
        found.ok = all(map(torch.equal, replayed, unrecorded)) and bool(torch.isfinite(replayed[-1]).all())
        found.figure = f"{steps} steps of {PLANS} texts, " + (
            "the same logits" if found.ok else "other logits"
        )
    with findings.check("logits alone and among others") as found:
        alone = _logits(slots, 1, steps, slots.step)
        found.ok = bool(replayed) and all(map(torch.equal, alone, replayed))
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
            tokens = dict.fromkeys(range(count), 11)
            slots.step(tokens)
            seconds = card.seconds(lambda tokens=tokens: slots.step(tokens), times=10)
            _ended(slots)
            found.figure = (
                f"{1000 * seconds:.2f} ms, {seconds * ceilings.bytes_per_s / bytes_read:.1f} times the floor"
            )
