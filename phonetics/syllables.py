"""Words as syllables of phones (ARPAbet, as in the CMU Pronouncing Dictionary)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Syllable:
    """``onset`` consonants, one vowel ``nucleus`` and ``coda`` consonants, phones without stress digits.

    ``stress`` is 0 (none), 1 (primary) or 2 (secondary).
    """

    onset: tuple[str, ...]
    nucleus: str
    coda: tuple[str, ...]
    stress: int
