"""The score of a song: the composer writes it, the players read it.

Time is in beats (quarter notes) from the start of the audio; the tempo is constant, so
``seconds = beats * 60 / tempo_bpm``. The beats of notes already include swing and small deviations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from phonetics.syllables import Syllable

Role = Literal["lead", "double", "harmony"]
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
    """Added to the instrument's own level."""
    pan: float = 0.0
    """-1 left .. 1 right."""
    reverb: float = 0.2
    """Send to the room, 0..1."""


@dataclass(frozen=True, slots=True)
class SungNote:
    """One syllable. ``start`` is the beginning of its vowel; its onset consonants come before.

    ``line`` and ``word`` are the indices of its word in ``Score.lines``."""

    start: float
    duration: float
    pitch: int
    velocity: float
    syllable: Syllable
    line: int
    word: int
    steps: tuple[tuple[float, int], ...] = ()
    """Further notes of the same syllable, a melisma: the beats after ``start`` at which each begins, and its
    pitch. ``duration`` is that of all."""

    @property
    def pitches(self) -> tuple[tuple[float, int], ...]:
        """All its notes: the beats after ``start`` at which each begins, and its pitch."""
        return ((0.0, self.pitch), *self.steps)


@dataclass(frozen=True)
class VocalPart:
    """One singer's notes, sorted by start, without overlaps.

    ``role`` is "lead", "double" (same notes as lead, sung again a little differently) or "harmony".
    """

    name: str
    role: Role
    voice: Literal["female", "male"]
    notes: tuple[SungNote, ...]
    gain_db: float = 0.0
    pan: float = 0.0
    unison: int = 1
    """How many singers sing it: more than one is a choir."""

    @property
    def stem(self) -> StemName:
        return "vocals" if self.role == "lead" else "backing"


@dataclass(frozen=True)
class Section:
    """A section of the form; ``start`` and length in beats. ``energy`` in 0..1: how full the arrangement
    is."""

    kind: str
    start: float
    beats: float
    energy: float


@dataclass(frozen=True)
class Line:
    """A lyric line and its words as written, with punctuation."""

    text: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Score:
    """A whole song. ``end`` is the beat of the last chord, which rings until ``duration_s``."""

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

    def notes_of_words(self) -> dict[tuple[int, int], list[SungNote]]:
        """The notes of each word that has a sound, by its line and its place there, in sung order: those of
        the first part that sings it, a lead or, for words in brackets, the double."""
        singers: dict[tuple[int, int], VocalPart] = {}
        notes: dict[tuple[int, int], list[SungNote]] = {}
        for part in self.vocals:
            for note in part.notes:
                word = note.line, note.word
                if singers.setdefault(word, part) is part:
                    notes.setdefault(word, []).append(note)
        return {word: notes[word] for word in sorted(notes)}
