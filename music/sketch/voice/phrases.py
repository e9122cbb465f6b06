"""What is sung in one breath, free of its place in the song: the same phrase is sung once and heard wherever
it comes again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

import numpy as np

from music.sketch.score import SungNote
from phonetics.syllables import Syllable

LAYERS = 12
"""The brightness of a phrase has this many steps of its force; its level follows the force exactly."""
LEGATO_S = 0.13
"""A shorter gap between syllables is sung through."""
_GAP_S = 0.6
"""A longer gap between two notes is one between two phrases."""
_ROOM_S = 0.35
"""At most this much time before the first vowel is for its consonants."""
_BREATH_ROOM_S = 0.55
"""With a shorter rest before a phrase there is no time to breathe in."""
_MOST_SYLLABLES = 60
"""The network was made for sentences of up to 400 tokens. A longer phrase is cut at a word, if it can be."""
_DIGITS = 4  # times to a tenth of a millisecond: the same phrase later in a song has other rounding errors


@dataclass(frozen=True, slots=True)
class Tone:
    """One syllable: when its vowel begins and its last note ends, in seconds after the first vowel of the
    phrase; its force relative to the phrase's."""

    start_s: float
    end_s: float
    accent: float
    syllable: Syllable
    ends_word: bool


@dataclass(frozen=True, slots=True)
class Words:
    """Syllables in one breath, without their pitch: what a lead and those who sing with it have in common."""

    tones: tuple[Tone, ...]
    force: float
    """How strongly they are sung, 0..1."""
    room_s: float
    """The time for the consonants before the first vowel."""
    breathes: bool
    """Whether there is time to breathe in before."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words on notes. ``pitches`` has for each syllable its notes: the second at which each begins, after the
    first vowel of the phrase, and a MIDI number."""

    words: Words
    pitches: tuple[tuple[tuple[float, float], ...], ...]

    def rng(self, seed: int, take: int) -> np.random.Generator:
        """Chance for this phrase in this take: the same wherever in the song it is sung."""
        digest = blake2b(repr(self).encode(), digest_size=8).digest()
        return np.random.default_rng([seed, take, int.from_bytes(digest, "little")])


def phrases(notes: Sequence[SungNote], beat_s: float) -> Iterator[tuple[float, float, Phrase]]:
    """The phrases of a part: for each the second of its first vowel, its gain beside that of its layer, and
    itself. A phrase ends with its line, or with a long
    rest, or when it is too long for one breath."""
    end_s = 0.0
    for group in _groups(notes, beat_s):
        start_s = group[0].start * beat_s
        force = max(float(np.mean([note.velocity for note in group])), 1e-3)
        layer = max(1, round(force * LAYERS)) / LAYERS
        yield start_s, force / layer, _phrase(group, beat_s, layer, force, start_s - end_s)
        end_s = (group[-1].start + group[-1].duration) * beat_s


def _groups(notes: Sequence[SungNote], beat_s: float) -> Iterator[list[SungNote]]:
    group: list[SungNote] = []
    for note in notes:
        gap_s = (note.start - group[-1].start - group[-1].duration) * beat_s if group else 0.0
        new_word = bool(group) and note.word != group[-1].word
        too_long = len(group) >= _MOST_SYLLABLES * (1 if new_word else 2)
        if group and (gap_s > _GAP_S or note.line != group[-1].line or too_long):
            yield group
            group = []
        group.append(note)
    if group:
        yield group


def _phrase(notes: Sequence[SungNote], beat_s: float, layer: float, force: float, rest_s: float) -> Phrase:
    first = notes[0].start
    ends_word = [note.syllable.ends_word or note.word != after.word for note, after in pairwise(notes)]

    def seconds(beat: float) -> float:
        return round((beat - first) * beat_s, _DIGITS)

    tones = tuple(
        Tone(
            seconds(note.start),
            seconds(note.start + note.duration),
            round(note.velocity / force, 3),
            note.syllable,
            ends,
        )
        for note, ends in zip(notes, [*ends_word, True], strict=True)
    )
    room_s = round(min(_ROOM_S, max(rest_s, 0.0)), 2)
    return Phrase(
        Words(tones, layer, room_s, rest_s > _BREATH_ROOM_S),
        tuple(
            tuple((seconds(note.start + beats), float(pitch)) for beats, pitch in note.pitches)
            for note in notes
        ),
    )
