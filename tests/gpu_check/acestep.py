"""ACE-Step: songs of three and of ten minutes, and what a pass through its transformer costs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from config.engine import Report, ignore_progress
from music.contract import Change, MusicRequest, Samples, Source
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
        with findings.check("a span of a recording") as found:
            _repainted(found, card, engine)


def _repainted(found: Any, card: Card, engine: Any) -> None:
    """A span is made anew, and the rest is the sound's own."""
    rate_hz, seconds = 44_100, 12 if card.tiny else 60
    noise = np.random.default_rng(1).standard_normal((2, seconds * rate_hz))
    source = Source((0.1 * noise).astype(np.float32), rate_hz)
    change = Change(start_s=4.0, end_s=8.0)
    request = MusicRequest(prompt="a slow waltz", lyrics=_LYRICS, seed=1, task="repaint", change=change)
    made: list[Samples] = []
    with card.peak() as peak:
        took = [
            card.seconds(lambda: made.append(engine.change(request, source, ignore_progress).samples))
            for _ in range(2)
        ]
        memory = peak()
    kept = [part for part in (slice(0, 3 * rate_hz), slice(9 * rate_hz, None))]
    same = all(np.array_equal(made[0][:, part], source.samples[:, part]) for part in kept)
    found.figure = f"{took[1]:.1f} s, {memory / 1e9:.1f} GB; kept to the sample: {same}"
    found.ok = same and bool(np.isfinite(made[0]).all()) and np.array_equal(*made)


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
