"""How songs end. There are seven ways; a genre prefers some of them, and the seed chooses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from music.sketch.patterns import CRASH, KICK, LOW_TOM, SNARE, STEP, SWELL
from music.sketch.players.metres import Metre
from music.sketch.players.timed import TimedSection, level
from music.sketch.score import Note

Ending = Literal["held", "stop", "fade", "tag", "ring", "cold", "amen"]
"""held: a cadence, and a chord that all hold. stop: hits with silence between them. fade: softer and softer
to a quiet last chord. tag: the last line once more. ring: the band stops, and one instrument rings. cold: a
short last beat. amen: the chord of the fourth degree, held, then the tonic."""

_USUAL: Mapping[Ending, int] = {"held": 3, "tag": 2, "ring": 2, "stop": 2, "fade": 1}
_OF_GENRES: tuple[tuple[str, Mapping[Ending, int]], ...] = (
    ("rock indie", {"stop": 3, "cold": 2, "ring": 3, "held": 2, "tag": 1}),
    ("metal punk", {"cold": 4, "stop": 4, "ring": 2, "held": 1}),
    ("funk disco latin", {"cold": 3, "stop": 4, "fade": 2, "tag": 1}),
    ("gospel soul", {"amen": 4, "held": 2, "tag": 2, "stop": 1}),
    ("blues country", {"tag": 3, "stop": 3, "ring": 2, "amen": 1, "held": 1}),
    ("house techno trance|drum and bass|synthwave", {"fade": 3, "cold": 3, "ring": 2, "held": 1}),
    ("r&b reggae lo-fi trap|hip hop", {"fade": 4, "ring": 2, "cold": 2, "tag": 1}),
    ("jazz|bossa nova", {"tag": 4, "held": 2, "ring": 2, "stop": 1}),
    ("ambient", {"fade": 3, "ring": 4, "held": 2}),
    ("classical cinematic", {"held": 3, "ring": 2, "amen": 2, "stop": 1}),
    ("folk", {"ring": 3, "tag": 3, "held": 2, "amen": 1}),
)  # fmt: skip
_BY_GENRE: dict[str, Mapping[Ending, int]] = {
    name: weights
    for names, weights in _OF_GENRES
    for group in names.split("|")
    for name in ([group] if group in ("drum and bass", "hip hop", "bossa nova") else group.split())
}
SHORTEST_TAIL_S: Mapping[Ending, float] = {"cold": 1.6, "stop": 2.0}
"""The shortest time from the last chord to the end of the song, where it is not 2.2 s."""
_SLOWEST_COLD_BPM = 80.0
"""A song that is slower never ends on a short beat, or with hits and silence."""
_SHORTEST_FADE_S = 6.0
TAG_BARS = 2
_LONGEST_S = 5.5
"""The longest last chord."""
_SHORT_S = 0.22
_SOFTEST = 0.28
"""What is left of the velocity at the end of a fade."""


def choose_ending(genre: str, tempo_bpm: float, rng: Random) -> Ending:
    """The ending that the genre and the seed suggest; ``settled`` says whether it can be had."""
    weights = dict(_BY_GENRE.get(genre, _USUAL))
    if tempo_bpm < _SLOWEST_COLD_BPM:
        for sudden in ("cold", "stop"):
            weights.pop(sudden, None)
    return rng.choices(list(weights), list(weights.values()))[0]


def settled(ending: Ending, sections: Sequence[TimedSection], beat_s: float, *, has_hook: bool) -> Ending:
    """``ending``, or "held" if it needs a last section that nobody sings and the song has none that is long
    enough: no sung word fades away."""
    last = sections[-1]
    long_enough = last.form.bars * last.bar_beats * beat_s >= _SHORTEST_FADE_S
    if ending == "fade" and (last.form.lines or not long_enough):
        return "held"
    if ending == "tag" and (
        last.form.lines or last.form.bars < TAG_BARS or not has_hook or len(sections) < 2
    ):
        return "held"
    return ending


@dataclass(frozen=True)
class Close:
    """The end of one song. ``end``: the beat of the last chord; ``last_bar``: that of the last bar; ``extra``
    beats lie between the last bar and ``end``; the song lasts ``tail_beats`` from ``end`` on."""

    ending: Ending
    metre: Metre
    last_section: float
    last_bar: float
    extra: float
    end: float
    tail_beats: float
    beat_s: float

    def shaped(self, notes: Sequence[Note]) -> list[Note]:
        """A part's notes up to the last bar, or softer and softer, or without those that a stop leaves
        out."""
        if self.ending == "fade":
            return [self._faded(note) for note in notes]
        if self.ending in ("stop", "amen"):
            return [note for note in notes if note.start < self.last_bar - 1e-6]
        return list(notes)

    def _faded(self, note: Note) -> Note:
        done = (note.start - self.last_section) / (self.end - self.last_section)
        if done <= 0.0:
            return note
        return replace(note, velocity=level(note.velocity * (1.0 - (1.0 - _SOFTEST) * min(done, 1.0))))

    def chords(
        self, before: Sequence[int], tonic: Sequence[int], velocity: float, *, rings: bool
    ) -> list[Note]:
        """What a pitched part plays at the end: ``before`` are its notes for the last bar's chord, ``tonic``
        those of the last chord. ``rings``: it is the one that rings where only one does."""
        notes: list[Note] = []
        for at, length in self._lead():
            notes += [Note(at, length, pitch, level(velocity * 0.95)) for pitch in before]
        loud = velocity * (_SOFTEST if self.ending == "fade" else 1.0)
        if self.ending == "ring" and rings:
            loud = min(1.0, 1.4 * velocity)  # it is heard alone
        return notes + [Note(self.end, self._final(rings=rings), pitch, level(loud)) for pitch in tonic]

    def drums(self) -> list[Note]:
        """What the drums play at the end."""
        notes = [Note(at, 0.2, key, 0.8) for at, _ in self._lead() for key in (KICK, SNARE)]
        if self.ending == "amen":
            notes = [
                Note(self.last_bar, self.extra + 1.0, SWELL, 0.5),
                Note(self.last_bar, 0.2, LOW_TOM, 0.45),
            ]
        if self.ending == "fade":
            return [*notes, Note(self.end, 0.3, KICK, 0.25)]
        if self.ending == "cold":
            return [*notes, Note(self.end, 0.3, KICK, 0.9), Note(self.end, 0.3, SNARE, 0.85)]
        crash = {"ring": 0.5, "amen": 0.45}.get(self.ending, 0.6)
        return [*notes, Note(self.end, 0.3, KICK, 0.85), Note(self.end, self.tail_beats, CRASH, crash)]

    def _lead(self) -> list[tuple[float, float]]:
        """Beats and lengths of the hits, or of the held chord, between the groove and the last chord."""
        short = _SHORT_S / self.beat_s
        if self.ending == "stop":
            pulses = [pulse * STEP for pulse in self.metre.pulses]
            off = 1.0 if self.metre.is_compound else 0.5
            places = [0.0, pulses[1] + off] if len(pulses) > 2 else [0.0, pulses[-1]]
            # A long bar has more hits, on its later stresses.
            places += [at for at in (step * STEP for step in self.metre.strong) if at > places[-1]]
            hits = [(self.last_bar + place, short) for place in places]
            return [*hits, *((at, short) for at, _ in self._waiting())]
        if self.ending == "amen":
            return [(self.last_bar, (self.end - self.last_bar) * 0.97)]
        return self._waiting()

    def _waiting(self) -> list[tuple[float, float]]:
        """Chords of two beats or less between the last bar and the last chord."""
        first = self.end - self.extra
        return [
            (first + at, min(2.0, self.extra - at) * 0.96)
            for at in (2.0 * n for n in range(math.ceil(self.extra / 2.0)))
        ]

    def _final(self, *, rings: bool) -> float:
        longest = min(self.tail_beats * 0.85, _LONGEST_S / self.beat_s)
        if self.ending == "cold" or (self.ending == "ring" and not rings):
            return min(_SHORT_S / self.beat_s, longest)
        return min(0.9 / self.beat_s, longest) if self.ending == "stop" else longest
