"""When vowels begin to sound against when they are written, after consonants without a voice.

After those alone the beginning of a vowel is a matter of fact: the voice sets in, and with it the first two
harmonics, which the burst of a consonant does not have.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.signal import butter, sosfiltfilt

from tests.ear.pitch import Sung
from tests.music.analysis import Floats

HARMONICS = (0.6, 2.4)
"""The band that is measured, in multiples of the written pitch."""
HOP_S, WINDOW_S = 0.0025, 0.015
BEGUN_DB = -6.0
"""Under the level of the vowel itself."""
AROUND_S = 0.15
MARGIN_S = 0.25
"""Of sound on either side, for the filter to settle."""
NEAR_S = 0.040


def onsets_late_s(samples: Floats, rate_hz: int, vowels: Sequence[Sung]) -> Floats:
    """How late each vowel begins, in seconds (negative: early). One that does not rise out of what sounds
    before it, such as a room's echo, is left out."""
    mono = samples.mean(axis=0)
    late = (_late_s(mono, rate_hz, vowel) for vowel in vowels)
    return np.array([each for each in late if each is not None])


def _late_s(mono: Floats, rate_hz: int, vowel: Sung) -> float | None:
    at, half = vowel.start_s, round(WINDOW_S * rate_hz / 2)
    first = max(0, round((at - AROUND_S - MARGIN_S) * rate_hz))
    last = round((at + AROUND_S + MARGIN_S) * rate_hz)
    band = [440.0 * 2.0 ** ((vowel.pitch - 69) / 12.0) * multiple for multiple in HARMONICS]
    sections = butter(2, band, "bandpass", fs=rate_hz, output="sos")
    sums = np.concatenate([[0.0], np.cumsum(sosfiltfilt(sections, mono[first:last]) ** 2)])
    times = np.arange(at - AROUND_S, at + AROUND_S, HOP_S)
    centres = np.clip(np.round(times * rate_hz).astype(int) - first, half, len(sums) - 1 - half)
    level = 10.0 * np.log10((sums[centres + half] - sums[centres - half]) / (2 * half) + 1e-12)
    full_level = float(np.median(level[(times >= at + 0.04) & (times <= at + 0.13)]))
    full = np.flatnonzero((times >= at - 0.03) & (level >= full_level - 1.0))
    under = np.flatnonzero(level[: full[0]] < full_level + BEGUN_DB) if len(full) else full
    return float(times[under[-1]] + HOP_S - at) if len(under) else None
