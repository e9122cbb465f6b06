"""Keys, scales and chords. Pitches are MIDI numbers; pitch classes are 0 (C) to 11 (B); scale degrees start
at 0."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from config.errors import InvalidRequest

MODES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
}
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_KEY = re.compile(r"^([A-G])(?:\s*(#|♯|b|♭|sharp|flat))?\s*(\w*)$", re.IGNORECASE)

METRES: dict[str, float] = {
    "4/4": 4.0,
    "3/4": 3.0,
    "2/4": 2.0,
    "6/8": 3.0,
    "12/8": 6.0,
    "5/4": 5.0,
    "7/8": 3.5,
}
"""Quarter notes in a bar."""


@dataclass(frozen=True)
class Key:
    """``name`` as written in the manifest: "D minor"."""

    tonic: int
    mode: str
    name: str

    @property
    def scale(self) -> tuple[int, ...]:
        return MODES[self.mode]

    @property
    def is_minor(self) -> bool:
        return self.scale[2] == 3

    def pitch_class(self, degree: int) -> int:
        return (self.tonic + self.scale[degree % 7]) % 12

    def pitch_classes(self) -> frozenset[int]:
        return frozenset(self.pitch_class(degree) for degree in range(7))


@dataclass(frozen=True)
class Chord:
    """A chord: the pitch class of its root, and all its pitch classes, upwards from the root."""

    root: int
    notes: tuple[int, ...]


def parse_key(text: str) -> Key:
    """The key in ``text``: "D minor", "Bb", "F#m", "A dorian". Raises ``InvalidRequest`` for anything
    else."""
    match = _KEY.fullmatch(text.strip())
    rest = match[3].lower() if match else ""
    mode = {
        "": "major",
        "maj": "major",
        "m": "minor",
        "min": "minor",
        "ionian": "major",
        "aeolian": "minor",
    }.get(rest, rest)
    if match is None or mode not in MODES:
        fix = f"write a tonic and a mode, such as 'D minor' or 'F# major'; modes: {', '.join(MODES)}"
        raise InvalidRequest("key", text, fix)
    letter, sign = match[1].upper(), (match[2] or "").lower()
    shift = {"": 0, "#": 1, "♯": 1, "sharp": 1}.get(sign, -1)
    written = letter + {0: "", 1: "#", -1: "b"}[shift]
    return Key((_LETTERS[letter] + shift) % 12, mode, f"{written} {mode}")


def bar_beats(metre: str) -> float:
    """Quarter notes in a bar. Raises ``InvalidRequest`` for an unsupported metre."""
    if metre not in METRES:
        raise InvalidRequest("metre", metre, f"use one of: {', '.join(METRES)}")
    return METRES[metre]


def chord(key: Key, degree: int, size: int = 3, *, dominant: bool = False) -> Chord:
    """The chord of ``size`` thirds (3 a triad, 4 a seventh, 5 a ninth; 2 a power chord: root and fifth) on
    ``degree``; ``dominant`` makes its third major, as in the V of a minor key."""
    if size == 2:
        root = key.pitch_class(degree)
        return Chord(root, (root, (root + 7) % 12))
    notes = [key.pitch_class(degree + 2 * n) for n in range(size)]
    if dominant:
        notes[1] = (notes[0] + 4) % 12
    return Chord(notes[0], tuple(notes))


def voicing(chord: Chord, previous: Sequence[int], low: int, high: int) -> tuple[int, ...]:
    """The chord's notes as ascending pitches in ``low``..``high``, as near as possible to ``previous``."""
    centre = sum(previous) / len(previous) if previous else (low + high) / 2
    best: tuple[float, tuple[int, ...]] | None = None
    for turn in range(len(chord.notes)):
        order = chord.notes[turn:] + chord.notes[:turn]
        for octave in range(1, 9):
            pitches = [order[0] + 12 * octave]
            for note in order[1:]:
                pitches.append(pitches[-1] + (note - pitches[-1]) % 12)
            if pitches[0] < low or pitches[-1] > high:
                continue
            moved = sum(min(abs(p - q) for q in previous) for p in pitches) if previous else 0
            cost = moved + 0.3 * abs(sum(pitches) / len(pitches) - centre)
            if best is None or cost < best[0]:
                best = (cost, tuple(pitches))
    if best is None:  # a wide chord in a narrow range: fold each note into it
        return tuple(sorted({low + (note - low) % 12 for note in chord.notes}))
    return best[1]


def nearest(pitch: float, classes: frozenset[int] | Sequence[int]) -> int:
    """The pitch nearest to ``pitch`` whose class is one of ``classes``; the lower one of two."""
    allowed = set(classes)
    candidates = range(int(pitch) - 7, int(pitch) + 9)
    return min((p for p in candidates if p % 12 in allowed), key=lambda p: (abs(p - pitch), p))
