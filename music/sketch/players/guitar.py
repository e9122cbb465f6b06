"""A strumming hand: down strokes over all strings, up strokes over the high ones, and ghost strokes."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from music.sketch.patterns import STEP
from music.sketch.players.metres import Metre
from music.sketch.players.timed import TimedSection
from music.sketch.score import Note

_DOWN_S, _UP_S = 0.013, 0.009
"""Between two strings. A soft stroke is slower, and none is just like another."""
_GHOST = 0.26
"""The velocity of a stroke over strings that are not pressed down."""
_GHOST_CHANCE = 0.22
_GHOST_BEATS = 0.12


def strum(
    section: TimedSection,
    start: float,
    beat: float,
    length: float,
    pitches: tuple[int, ...],
    loud: float,
    colour: float,
    beat_s: float,
    rng: Random,
    metre: Metre,
) -> Iterator[Note]:
    """One stroke at ``start`` in the section, which is ``beat`` in its bar: down on pulses, up after them.

    The lowest string has the root an octave lower if a down stroke falls on a stress."""
    step = round(beat / STEP)
    down = step in metre.pulses or step % 4 == 0
    spread = (_DOWN_S if down else _UP_S) * rng.uniform(0.75, 1.5) * (1.35 - 0.5 * loud) / beat_s
    if not down and rng.random() < _GHOST_CHANCE:
        for k, pitch in enumerate(pitches[:-3:-1]):
            yield section.note(start + k * spread, _GHOST_BEATS, pitch, _GHOST)
        return
    strings = pitches if down else pitches[: -min(len(pitches), 3) - 1 : -1]
    if down and step in metre.strong:
        strings = (pitches[0] - 12 if pitches[0] >= 52 else pitches[0] + 12, *pitches)
        strings = tuple(sorted(strings))
    share = 1.0 if down else 0.82
    for k, pitch in enumerate(strings):
        # The pick meets the first strings harder than the last ones.
        force = loud * share * (1.0 - 0.04 * k) + rng.gauss(0.0, 0.015)
        yield section.note(start + k * spread, length - k * spread, pitch, force, colour * share)
