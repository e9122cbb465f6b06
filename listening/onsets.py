"""When a word becomes loud: its vowel, which is where ``TimedWord`` has its beginning too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from listening.voice import FRAME_S

_UNDER_DB = 8.0
"""Under the loud part of a word. Measured on twelve songs of the embedded engine: of 6, 8, 10, 12 and 15 dB
it leaves the fewest words more than 0.15 s off, in the worst song too."""
_LOUD_PERCENT = 90.0
_SHORTEST_S = 0.03


def onset_s(level_db: NDArray[np.float64], start_s: float, end_s: float) -> float:
    """When a word that Whisper hears from ``start_s`` to ``end_s`` gets loud, by the levels of the voice
    alone: ``start_s`` if it is so from the beginning. Whisper lets the first word of a line begin anywhere in
    the pause before it, and includes the consonants before the vowel."""
    first = max(0, int(start_s / FRAME_S))
    word = level_db[first : max(first + 3, int(end_s / FRAME_S))]
    if not len(word):
        return start_s
    quiet = word < np.percentile(word, _LOUD_PERCENT) - _UNDER_DB
    if not quiet[0]:
        return start_s
    return max(start_s, min(end_s - _SHORTEST_S, (first + int(np.argmin(quiet))) * FRAME_S))
