"""The beginning of a song, made before the rest: the first notes of its score, at the level of the song.

Mixer and master decide by what they are given, here only an intro and a verse. So the level of each section
is set again afterwards, to what the master of the whole song will give it as far as the score tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from config.engine import Report
from music.levels.gains import BLOCK, apply_gain, smooth
from music.levels.mastering import TARGET_LUFS
from music.levels.meter import OFFSET_LU, weighted_energy
from music.sketch.instruments import RATE_HZ, Signal
from music.sketch.instruments.strike import Floats
from music.sketch.master import section_targets_db
from music.sketch.production import produce
from music.sketch.score import Score, StemName, SungNote
from music.sketch.styles import MixStyle, style_of
from music.sketch.theory import bar_beats

SHORTEST_SONG_S = 20.0
"""A shorter song is done as soon."""
_USUAL_S, _SHARE, _LONGEST_S = 12.0, 1.0 / 15.0, 40.0
"""A longer song takes longer to make, and so its beginning must last longer: this share of it."""
_EARLIER, _LATER = 0.9, 1.25
"""Where the beginning may end, by its usual length."""
_RING_S = 0.5
"""Notes that begin so shortly after it are played too: a note knows the next one."""
_LONGEST_LINE = 32.0
"""Beats of a line after the end of the beginning: one that comes again later has the same number."""
_GATE_LU = -10.0
_MOST_DB = 12.0


def beginning(score: Score, *, seed: int, report: Report) -> Signal | None:
    """The first 11 seconds or more of the song, ``(2, samples)``; None if the song is too short."""
    if score.duration_s < SHORTEST_SONG_S:
        return None
    end_s = _end_s(score)
    first = _cut(score, end_s)
    samples = round(end_s * RATE_HZ)
    # The master fades out its end, which is not the song's: half a second more is made, and thrown away.
    made = produce(first, samples + round(_RING_S * RATE_HZ), seed=seed, report=report).samples[:, :samples]
    made = np.ascontiguousarray(made)
    _set_levels(made, score)
    return made


def _end_s(score: Score) -> float:
    """Where the beginning ends: at a bar line at which nobody sings, if there is one."""
    usual_s = min(max(_USUAL_S, _SHARE * score.duration_s), _LONGEST_S)
    bar = bar_beats(score.metre)
    last = int(_LATER * usual_s / score.seconds(bar)) + 1
    lines = [score.seconds(bar * number) for number in range(1, last + 1)]
    near = [at for at in lines if _EARLIER * usual_s <= at <= _LATER * usual_s]
    silent = [at for at in near if not _sung_at(score, at)]
    return min(silent or near or [usual_s], key=lambda at: abs(at - usual_s))


def _sung_at(score: Score, at_s: float) -> bool:
    return any(
        score.seconds(note.start) - 0.2 < at_s < score.seconds(note.start + note.duration) + 0.05
        for part in score.vocals
        for note in part.notes
    )


def _cut(score: Score, end_s: float) -> Score:
    """The score without what begins after ``end_s``."""
    last = end_s * score.tempo_bpm / 60.0
    beat = (end_s + _RING_S) * score.tempo_bpm / 60.0
    parts = (replace(p, notes=tuple(n for n in p.notes if n.start < beat)) for p in score.parts)
    sung = (replace(p, notes=_begun(p.notes, last)) for p in score.vocals)
    return replace(
        score,
        duration_s=end_s + _RING_S,
        end=beat,
        sections=tuple(
            replace(s, beats=min(s.beats, beat - s.start)) for s in score.sections if s.start < beat
        ),
        parts=tuple(part for part in parts if part.notes),
        vocals=tuple(part for part in sung if part.notes),
    )


def _begun(notes: Sequence[SungNote], beat: float) -> tuple[SungNote, ...]:
    """The notes of the lines that have begun before ``beat``: a line is sung as a whole, so that it is the
    same as in the song."""
    lines = {note.line for note in notes if note.start < beat}
    return tuple(note for note in notes if note.line in lines and note.start < beat + _LONGEST_LINE)


def _set_levels(made: Signal, score: Score) -> None:
    """Brings each section of ``made`` to the level that it will have in the song."""
    energy = weighted_energy(made[:1], BLOCK) + weighted_energy(made[1:], BLOCK)
    wanted = _levels_db(score)
    db = np.zeros(len(energy))
    for section, level_db in zip(score.sections, wanted, strict=True):
        start, end = (
            round(score.seconds(beat) * RATE_HZ / BLOCK)
            for beat in (section.start, section.start + section.beats)
        )
        here = energy[start:end]
        if len(here) and here.mean() > 1e-9:
            now_db = OFFSET_LU + 10.0 * float(np.log10(here.mean() / BLOCK))
            db[start:] = np.clip(level_db - now_db, -_MOST_DB, _MOST_DB)
    gain: Floats = 10.0 ** (smooth(db, 0.06) / 20.0)
    apply_gain(made, gain)
    np.clip(made, -1.0, 1.0, out=made)


def _levels_db(score: Score) -> Sequence[float]:
    """The loudness of each section in the finished song, in LUFS without a gate, as the master sets it."""
    targets = np.array(section_targets_db(score.sections, _natural_db(score)))
    beats = np.array([section.beats for section in score.sections])
    power = 10.0 ** (targets / 10.0)
    loud = power > power.max() * 10.0 ** (_GATE_LU / 10.0)
    whole_db = 10.0 * np.log10(np.average(power[loud], weights=beats[loud]))
    return list(targets - whole_db + TARGET_LUFS)


def _natural_db(score: Score) -> list[float]:
    """How loud each section is as played, relative to the others, by its notes: each stem has the mean level
    that the mixer gives it."""
    style = style_of(score.genre)
    stems: dict[StemName, Floats] = {}
    for part in score.parts:
        gain = 10.0 ** (part.gain_db / 10.0)
        notes = [(n.start, gain * n.velocity**3 * min(n.duration, 2.0)) for n in part.notes]
        stems[part.stem] = stems.get(part.stem, np.zeros(len(score.sections))) + _by_section(score, notes)
    for singer in score.vocals:
        sung = [(n.start, n.duration) for n in singer.notes]
        stems[singer.stem] = stems.get(singer.stem, np.zeros(len(score.sections))) + _by_section(score, sung)
    total = np.zeros(len(score.sections))
    for name, density in stems.items():
        heard = density[density > 0.1 * density.mean()]
        if len(heard):
            total += 10.0 ** (_stem_db(style, name) / 10.0) * density / heard.mean()
    return [float(10.0 * np.log10(power + 1e-3)) for power in total]


def _stem_db(style: MixStyle, name: StemName) -> float:
    bands = {"drums": style.drums, "bass": style.bass, "harmony": style.harmony, "melody": style.melody}
    return bands.get(name, 0.0 if name == "vocals" else style.backing)


def _by_section(score: Score, notes: Sequence[tuple[float, float]]) -> Floats:
    """The sum of the notes' weights for each beat of each section."""
    starts = np.array([section.start for section in score.sections])
    sums = np.zeros(len(starts))
    for start, weight in notes:
        sums[max(int(np.searchsorted(starts, start + 0.25, side="right")) - 1, 0)] += weight
    return np.asarray(sums / np.array([max(section.beats, 1e-9) for section in score.sections]))
