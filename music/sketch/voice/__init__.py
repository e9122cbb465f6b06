"""The embedded singer: English phones on notes, by formant synthesis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from config.engine import Report, ignore_progress
from music.sketch.score import SungNote, VocalPart
from music.sketch.voice.articulation import FRAME_HZ, Manner, articulate
from music.sketch.voice.source import Timbre, synthesise

_PHRASE_GAP_S = 0.6
_LEAD_S, _TAIL_S = 0.65, 0.25
_LEVEL = 0.1  # RMS of a full vowel: -20 dBFS

_TIMBRES = {
    "female": Timbre(tract=1.0, upper_hz=(3900.0, 4700.0), effort=0.5),
    "male": Timbre(tract=0.86, upper_hz=(3300.0, 3900.0), effort=0.45),
}
_ROLES = {"lead": 0, "double": 1, "harmony": 2}


def sing(
    parts: Sequence[VocalPart],
    *,
    tempo_bpm: float,
    length: int,
    rate_hz: int,
    seed: int,
    report: Report = ignore_progress,
) -> list[NDArray[np.float32]]:
    """Each part as mono ``(length,)`` float32, in order, at about -20 dBFS RMS while it sings at velocity
    0.8.

    The lead's vowels begin on their notes; doubles and harmonies are takes of their own, up to 12 ms early or
    late. Raises ``EngineFailed`` for a syllable with an unknown phone.
    """
    total = max(1, sum(len(part.notes) for part in parts))
    sung = 0
    takes = []
    for index, part in enumerate(parts):
        take = np.zeros(length, np.float32)
        rng = np.random.default_rng([seed, index])
        timbre, manner = _take_of(part, rng)
        for phrase in _phrases(part.notes, 60.0 / tempo_bpm):
            report("singing", sung / total)
            _sing_phrase(take, phrase, 60.0 / tempo_bpm, rate_hz, part.role, timbre, manner, rng)
            sung += len(phrase)
        takes.append(take)
    report("singing", 1.0)
    return takes


def _take_of(part: VocalPart, rng: np.random.Generator) -> tuple[Timbre, Manner]:
    """The lead as it is; another take of the same singer for the rest."""
    timbre, manner = _TIMBRES[part.voice], Manner()
    if part.role == "lead":
        return timbre, manner
    other = Timbre(
        tract=timbre.tract * rng.uniform(0.965, 1.035),
        upper_hz=timbre.upper_hz,
        effort=timbre.effort * (0.8 if part.role == "harmony" else 1.0),
        breath=timbre.breath * 1.6,
    )
    return other, Manner(
        vibrato_hz=rng.uniform(5.1, 5.9), vibrato_cents=18.0, drift_cents=8.0, scoop_cents=35.0, breath=0.02
    )


def _phrases(notes: Sequence[SungNote], beat_s: float) -> Iterator[list[SungNote]]:
    phrase: list[SungNote] = []
    for note in notes:
        gap_s = (note.start - phrase[-1].start - phrase[-1].duration) * beat_s if phrase else 0.0
        if phrase and (gap_s > _PHRASE_GAP_S or note.line != phrase[-1].line):
            yield phrase
            phrase = []
        phrase.append(note)
    if phrase:
        yield phrase


def _sing_phrase(
    take: NDArray[np.float32],
    notes: Sequence[SungNote],
    beat_s: float,
    rate_hz: int,
    role: str,
    timbre: Timbre,
    manner: Manner,
    rng: np.random.Generator,
) -> None:
    late = rng.normal(0.0, 0.006, len(notes)).clip(-0.012, 0.012) if role != "lead" else np.zeros(len(notes))
    starts = [note.start * beat_s + shift for note, shift in zip(notes, late, strict=True)]
    ends = [(note.start + note.duration) * beat_s for note in notes]
    origin = max(0.0, starts[0] - _LEAD_S)
    first = round(origin * rate_hz)
    samples = min(round((ends[-1] + _TAIL_S) * rate_hz), len(take)) - first
    if samples <= 0:
        return
    frames = int(samples * FRAME_HZ / rate_hz) + 2
    tracks = articulate(notes, starts, ends, first / rate_hz, frames, manner, rng)
    take[first : first + samples] += synthesise(tracks, timbre, samples, rate_hz, rng)
