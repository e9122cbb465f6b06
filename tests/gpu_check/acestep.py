"""ACE-Step: songs of three and of ten minutes, and what a pass through its transformer costs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from config.engine import Report, ignore_progress
from music.contract import MusicRequest
from tests.gpu_check.card import Card, Ceilings
from tests.gpu_check.findings import Findings
from tests.gpu_check.network import Pass
from tests.gpu_check.trial import behaviour, moved

COMPANY = 4
_LYRICS = "[verse]\n" + "\n".join(f"line {number} of a song about the sea" for number in range(12))


def look(findings: Findings, card: Card, ceilings: Ceilings, folder: Path) -> None:
    with moved(findings, card, "acestep", folder) as engine:
        reader = engine._pipe.text_encoder
        behaviour(findings, card, engine, _song(1, 10.0), _song(2, 10.0), COMPANY, reader)
        for duration_s in (10.0, 12.0) if card.tiny else (180.0, 600.0):
            with findings.check(f"{duration_s:.0f} s of music") as found:
                _long(found, card, engine, ceilings, duration_s)


def _long(found: Any, card: Card, engine: Any, ceilings: Ceilings, duration_s: float) -> None:
    made = b""

    def make() -> None:
        nonlocal made
        made = _song(3, duration_s)(engine, ignore_progress)

    with card.peak() as peak, Pass(engine._pipe.transformer) as passed:
        seconds = card.seconds(make)
        memory = peak()
        rate = passed.figure(card, ceilings)
    found.figure = f"{seconds:.1f} s, {memory / 1e9:.1f} GB; {passed.count} passes; {rate}"
    found.ok = bool(np.isfinite(np.frombuffer(made, np.float32)).all()) and passed.count > 0


def _song(seed: int, duration_s: float) -> Callable[[Any, Report], bytes]:
    request = MusicRequest(prompt="a slow waltz", lyrics=_LYRICS, seed=seed, duration_s=duration_s)
    return lambda engine, report: engine.compose(request, report).samples.tobytes()
