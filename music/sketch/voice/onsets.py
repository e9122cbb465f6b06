"""Where vowels are heard to begin, read from the spectra before they are sound. The network puts a vowel up
to some 40 ms from where its column would have it; who knows by how much can ask again."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from music.sketch.voice.layout import Grid, Syllable
from music.sketch.voice.network import BINS, LH, LR, RATE_HZ, Floats

_BAND_HZ = (400.0, 1300.0)
"""As heard: vowels are strong here, and neither hisses nor the hum of a closed mouth are."""
_HALF = 0.5
_LOOK_BACK_S, _LOOK_AHEAD_S = 0.12, 0.16
_BIAS_S = 0.006
"""What this measure reads late."""
_SMALL_S, _MOST_S = 0.006, 0.040
_HUMMED = frozenset(("", "l", "ɹ", "w", "j", "m", "n", "ŋ"))
"""Sounds that flow into a vowel: there is no edge to measure."""
_BURSTS = frozenset("ptkbdɡʧʤ")
"""After a burst a vowel may begin without voice; after a hiss it may not."""
_LOBE_HZ = 30.0
"""Width of a harmonic in a spectrum: the window's main lobe."""
_OVERLAP = np.array([1.0, 4.0, 1.0]) / 6.0
"""How much each frame is heard at the middle of one: the squares of a Hann window, four hops long."""


def lateness_s(
    syllables: Sequence[Syllable], grid: Grid, spectra: Floats, f0_hz: Floats, tract: float
) -> list[float]:
    """By how much each vowel is heard after its time (negative: before); 0 where that cannot be told."""
    voiced, whole = _strengths(spectra, f0_hz, tract)
    return [
        _late(each, grid, whole if each.sound.onset[-1:] and each.sound.onset[-1] in _BURSTS else voiced)
        for each in syllables
    ]


def _strengths(
    spectra: Floats, f0_hz: Floats, tract: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(frames,)`` each: amplitude of the voice in the band of vowels, and of all that sounds there."""
    first, last = (round(hz / tract * (BINS - 1) / (RATE_HZ / 2)) for hz in _BAND_HZ)
    harmonic, other = (np.exp(2.0 * spectra[:, row, first:last]).mean(axis=1) for row in (LH, LR))
    voiced = harmonic * (f0_hz > 0.0) * _LOBE_HZ / np.maximum(f0_hz, 1.0)
    return _heard(voiced), _heard(voiced + other)


def _heard(power: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.convolve(np.sqrt(power), _OVERLAP, "same"), np.float64)


def _late(syllable: Syllable, grid: Grid, strength: NDArray[np.float64]) -> float:
    if (syllable.sound.onset or ("",))[-1] in _HUMMED:
        return 0.0
    middle = (syllable.start_s - grid.origin_s) / grid.frame_s
    last = min(middle + _LOOK_AHEAD_S / grid.frame_s, grid.frames - 1.0)
    ahead = strength[round(middle) : max(round(last), round(middle) + 2)]
    at = round(middle) + int(np.argmax(ahead))
    half = _HALF * strength[at]
    earliest = max(middle - _LOOK_BACK_S / grid.frame_s, 0.0)
    while at > earliest and strength[at] > half:
        at -= 1
    rise = strength[at + 1] - strength[at]
    crossing = at + (half - strength[at]) / rise if rise > 0.0 else float(at)
    late_s = float(crossing - middle) * grid.frame_s
    return late_s - _BIAS_S if abs(late_s) <= _LOOK_BACK_S else 0.0


def moves_s(late_s: Sequence[float]) -> list[float]:
    """How much later (negative: earlier) a vowel's column must come so that the vowel comes in time. Small
    deviations stay: every move costs the consonant before it some clearness."""
    return [-math.copysign(min(max(abs(late) - _SMALL_S, 0.0), _MOST_S), late) for late in late_s]
