"""Words as syllables of phones (ARPAbet, as in the CMU Pronouncing Dictionary)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

FASTEST_SYLLABLE_S = 0.145
"""The shortest time in which a syllable is sung."""
SUNG_PART = 0.86
"""The part of a line's time that is sung; the rest is for breath."""
_CLEAR_VOWEL_S, _CLEAR_CONSONANT_S = 0.17, 0.08
_LAST_S = 0.35


@dataclass(frozen=True, slots=True)
class Syllable:
    """``onset`` consonants, one vowel as ``nucleus``, and ``coda`` consonants; phones have no stress digits.

    ``stress`` is 0 (none), 1 (primary) or 2 (secondary). ``ends_word``: whether it is the last of a word as
    that is spoken: "21st" is two words.
    """

    onset: tuple[str, ...]
    nucleus: str
    coda: tuple[str, ...]
    stress: int
    ends_word: bool = False


def clear_s(syllables: Sequence[Syllable]) -> list[float]:
    """The seconds from each vowel to the next in which all between can be understood: the more consonants
    there are, the more. For the last syllable, until the end of its line."""
    between = (len(one.coda) + len(after.onset) for one, after in pairwise(syllables))
    return [*(_CLEAR_VOWEL_S + _CLEAR_CONSONANT_S * count for count in between), _LAST_S]
