"""Sections in time, and how the band keeps it: the bars of a section, their place in a phrase, swing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from music.sketch.score import Note
from music.sketch.sections import FormSection
from music.sketch.theory import Chord

FULL = 0.66
"""From this energy on, the full groove and the chorus's bass line are played."""
PHRASE_BARS = 4
"""The band's phrases are this long."""
_GRID = 1024
"""Played times are multiples of a beat's part, so that a section that returns has the same notes to the
bit."""
_LEVELS = 64
_LENGTHS = 32
_COLOURS = 5
_IN_STEP = 0.09
"""Instruments have this many steps of colour; a velocity this near to a step's middle is in it."""
_PHRASE_SWELL = (0.96, 1.0, 1.05, 0.99)
"""The dynamics over the bars of a phrase: it leads to its third bar."""
_SECTION_SWELL = {
    "pre-chorus": (0.78, 1.14),
    "intro": (0.86, 1.02),
    "outro": (1.02, 0.84),
    "bridge": (0.94, 1.06),
}
"""The dynamics over a whole section, from its first bar to its last."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a section. ``at`` is its first beat, counted from the section's; ``following`` the chord of
    the bar after it."""

    number: int
    at: float
    chord: Chord
    following: Chord
    is_last: bool
    swell: float
    """A factor of its notes' velocity."""

    @property
    def place(self) -> int:
        """Its place in its phrase, from 0; the last bar of a section closes one."""
        return PHRASE_BARS - 1 if self.is_last and self.number else self.number % PHRASE_BARS

    @property
    def phrase(self) -> int:
        """0 in the first phrase of a period of two, 1 in the second."""
        return self.number // PHRASE_BARS % 2

    @property
    def closes(self) -> bool:
        return self.place == PHRASE_BARS - 1


@dataclass(frozen=True)
class TimedSection:
    """A section with its start and its chord for each bar; ``following`` is the chord after the last bar.

    ``seed`` is the song's. ``is_biggest``: it is the last chorus. ``extra_beats`` follow the last bar of the
    song where a whole bar has no room: its chord sounds on through them."""

    form: FormSection
    start: float
    bar_beats: float
    chords: tuple[Chord, ...]
    following: Chord
    leads_to_chorus: bool
    seed: str = ""
    is_biggest: bool = False
    extra_beats: float = 0.0

    @property
    def end(self) -> float:
        return self.start + self.form.bars * self.bar_beats + self.extra_beats

    @property
    def version(self) -> str:
        """Sections of one kind and one version are played alike, so that they sound alike."""
        if self.is_biggest:
            return "biggest"
        if self.form.kind == "chorus":
            return "plain"
        return "first" if self.form.number == 0 else "second" if self.form.number % 2 else "third"

    def random(self, player: str) -> Random:
        """The choices of a player in all sections of this kind and version; the last chorus has those of the
        others, and more on top."""
        version = "plain" if self.is_biggest else self.version
        return Random(f"{self.seed} {player} {self.form.kind} {version}")

    def bars(self) -> Iterator[tuple[int, float, Chord]]:
        """Number, first beat and chord of each bar."""
        for n, chord in enumerate(self.chords):
            yield n, self.start + n * self.bar_beats, chord

    def phrased(self) -> Iterator[Bar]:
        """The bars with their places in phrases."""
        last = len(self.chords) - 1
        low, high = _SECTION_SWELL.get(self.form.kind, (0.98, 1.02))
        for n, chord in enumerate(self.chords):
            place = PHRASE_BARS - 1 if n == last and n else n % PHRASE_BARS
            swell = (low + (high - low) * n / max(last, 1)) * _PHRASE_SWELL[place]
            following = self.chords[n + 1] if n < last else self.following
            yield Bar(n, n * self.bar_beats, chord, following, n == last, swell)

    def note(
        self, at: float, length: float, pitch: int, velocity: float, colour: float | None = None
    ) -> Note:
        """A note that starts ``at`` beats after the section, on the grids of times, lengths and velocities.
        Its velocity stays in the same step of colour as ``colour``, if that is given: then only its level
        changes, and the tone that a renderer has made for it is used again."""
        duration = max(round(length * _LENGTHS), 2) / _LENGTHS
        if colour is not None:
            step = max(1, round(colour * _COLOURS)) / _COLOURS
            velocity = min(max(velocity, step - _IN_STEP), step + _IN_STEP)
        return Note(self.start + max(round(at * _GRID), 0) / _GRID, duration, pitch, level(velocity))


def level(velocity: float) -> float:
    """``velocity`` in the range that is heard, on its grid."""
    return min(_LEVELS, max(round(velocity * _LEVELS), 5)) / _LEVELS


@dataclass(frozen=True)
class Feel:
    """Timing of the whole band: swing, and a random deviation for each note."""

    swing: float
    swing_step: float
    human_beats: float

    def place(self, beat: float, rng: Random, tightness: float = 1.0) -> float:
        """The played time of a note written at ``beat``, in beats."""
        uneven = rng.gauss(0.0, self.human_beats * tightness)
        return max(0.0, self.swung(beat) + max(-2.0 * self.human_beats, min(2.0 * self.human_beats, uneven)))

    def swung(self, beat: float) -> float:
        """``beat`` with swing alone."""
        steps = beat / self.swing_step
        if self.swing and abs(steps - round(steps)) < 1e-6 and round(steps) % 2:
            return beat + self.swing * self.swing_step
        return beat
