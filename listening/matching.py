"""Which words of a transcript are which words of the lyrics: a global alignment of two sequences.

It is Needleman and Wunsch's ("A general method applicable to the search for similarities", 1970), so that one
wrong guess early in the song costs nothing later. As in the ear of the tests, where words end is not heard:
up to three words on either side are matched as one sequence of sounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter

from listening.words import likeness

_TOGETHER = 3
"""The most words on one side that are matched as one sequence of sounds."""
_NEXT = 0.5
"""A match that follows the one before, without a word left out on either side, against a similar word."""
_LEAST_ALIKE = 0.34


@dataclass(frozen=True)
class Match:
    """Some words of the lyrics in a row, and the words of the transcript that are matched with them: places
    ``first`` to ``last`` and ``heard_first`` to ``heard_last``, the ends not included."""

    first: int
    last: int
    heard_first: int
    heard_last: int
    alike: bool
    """Whether they sound the same; else one word was taken for another."""


@dataclass(frozen=True, slots=True)
class _Cell:
    exact: int
    """Words of the lyrics that are heard up to here: what counts first."""
    rest: float
    """Similar words and matches in a row: what decides between equals."""
    step: tuple[int, int, bool] | None
    """How many words of each side the last step took, and whether they are alike; None at the beginning."""

    @property
    def matched(self) -> bool:
        return self.step is not None and self.step[0] > 0 and self.step[1] > 0


def match(said: Sequence[str], heard: Sequence[str]) -> list[Match]:
    """The matches of ``said``, the lyrics, and ``heard``, both entries of ``sounds``, in their order. No
    other alignment has more words of ``said`` that are heard: ``recall`` is the share of the longest common
    subsequence."""
    ends = [_endings(heard, place) for place in range(len(heard) + 1)]
    rows = [[_Cell(0, 0.0, (0, place and 1, False) if place else None) for place in range(len(heard) + 1)]]
    for number in range(1, len(said) + 1):
        alike = _endings(said, number)
        row = [_Cell(0, 0.0, (1, 0, False))]
        for place in range(1, len(heard) + 1):
            row.append(
                _best(
                    rows, row, number, place, alike, ends[place], likeness(said[number - 1], heard[place - 1])
                )
            )
        rows.append(row)
    return _traced(rows)


def _best(
    rows: list[list[_Cell]],
    row: list[_Cell],
    number: int,
    place: int,
    said: dict[str, int],
    heard: dict[str, int],
    like: float,
) -> _Cell:
    above, left = rows[-1][place], row[-1]
    best = _Cell(above.exact, above.rest, (1, 0, False))
    if (left.exact, left.rest) > (best.exact, best.rest):
        best = _Cell(left.exact, left.rest, (0, 1, False))
    for sounds, count in heard.items():
        if (words := said.get(sounds)) is not None:
            before = rows[number - words][place - count]
            exact, rest = before.exact + words, before.rest + _NEXT * before.matched
            if (exact, rest) >= (best.exact, best.rest):
                best = _Cell(exact, rest, (words, count, True))
    if _LEAST_ALIKE <= like < 1.0:
        before = rows[number - 1][place - 1]
        rest = before.rest + like + _NEXT * before.matched
        if (before.exact, rest) > (best.exact, best.rest):
            best = _Cell(before.exact, rest, (1, 1, False))
    return best


def _endings(words: Sequence[str], place: int) -> dict[str, int]:
    """The sounds of the last one, two and three words before ``place``, and how many they are."""
    return {"-".join(words[place - count : place]): count for count in range(1, min(_TOGETHER, place) + 1)}


def _traced(rows: list[list[_Cell]]) -> list[Match]:
    number, place = len(rows) - 1, len(rows[0]) - 1
    found = []
    while (step := rows[number][place].step) is not None:
        words, count, alike = step
        if words and count:
            found.append(Match(number - words, number, place - count, place, alike))
        number, place = number - words, place - count
    return sorted(found, key=attrgetter("first"))


def left_out(matches: Sequence[Match], count: int, least: int) -> list[tuple[Match | None, Match | None]]:
    """Where ``least`` or more in a row of ``count`` words of the lyrics are not matched: the matches before
    and after them; None at an end."""
    around = [None, *matches, None]
    ends = [0, *(each.last for each in matches)]
    begins = [*(each.first for each in matches), count]
    return [
        pair for pair, end, begin in zip(pairwise(around), ends, begins, strict=True) if begin - end >= least
    ]


def recall(said: Sequence[str], heard: Sequence[str]) -> float:
    """The share of ``said`` that is heard, in 0..1; 0 if nothing was said."""
    return sum(each.last - each.first for each in match(said, heard) if each.alike) / max(len(said), 1)
