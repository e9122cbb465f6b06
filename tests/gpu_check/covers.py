"""Covers: SDXL Turbo, and the engine ``diffusion`` with its default."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from art.contract import CoverRequest
from config.engine import Report, ignore_progress
from tests.gpu_check.card import Card, Ceilings
from tests.gpu_check.findings import Findings
from tests.gpu_check.network import Pass
from tests.gpu_check.trial import behaviour, moved

COMPANY = 3
"""Callers: one cover is painted at a time, and the others wait."""


def look(findings: Findings, card: Card, ceilings: Ceilings, folder: Path) -> None:
    """``findings.part`` is the engine's name."""
    with moved(findings, card, findings.part, folder) as engine:
        network = _network(engine)
        behaviour(findings, card, engine, _cover(1, card), _cover(2, card), COMPANY, network)
        with findings.check("a cover") as found, Pass(network) as passed:
            use = _cover(1, card)
            seconds = card.seconds(lambda: use(engine, ignore_progress))
            found.figure = f"{seconds:.2f} s, {passed.count} passes; {passed.figure(card, ceilings)}"
            found.ok = passed.count > 0


def _network(engine: Any) -> Any:
    pipe = engine._pipe
    return pipe.unet if hasattr(pipe, "unet") else pipe.transformer


def _cover(seed: int, card: Card) -> Callable[[Any, Report], bytes]:
    size = 256 if card.tiny else 1024
    request = CoverRequest(prompt=f"a lighthouse, {seed} boats", title="Sea", seed=seed, size=size)
    return lambda engine, report: engine.paint(request, report).pixels.tobytes()
