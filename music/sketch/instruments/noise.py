"""Noise with a spectrum: breath, bow, pick, wires and metal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.fft

from music.sketch.instruments.strike import RATE_HZ, Floats, Signal

Shape = Sequence[tuple[float, float]]
"""Points ``(Hz, dB)``, interpolated linearly over the logarithm of frequency; constant beyond the ends."""


def noise(samples: int, shape: Shape, rng: np.random.Generator) -> Signal:
    """``(samples,)`` of Gaussian noise with RMS 1 and the spectrum ``shape``."""
    size = scipy.fft.next_fast_len(max(samples, 64), real=True)
    bins = scipy.fft.rfft(rng.standard_normal(size, dtype=np.float32))
    bins *= curve(np.arange(len(bins)) * (RATE_HZ / size), shape).astype(np.float32)
    made = scipy.fft.irfft(bins, size)[:samples]
    return np.asarray(made / (np.sqrt(np.mean(made * made)) + 1e-9), dtype=np.float32)


def curve(hz: Floats, shape: Shape) -> Floats:
    """The amplitude of ``shape`` at each frequency."""
    at = np.log(np.maximum(hz, 1.0))
    db = np.interp(at, [np.log(f) for f, _ in shape], [level for _, level in shape])
    return np.asarray(10.0 ** (db / 20.0))


def band(low_hz: float, high_hz: float, slope_db: float = 24.0) -> Shape:
    """Flat between two frequencies; falls by ``slope_db`` per octave outside."""
    return (
        (low_hz / 8.0, -3.0 * slope_db),
        (low_hz, 0.0),
        (high_hz, 0.0),
        (high_hz * 8.0, -3.0 * slope_db),
    )
