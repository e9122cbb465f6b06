"""Third-octave spectra of stems, for the mixer."""

from __future__ import annotations

import numpy as np
import scipy.fft

from music.levels.gains import Floats, Signal
from music.levels.products import product
from music.sketch.instruments.strike import RATE_HZ
from music.stems import put_aside

BANDS_HZ = 1000.0 * 2.0 ** (np.arange(-16, 14) / 3.0)
"""Centres of third-octave bands from 25 Hz to 20 kHz."""
WINDOW = 8192
VIEW_HOP = 16_384


def view(rows: Signal) -> Floats:
    """``(frames, bands)``: the power of ``rows``, summed over its channels, with a frame every ``VIEW_HOP``
    samples."""
    samples = rows.shape[1]
    window = np.hanning(WINDOW).astype(np.float32)
    hz = np.arange(WINDOW // 2 + 1) * (RATE_HZ / WINDOW)
    band = np.round(np.log2(np.maximum(hz, 1.0) / 1000.0) * 3.0).astype(int) + 16
    inside = (band >= 0) & (band < len(BANDS_HZ))
    sums = np.zeros((len(hz), len(BANDS_HZ)), dtype=np.float32)
    sums[np.flatnonzero(inside), band[inside]] = 2.0 / (WINDOW * float(np.sum(window**2)))
    starts = np.arange(0, max(1, samples - WINDOW + 1), VIEW_HOP)
    out = np.zeros((len(starts), len(BANDS_HZ)))
    for first in range(0, len(starts), 64):
        some = starts[first : first + 64]
        for channel in rows:
            padded = channel if samples >= WINDOW else np.pad(channel, (0, WINDOW - samples))
            frames = np.stack([padded[s : s + WINDOW] for s in some]) * window
            bins = np.abs(scipy.fft.rfft(frames, axis=1)) ** 2
            out[first : first + len(some)] += product(bins, sums)
        put_aside(rows)
    return out
