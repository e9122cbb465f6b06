"""The tempo of a recording, as far as it has one."""

from __future__ import annotations

import numpy as np
from scipy.signal import resample_poly, stft

from music.contract import Samples

_HEARD_S = 90.0
"""From the middle: the tempo of a song is heard in less."""
_AT_HZ = 11_025
_HOP, _WINDOW = 128, 512
_RANGE_BPM = (60.0, 200.0)
_STEP_BPM = 0.05
_USUAL_BPM, _OCTAVES = 112.0, 0.9
"""The middle of the range, and how far from it a tempo is as likely."""
_WEIGHTS = ((1.0, 1.0), (2.0, 0.8), (4.0, 0.5), (0.5, 0.3))
"""Of a tempo: the strength of its beat, of half and of quarter beats, and of two beats."""
_LEAST_ONSETS = 0.03
"""How much the onset curve moves, against the spectrum itself."""
LEAST = 3.0
"""How far the best tempo must stand out, in medians of all. In noise and speech it is below 2, in songs of
the embedded composer 4 to 11."""


def tempo_of(samples: Samples, rate_hz: int) -> float | None:
    """In beats a minute, 60 to 200, of ``(channels, samples)``; None if no beat stands out. It may be twice
    the tempo that a listener would tap, or half of it.

    The tempo is the strongest in the spectrum of the onset curve, which is the rise of the log spectrum."""
    tempo, stands_out = strongest(samples, rate_hz)
    return round(tempo, 1) if stands_out >= LEAST else None


def strongest(samples: Samples, rate_hz: int) -> tuple[float, float]:
    """The strongest tempo, and how far it stands out: see ``LEAST``."""
    length = min(samples.shape[1], round(_HEARD_S * rate_hz))
    start = (samples.shape[1] - length) // 2
    mono = samples[:, start : start + length].mean(axis=0)
    low = resample_poly(mono, _AT_HZ, rate_hz) if rate_hz != _AT_HZ else mono
    _, _, bins = stft(low, _AT_HZ, nperseg=_WINDOW, noverlap=_WINDOW - _HOP, boundary=None)
    spectrum = np.log1p(300.0 * np.abs(bins))
    onsets = np.maximum(np.diff(spectrum, axis=1), 0.0).sum(axis=0)
    a_second = _AT_HZ / _HOP
    width = int(a_second)
    if len(onsets) < 4 * width or onsets.std() < _LEAST_ONSETS * spectrum.sum(axis=0).mean():
        return 0.0, 0.0  # it is too short, or nothing begins in it: a steady tone
    onsets = onsets - np.convolve(onsets, np.ones(width) / width, "same")
    padded = 1 << int(np.ceil(np.log2(8 * len(onsets))))
    strength = np.abs(np.fft.rfft(onsets * np.hanning(len(onsets)), padded))
    hz = np.fft.rfftfreq(padded, 1.0 / a_second)
    tempi = np.arange(*_RANGE_BPM, _STEP_BPM)
    score = np.zeros(len(tempi))
    for multiple, weight in _WEIGHTS:
        score += weight * np.interp(tempi / 60.0 * multiple, hz, strength)
    middle = float(np.median(score))
    score *= np.exp(-0.5 * (np.log2(tempi / _USUAL_BPM) / _OCTAVES) ** 2)
    best = int(np.argmax(score))
    return float(tempi[best]), float(score[best]) / middle if middle > 0.0 else 0.0
