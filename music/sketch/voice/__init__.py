"""The embedded singer: a small speech network that is told when and how high to sing.

phrases     what is sung in one breath, apart from its place in the song
takes       who sings it: throats and manners
layout      the tokens of a phrase (``phones``) in frames; ``onsets`` corrects them
pitch, levels   how high, how loud, how bright
network     the network; ``sound`` makes its spectra heard
singing     all of this for one phrase
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from config.engine import Report, ignore_progress
from music.sketch.score import VocalPart
from music.sketch.voice.network import Floats, loaded_network
from music.sketch.voice.phrases import Phrase, Words, phrases
from music.sketch.voice.singing import Spoken, sing_take, speak
from music.sketch.voice.takes import Take, take_of


@dataclass(frozen=True)
class Sung:
    """One phrase of ``part``: mono ``(samples,)``, at about -20 dBFS RMS for velocity 0.8, and each sample of
    the song (it may be negative) at which it begins, with its gain there."""

    part: VocalPart
    sound: Floats
    places: tuple[tuple[int, float], ...]

    @property
    def pan(self) -> float:
        return self.part.pan


@dataclass
class _Sung:
    part: VocalPart
    phrase: Phrase
    take: Take
    places: list[tuple[float, float]] = field(default_factory=list)
    """The second of its first vowel, and its gain there."""


@dataclass(frozen=True)
class Piece:
    """All that is sung to the same words in the same time: by the lead, its double, harmonies; wherever in
    the song. Pieces do not depend on each other, so they can be sung in any order or at once."""

    words: Words
    start_s: float
    """When it is first heard."""
    seed: int
    rate_hz: int
    _phrases: tuple[_Sung, ...]

    def sing(self) -> Iterator[Sung]:
        """Each of its phrases. Raises ``EngineUnavailable`` if the network cannot be run here, and
        ``EngineFailed`` for a syllable with an unknown phone."""
        spoken: dict[float, Spoken] = {}
        for each in self._phrases:
            throat = each.take.base_tract
            if throat not in spoken:
                spoken[throat] = speak(loaded_network(), each.phrase, each.take, self.seed)
            origin_s, sound = sing_take(
                loaded_network(), spoken[throat], each.phrase, each.take, rate_hz=self.rate_hz, seed=self.seed
            )
            places = tuple((round((at_s + origin_s) * self.rate_hz), gain) for at_s, gain in each.places)
            yield Sung(each.part, sound, places)


def pieces(parts: Sequence[VocalPart], *, tempo_bpm: float, rate_hz: int, seed: int) -> list[Piece]:
    """All that ``parts`` sing, in the order in which it is first heard. A phrase that comes again is sung
    once. The lead's vowels begin on their notes; other takes are a little early or late.

    The same parts, tempo, rate and seed give the same bytes."""
    by_words: dict[Words, dict[tuple[int, Phrase], _Sung]] = {}
    for n, part in enumerate(parts):
        take = take_of(part, seed)
        for start_s, gain, phrase in phrases(part.notes, 60.0 / tempo_bpm):
            found = by_words.setdefault(phrase.words, {})
            found.setdefault((n, phrase), _Sung(part, phrase, take)).places.append((start_s, gain))
    made = [
        Piece(words, min(each.places[0][0] for each in found.values()), seed, rate_hz, tuple(found.values()))
        for words, found in by_words.items()
    ]
    return sorted(made, key=lambda piece: piece.start_s)


def sing(
    parts: Sequence[VocalPart],
    *,
    tempo_bpm: float,
    rate_hz: int,
    seed: int,
    report: Report = ignore_progress,
) -> Iterator[Sung]:
    """The phrases of all ``pieces``, one by one. Raises as ``Piece.sing`` does."""
    made = pieces(parts, tempo_bpm=tempo_bpm, rate_hz=rate_hz, seed=seed)
    total = max(1, sum(len(piece.words.tones) for piece in made))
    sung = 0
    for piece in made:
        for phrase in piece.sing():
            report("singing", sung / total)
            yield phrase
        sung += len(piece.words.tones)
    report("singing", 1.0)
