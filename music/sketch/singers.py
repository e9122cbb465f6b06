"""The tune of the song: the notes and words of each sung section."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from music.sketch.genres import Genre
from music.sketch.melisma import melisma
from music.sketch.melody import Frame, Motif, develop, line_variant, sing_line
from music.sketch.players import Feel, TimedSection
from music.sketch.score import Line, SungNote
from music.sketch.theory import Chord, Key
from phonetics.syllables import clear_s
from reading.lyrics import Singer

_RANGES = {"verse": (57, 67), "pre-chorus": (60, 70), "chorus": (62, 72), "bridge": (59, 70)}
"""A woman's range by section, in MIDI numbers (A3 is 57); a man's is an octave lower."""
_CLIMAX = (62, 74)
"""The range of the last line of the last chorus: it goes higher than the lines before."""
_BREATH_BEATS = 0.5
_SHORTEST = 0.03
"""The shortest note, in beats."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a note stands: its section, by number and kind, who is to sing that (empty: the song's own
    voice), and whether its word is for backing vocals."""

    section: int
    kind: str
    singer: Singer
    is_backing: bool


@dataclass(frozen=True)
class Tune:
    """The tune and the words of the whole song, with the place of each note."""

    notes: tuple[SungNote, ...]
    lines: tuple[Line, ...]
    places: tuple[Place, ...]


def write_tune(
    sections: Sequence[TimedSection],
    motif: Motif,
    key: Key,
    genre: Genre,
    feel: Feel,
    chord_at: Callable[[float], Chord],
    beat_s: float,
    seed: int,
) -> Tune:
    """The notes of all words. Each kind of section has one tune, so all choruses are the same."""
    notes: list[SungNote] = []
    lines: list[Line] = []
    places: list[Place] = []
    clear = _clear_beats(sections, beat_s)
    developed = {kind: develop(motif, kind, Random(f"{seed} {kind}")) for kind in _RANGES}
    last_chorus = next(
        (section for section in reversed(sections) if section.form.kind == "chorus" and section.form.lines),
        None,
    )
    for number, section in enumerate(sections):
        placed = section.form.lines
        kind = _kind(section)
        for index, place in enumerate(placed):
            climax = section is last_chorus and index == len(placed) - 1
            low, high = _CLIMAX if climax else _RANGES[kind]
            start = section.start + place.start_bar * section.bar_beats
            beats = place.bars * section.bar_beats
            # The first consonants of a song need time before its first vowel.
            earliest = _BREATH_BEATS if start < _BREATH_BEATS else 0.0
            line_end = start + beats
            frame = Frame(
                start,
                beats,
                section.bar_beats,
                low,
                high,
                key,
                chord_at,
                earliest,
                phase=start % section.bar_beats if place.is_timed else None,
            )
            syllables = place.line.syllables
            closing = index == len(placed) - 1 and kind in ("chorus", "bridge")
            turns = Random(f"{seed} {kind} {index} melisma")
            variant = line_variant(developed[kind], index, len(placed))
            stresses = tuple(syllable.stress for syllable, _ in syllables)
            tune = sing_line(
                stresses,
                variant,
                frame,
                closing=closing,
                flat=genre.dense and kind == "verse",
                needed=clear[kind, index, stresses],
            )
            force = 0.54 + 0.36 * section.form.energy
            starts = _swung([note.start for note in tune], feel)
            for n, (note, (syllable, word)) in enumerate(zip(tune, syllables, strict=True)):
                until = starts[n + 1] if n + 1 < len(starts) else max(line_end - 0.06, starts[n] + _SHORTEST)
                room = until - starts[n]
                velocity = min(1.0, force + (0.06 if syllable.stress else -0.03))
                duration = min(note.duration, room)
                steps: tuple[tuple[float, int], ...] = ()
                if n + 1 == len(tune) and syllable.stress and not genre.dense:
                    steps = melisma(
                        note.pitch,
                        duration,
                        start=starts[n],
                        span=(low, high),
                        key=key,
                        chord_at=chord_at,
                        rich=genre.chord_size > 3,
                        closing=closing,
                        rng=turns,
                    )
                notes.append(
                    SungNote(starts[n], duration, note.pitch, velocity, syllable, len(lines), word, steps)
                )
                is_backing = word in place.line.backing
                places.append(Place(number, section.form.kind, section.form.singer, is_backing))
            lines.append(Line(place.line.text, tuple(word.text for word in place.line.words)))
    return Tune(tuple(notes), tuple(lines), tuple(places))


def _kind(section: TimedSection) -> str:
    """Whose tune it has."""
    return section.form.kind if section.form.kind in _RANGES else "verse"


def _clear_beats(
    sections: Sequence[TimedSection], beat_s: float
) -> dict[tuple[str, int, tuple[int, ...]], tuple[float, ...]]:
    """The beats that each syllable of a line needs to be understood, by kind of section, number and stresses
    of the line: the most that any of these lines needs, so that they all have one tune."""
    found: dict[tuple[str, int, tuple[int, ...]], tuple[float, ...]] = {}
    for section in sections:
        for index, place in enumerate(section.form.lines):
            syllables = [syllable for syllable, _ in place.line.syllables]
            beats = tuple(seconds / beat_s for seconds in clear_s(syllables))
            key = _kind(section), index, tuple(syllable.stress for syllable in syllables)
            found[key] = tuple(map(max, found.get(key, beats), beats))
    return found


def _swung(starts: Sequence[float], feel: Feel) -> list[float]:
    """The starts with swing; as they are if swing would put one syllable upon the next."""
    swung = [feel.swung(start) for start in starts]
    return swung if all(b - a >= _SHORTEST for a, b in pairwise(swung)) else list(starts)
