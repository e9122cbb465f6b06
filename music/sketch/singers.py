"""The singers: the tune of each sung section, and who sings it: lead, double, harmonies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from music.contract import Voice
from music.sketch.genres import Genre
from music.sketch.melody import Frame, Motif, develop, line_variant, sing_line
from music.sketch.players import Feel, Stage
from music.sketch.score import Line, SungNote, VocalPart
from music.sketch.theory import Chord, Key

_RANGES = {"verse": (57, 67), "pre-chorus": (60, 70), "chorus": (62, 72), "bridge": (59, 70)}
"""A woman's range by section, MIDI numbers (A3 is 57); a man's is an octave lower."""
_CLIMAX = (62, 74)
"""The last line of the last chorus reaches higher; all before it keeps its tune."""
_BREATH_BEATS = 0.5


@dataclass(frozen=True)
class Sung:
    """The tune of the whole song and its words."""

    notes: tuple[SungNote, ...]
    lines: tuple[Line, ...]
    sections: tuple[str, ...]
    """The kind of section of each note."""


def write_tune(
    stages: Sequence[Stage],
    motif: Motif,
    key: Key,
    genre: Genre,
    feel: Feel,
    chord_at: Callable[[float], Chord],
    seed: int,
) -> Sung:
    """The lead's notes. A section's kind has one tune, so every chorus comes back as it was."""
    notes: list[SungNote] = []
    lines: list[Line] = []
    kinds: list[str] = []
    developed = {kind: develop(motif, kind, Random(f"{seed} {kind}")) for kind in _RANGES}
    last_chorus = next(
        (stage for stage in reversed(stages) if stage.stretch.kind == "chorus" and stage.stretch.lines), None
    )
    for stage in stages:
        placed = stage.stretch.lines
        kind = stage.stretch.kind if stage.stretch.kind in _RANGES else "verse"
        for index, place in enumerate(placed):
            climax = stage is last_chorus and index == len(placed) - 1
            low, high = _CLIMAX if climax else _RANGES[kind]
            start = stage.start + place.start_bar * stage.bar_beats
            beats = place.bars * stage.bar_beats
            # The first consonants of a song need room before its first vowel.
            earliest = _BREATH_BEATS if start < _BREATH_BEATS else 0.0
            line_end = start + beats
            frame = Frame(start, beats, stage.bar_beats, low, high, key, chord_at, earliest)
            syllables = place.line.syllables
            variant = line_variant(developed[kind], index, len(placed))
            tune = sing_line(
                [syllable.stress for syllable, _ in syllables],
                variant,
                frame,
                closing=index == len(placed) - 1 and kind in ("chorus", "bridge"),
                flat=genre.dense and kind == "verse",
            )
            force = 0.54 + 0.36 * stage.stretch.energy
            starts = [feel.swung(note.start) for note in tune]
            for n, (note, (syllable, word)) in enumerate(zip(tune, syllables, strict=True)):
                room = (starts[n + 1] if n + 1 < len(starts) else line_end - 0.06) - starts[n]
                velocity = min(1.0, force + (0.06 if syllable.stress else -0.03))
                duration = min(note.duration, room)
                notes.append(SungNote(starts[n], duration, note.pitch, velocity, syllable, len(lines), word))
                kinds.append(stage.stretch.kind)
            lines.append(Line(place.line.text, tuple(word.text for word in place.line.words)))
    return Sung(tuple(notes), tuple(lines), tuple(kinds))


def assign(sung: Sung, voice: Voice, key: Key, chord_at: Callable[[float], Chord]) -> tuple[VocalPart, ...]:
    """The singers for ``voice``: choruses are doubled and harmonised above and below."""
    tune = sung.notes
    chorus = [n for n, kind in enumerate(sung.sections) if kind == "chorus"] or list(range(len(tune)))
    if voice == "choir":
        chorus = list(range(len(tune)))
    refrain = [tune[n] for n in chorus]
    above = [replace(note, pitch=_third(note, key, chord_at, +1)) for note in refrain]
    below = [replace(note, pitch=_third(note, key, chord_at, -1)) for note in refrain]
    sex: Literal["female", "male"] = "male" if voice == "male" else "female"
    drop = 12 if voice == "male" else 0
    parts = [
        VocalPart("double", "double", sex, _lower(refrain, drop), gain_db=-7.0, pan=0.35),
        VocalPart(
            "high harmony", "harmony", "female", _lower(above, 0 if voice == "choir" else drop), -8.0, -0.55
        ),
        VocalPart(
            "low harmony", "harmony", sex if voice != "choir" else "male", _lower(below, drop), -8.0, 0.55
        ),
    ]
    if voice == "duet":
        turns = _turns(sung)
        hers = [note for note, turn in zip(tune, turns, strict=True) if turn != 1]
        his = [note for note, turn in zip(tune, turns, strict=True) if turn == 1]
        together = [note for note, turn in zip(tune, turns, strict=True) if turn == 2]
        leads = [
            VocalPart("lead", "lead", "female", tuple(hers)),
            VocalPart(
                "second lead", "lead", "male", _merged(_lower(his, 12), _lower(together, 12)), -1.0, 0.12
            ),
        ]
        return (*(part for part in leads if part.notes), *parts)
    return (VocalPart("lead", "lead", sex, _lower(tune, drop)), *parts)


def _turns(sung: Sung) -> list[int]:
    """Whose note it is: 0 hers, 1 his, 2 both, by sections as they come; choruses are for both."""
    turns, turn, before = [], 1, ""
    for kind, note in zip(sung.sections, sung.notes, strict=True):
        place = f"{kind} {note.line if kind != 'chorus' else ''}"
        if kind != "chorus" and (before.split(" ")[0] != kind):
            turn = 1 - turn
        before = place
        turns.append(2 if kind == "chorus" else turn)
    return turns


def _merged(*groups: tuple[SungNote, ...]) -> tuple[SungNote, ...]:
    return tuple(sorted((note for group in groups for note in group), key=lambda note: note.start))


def _lower(notes: Sequence[SungNote], semitones: int) -> tuple[SungNote, ...]:
    return tuple(replace(note, pitch=note.pitch - semitones) for note in notes)


def _third(note: SungNote, key: Key, chord_at: Callable[[float], Chord], direction: int) -> int:
    """A chord tone a third to a sixth away, or a third of the scale where the chord has none there."""
    chord = chord_at(note.start).notes[:4]
    scale = key.pitch_classes()
    near = [note.pitch + direction * size for size in (3, 4, 5, 7, 8, 9)]
    return next(
        (pitch for pitch in near if pitch % 12 in chord and pitch % 12 in scale),
        next(pitch for pitch in near if pitch % 12 in scale),
    )
