"""The sections of a song's form, with their lines."""

from __future__ import annotations

from dataclasses import dataclass

from music.sketch.verses import SungLine
from reading.lyrics import Singer

ENERGY = {
    "intro": 0.45, "verse": 0.50, "pre-chorus": 0.66, "chorus": 0.92, "bridge": 0.56, "interlude": 0.70,
    "instrumental": 0.82, "outro": 0.55,
}  # fmt: skip


@dataclass(frozen=True)
class PlacedLine:
    """A line and its place in the section, in bars."""

    line: SungLine
    start_bar: float
    bars: float
    is_timed: bool = False
    """Whether its first syllable is to stand at its very start."""


@dataclass(frozen=True)
class FormSection:
    """A section of the form. ``number`` counts the sections of its kind from 0."""

    kind: str
    bars: int
    energy: float
    lines: tuple[PlacedLine, ...] = ()
    number: int = 0
    singer: Singer = ""
    """Who sings it: empty for the song's own voice."""


def energy_of(kind: str) -> float:
    """The energy of a kind of section, in 0..1; that of a verse if it has none of its own."""
    return ENERGY.get(kind, ENERGY["verse"])
