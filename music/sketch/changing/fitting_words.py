"""Other words on the notes of a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from phonetics.syllables import FASTEST_SYLLABLE_S, Syllable, clear_s

_MOST_NOTES = 6
"""A syllable is sung on at most so many notes."""
_MORE_SYLLABLES = 3
"""At most so many syllables more share a note than it takes on average."""
_ON_A_STEP = 0.6
"""What it costs to begin a syllable on a note on which none began."""
_JOINED = 0.8
"""What it costs to sing through a note on which a syllable began; and if that one is unstressed, more."""
_JOINED_UNSTRESSED = 0.4
_SHARED = 0.9
"""What each further syllable on one note costs."""
_HURRIED = 1.5


@dataclass(frozen=True, slots=True)
class TuneNote:
    """A note of the tune, in beats; ``begins``: whether a syllable begins on it."""

    start: float
    duration: float
    pitch: int
    begins: bool


@dataclass(frozen=True, slots=True)
class Sounding:
    """The notes of one syllable: those from ``first`` up to ``after``, or, of a note that several share, one
    of ``parts`` equal parts."""

    first: int
    after: int
    part: int = 0
    parts: int = 1


def fit(syllables: Sequence[Syllable], notes: Sequence[TuneNote], beat_s: float) -> list[Sounding]:
    """Which notes each syllable is sung on, all notes in order: one syllable on one note where there are as
    many; some on several, or several on one, where that costs the line least. The costs are those of a
    shortest path, as for the tune of a new song (``music.sketch.melody``): long notes for syllables that need
    time, and few that begin where none began before."""
    needed = [seconds / beat_s for seconds in clear_s(syllables)]
    most = -(-len(syllables) // len(notes)) + _MORE_SYLLABLES
    best: list[dict[int, tuple[float, int, int]]] = [{} for _ in range(len(syllables) + 1)]
    best[0][0] = (0.0, 0, 0)  # by syllables and notes that are used: cost, and those used by the last step
    for done in range(len(syllables)):
        for used, (cost, _, _) in best[done].items():
            for taken in range(1, min(_MOST_NOTES, len(notes) - used) + 1):
                held = notes[used : used + taken]
                step = _of_one(syllables[done], held, needed[done])
                _offer(best[done + 1], used + taken, (cost + step, 1, taken))
            if used < len(notes):
                for several in range(2, min(most, len(syllables) - done) + 1):
                    part = notes[used].duration / several
                    step = _SHARED * (several - 1) + sum(
                        _HURRIED * max(0.0, beats / part - 1.0) for beats in needed[done : done + several]
                    )
                    _offer(best[done + several], used + 1, (cost + step, several, 1))
    return _path(best, len(syllables), len(notes))


def is_hurried(found: Sequence[Sounding], notes: Sequence[TuneNote], beat_s: float) -> bool:
    """Whether some syllable has less time than can be sung."""
    return any(
        sum(note.duration for note in notes[each.first : each.after]) * beat_s / each.parts
        < 0.6 * FASTEST_SYLLABLE_S
        for each in found
    )


def _of_one(syllable: Syllable, held: Sequence[TuneNote], needed: float) -> float:
    cost = 0.0 if held[0].begins else _ON_A_STEP
    for note in held[1:]:
        if note.begins:
            cost += _JOINED + (0.0 if syllable.stress else _JOINED_UNSTRESSED)
    return cost + _HURRIED * max(0.0, needed / max(sum(note.duration for note in held), 1e-3) - 1.0)


def _offer(row: dict[int, tuple[float, int, int]], used: int, offer: tuple[float, int, int]) -> None:
    if used not in row or offer[0] < row[used][0]:
        row[used] = offer


def _path(best: Sequence[dict[int, tuple[float, int, int]]], done: int, used: int) -> list[Sounding]:
    """The cheapest way that uses all notes; or, if there are more than so many syllables can hold, as many as
    they can."""
    used = used if used in best[done] else max(best[done])
    found: list[Sounding] = []
    while done:
        _, syllables, notes = best[done][used]
        used -= notes
        if syllables == 1:
            found.append(Sounding(used, used + notes))
        else:
            found += [Sounding(used, used + 1, part, syllables) for part in reversed(range(syllables))]
        done -= syllables
    return found[::-1]
