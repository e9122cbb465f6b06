"""Performs, mixes and masters a score."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from config.engine import Report
from music.sketch import parallel
from music.sketch.instruments import RATE_HZ
from music.sketch.master import Master, master
from music.sketch.mix import mix
from music.sketch.parallel import Span, Tick
from music.sketch.perform import Rows, pan_gains, play
from music.sketch.score import STEMS, Score, StemName
from music.sketch.voice import sing
from music.stems import MOST_BYTES, blank, put_aside

VOICE_SENDS: dict[StemName, float] = {"vocals": 0.16, "backing": 0.30}
WRITTEN, PERFORMED, MIXED = 0.04, 0.60, 0.80
"""The progress, in 0..1, at the end of writing, playing and mixing; mastering takes the rest."""


def produce(score: Score, samples: int, *, seed: int, report: Report) -> Master:
    """The finished song, ``(2, samples)``, with its stems. Reports progress from ``WRITTEN`` to 0.99."""
    dry = perform(score, samples, seed=seed, span=Span(report, "playing", WRITTEN, PERFORMED))
    stems = mix(score, dry, seed=seed, span=Span(report, "mixing", PERFORMED, MIXED))
    return master(score, stems, samples=samples, span=Span(report, "mastering", MIXED, 0.99))


def perform(score: Score, samples: int, *, seed: int, span: Span) -> dict[StemName, Rows]:
    """The dry stems that are not empty, each ``(3, samples)``: left, right and the send to the room."""

    sections = [section.start for section in score.sections] or [0.0]
    sounding = {part.stem for part in score.parts if part.notes} | {part.stem for part in score.vocals}
    in_file = 4 * 3 * samples * len(sounding) > MOST_BYTES

    def playing(stem: StemName) -> Callable[[Tick], list[tuple[StemName, Rows]]]:
        parts = [part for part in score.parts if part.stem == stem and part.notes]

        def played(tick: Tick) -> list[tuple[StemName, Rows]]:
            rows = play(
                parts,
                tempo_bpm=score.tempo_bpm,
                samples=samples,
                tick=tick,
                sections=sections,
                in_file=in_file,
            )
            return [(stem, rows)]

        return played

    def singing(tick: Tick) -> list[tuple[StemName, Rows]]:
        return _sung(score, samples, seed, tick, in_file=in_file)

    played = [s for s in STEMS if any(part.stem == s and part.notes for part in score.parts)]
    pieces: list[Callable[[Tick], list[tuple[StemName, Rows]]]] = [playing(stem) for stem in played]
    weights = [1.0] * len(pieces)
    stage = span
    if score.vocals:
        pieces.insert(0, singing)
        weights.insert(0, 4.0)
        stage = Span(span.report, "singing", span.start, span.end)
    made = parallel.run(pieces, stage, weights)
    return {stem: rows for stems in made for stem, rows in stems}


def _sung(score: Score, samples: int, seed: int, tick: Tick, *, in_file: bool) -> list[tuple[StemName, Rows]]:
    stems: dict[StemName, Rows] = {
        stem: blank(3, samples, in_file=in_file) for stem in dict.fromkeys(part.stem for part in score.vocals)
    }
    # Each phrase is freed as soon as it is added wherever it is heard.
    for sung in sing(
        score.vocals,
        tempo_bpm=score.tempo_bpm,
        rate_hz=RATE_HZ,
        seed=seed,
        report=lambda _stage, fraction: tick(fraction),
    ):
        rows = stems[sung.part.stem]
        gains = pan_gains(sung.pan, 10.0 ** (sung.part.gain_db / 20.0), VOICE_SENDS[sung.part.stem])
        for at, gain in sung.places:
            heard = sung.sound[max(0, -at) : max(0, samples - at)]
            rows[:, max(0, at) : max(0, at) + len(heard)] += np.float32(gain) * gains * heard
        put_aside(rows)
    return list(stems.items())
