"""Words as syllables of phones (ARPAbet, as in the CMU Pronouncing Dictionary)."""

from __future__ import annotations

from dataclasses import dataclass

FASTEST_SYLLABLE_S = 0.145
"""The shortest time in which a syllable is sung."""
SUNG_PART = 0.86
"""The part of a line's time that is sung; the rest is for breath."""
CLEAR_SYLLABLE_S = 0.29
"""The time in which a syllable of a vowel and one or two consonants is understood when it is sung."""


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
