"""Performs, mixes and masters a score: everything between the page and the finished sound."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from config.engine import Report
from music.sketch import crew
from music.sketch.crew import Span, Tick
from music.sketch.instruments import RATE_HZ, Signal
from music.sketch.master import Mastered, master
from music.sketch.mix import mix
from music.sketch.perform import Rows, play, seat
from music.sketch.score import STEMS, Score, StemName, VocalPart
from music.sketch.voice import sing

VOICE_SENDS: dict[StemName, float] = {"vocals": 0.16, "backing": 0.30}
WRITTEN, PERFORMED, MIXED = 0.04, 0.60, 0.80
"""Where in 0..1 each stage ends; mastering takes the rest."""


def produce(score: Score, samples: int, *, seed: int, report: Report) -> Mastered:
    """The finished song, ``(2, samples)``, with its stems. ``report`` goes from ``WRITTEN`` to nearly 1."""
    dry = perform(score, samples, seed=seed, span=Span(report, "playing", WRITTEN, PERFORMED))
    stems = mix(score, dry, seed=seed, span=Span(report, "mixing", PERFORMED, MIXED))
    return master(score, stems, samples=samples, span=Span(report, "mastering", MIXED, 0.99))


def perform(score: Score, samples: int, *, seed: int, span: Span) -> dict[StemName, Rows]:
    """The dry stems that hold anything, each ``(3, samples)``: left, right and the send to the room."""

    def playing(stem: StemName) -> Callable[[Tick], list[tuple[StemName, Rows]]]:
        parts = [part for part in score.parts if part.stem == stem and part.notes]
        return lambda tick: [(stem, play(parts, tempo_bpm=score.tempo_bpm, samples=samples, tick=tick))]

    def singing(tick: Tick) -> list[tuple[StemName, Rows]]:
        return _sung(score, samples, seed, tick)

    played = [s for s in STEMS if any(part.stem == s and part.notes for part in score.parts)]
    pieces: list[Callable[[Tick], list[tuple[StemName, Rows]]]] = [playing(stem) for stem in played]
    weights = [1.0] * len(pieces)
    stage = span
    if score.vocals:
        pieces.insert(0, singing)
        weights.insert(0, 4.0)
        stage = Span(span.report, "singing", span.start, span.end)
    made = crew.run(pieces, stage, weights)
    return {stem: rows for stems in made for stem, rows in stems}


def _sung(score: Score, samples: int, seed: int, tick: Tick) -> list[tuple[StemName, Rows]]:
    takes = sing(
        score.vocals,
        tempo_bpm=score.tempo_bpm,
        length=samples,
        rate_hz=RATE_HZ,
        seed=seed,
        report=lambda _stage, fraction: tick(0.95 * fraction),
    )
    stems: dict[StemName, Rows] = {}
    for part in score.vocals:
        tick(0.95)
        if part.stem not in stems:
            stems[part.stem] = np.zeros((3, samples), dtype=np.float32)
        # Each take is let go as soon as it is laid down: a whole song's worth of memory.
        take = takes.pop(0)
        for row, gain in zip(stems[part.stem], _seat_of(part), strict=True):
            row += gain * take
    tick(1.0)
    return list(stems.items())


def _seat_of(part: VocalPart) -> Signal:
    return seat(part.pan, 10.0 ** (part.gain_db / 20.0), VOICE_SENDS[part.stem])[:, 0]
