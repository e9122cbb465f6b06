"""Syllables on several notes. A singer turns some long notes at the ends of lines: to the neighbour and back,
or on to another note of the chord."""

from __future__ import annotations

from collections.abc import Callable, Collection
from random import Random

from music.sketch.theory import Chord, Key

_CHANCE, _RICH_CHANCE = 0.3, 0.5
"""Of a long stressed syllable at the end of a line; of one in a genre with chords of four notes."""
_LEAST_BEATS = 1.5
_STEP_BEATS = 0.5
"""How long each note before the last one is."""
_TURNS = ((1, 0), (-1, 0), (1,), (-1,))
"""Directions from the first note: to the neighbour and back (0), or on to another note of the chord."""
_CLOSING_TURNS = _TURNS[:2]
"""The end of a chorus comes back to its note."""
_REACH = 5
"""Semitones to the next note, at most."""


def melisma(
    pitch: int,
    beats: float,
    *,
    start: float,
    span: tuple[int, int],
    key: Key,
    chord_at: Callable[[float], Chord],
    rich: bool,
    closing: bool,
    rng: Random,
) -> tuple[tuple[float, int], ...]:
    """Further notes of a stressed syllable at the end of a line, on ``pitch`` from beat ``start`` for
    ``beats``: for each the beats after ``start`` and its pitch, within ``span``. Mostly there are none."""
    turn = rng.choice(_CLOSING_TURNS if closing else _TURNS)
    chosen = rng.random() < (_RICH_CHANCE if rich else _CHANCE)
    # The last note is at least as long as those before it together.
    if not chosen or beats < max(_LEAST_BEATS, 2.0 * len(turn) * _STEP_BEATS):
        return ()
    returns = turn[-1] == 0
    allowed = key.pitch_classes() if returns else chord_at(start + _STEP_BEATS).notes
    reached = _next(pitch, turn[0], allowed, span)
    if reached is None:
        return ()
    pitches = (reached, pitch) if returns else (reached,)
    return tuple(((n + 1) * _STEP_BEATS, each) for n, each in enumerate(pitches))


def _next(pitch: int, direction: int, classes: Collection[int], span: tuple[int, int]) -> int | None:
    """The nearest pitch in that direction that is allowed."""
    low, high = span
    near = (pitch + direction * size for size in range(1, _REACH + 1))
    return next((each for each in near if low <= each <= high and each % 12 in classes), None)
