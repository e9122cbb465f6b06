"""A song as written music: what the composer writes and the players read.

Time is in beats (quarter notes) from the start of the audio; the tempo is constant, so
``seconds = beats * 60 / tempo_bpm``. Swing and the small unevenness of a player are already in the beats.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from phonetics.syllables import Syllable

StemName = Literal["drums", "bass", "harmony", "melody", "vocals", "backing"]
STEMS: tuple[StemName, ...] = ("drums", "bass", "harmony", "melody", "vocals", "backing")


@dataclass(frozen=True, slots=True)
class Note:
    """One played note. ``pitch`` is a MIDI number (General MIDI key for drums), ``velocity`` in 0..1."""

    start: float
    duration: float
    pitch: int
    velocity: float


@dataclass(frozen=True)
class Part:
    """One instrument's notes, sorted by start. ``instrument`` is a name in ``music.sketch.instruments``."""

    name: str
    instrument: str
    stem: StemName
    notes: tuple[Note, ...]
    gain_db: float = 0.0
    """On top of the instrument's own level."""
    pan: float = 0.0
    """-1 left .. 1 right."""
    reverb: float = 0.2
    """Send to the room, 0..1."""


@dataclass(frozen=True, slots=True)
class SungNote:
    """One syllable on one note: ``start`` is where its vowel begins; its onset consonants come before.

    ``line`` and ``word`` say which word of ``Score.lines`` it belongs to.
    """

    start: float
    duration: float
    pitch: int
    velocity: float
    syllable: Syllable
    line: int
    word: int


@dataclass(frozen=True)
class VocalPart:
    """One singer's notes, sorted by start, never overlapping.

    ``role`` is "lead", "double" (same notes as lead, sung again a little differently) or "harmony".
    """

    name: str
    role: Literal["lead", "double", "harmony"]
    voice: Literal["female", "male"]
    notes: tuple[SungNote, ...]
    gain_db: float = 0.0
    pan: float = 0.0

    @property
    def stem(self) -> StemName:
        return "vocals" if self.role == "lead" else "backing"


@dataclass(frozen=True)
class Section:
    """A stretch of the form, beats. ``energy`` in 0..1 says how full it is played."""

    kind: str
    start: float
    beats: float
    energy: float


@dataclass(frozen=True)
class Line:
    """A lyric line as written; the words are as written too, punctuation included."""

    text: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Score:
    """The whole song on paper. ``end`` is the beat of the last chord, which rings to ``duration_s``."""

    genre: str
    tempo_bpm: float
    key: str
    metre: str
    duration_s: float
    end: float
    sections: tuple[Section, ...]
    parts: tuple[Part, ...]
    vocals: tuple[VocalPart, ...] = ()
    lines: tuple[Line, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def seconds(self, beat: float) -> float:
        return beat * 60.0 / self.tempo_bpm
