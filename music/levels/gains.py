"""Gains as curves: a value for each ``BLOCK`` of samples, interpolated linearly: fast, and without audible
steps. A rate is 44.1 kHz unless it is given."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from music.stems import put_aside

RATE_HZ = 44_100
Floats = NDArray[np.floating[Any]]
Signal = NDArray[np.float32]
"""``(channels, samples)``."""

BLOCK = 64
PIECE = 2048 * BLOCK
"""Samples that stay in the cache."""
LOOK_AHEAD_S = 0.006
RELEASE_DB_PER_S = 45.0


def block_peaks(signal: Signal) -> Floats:
    """``(blocks,)``: the highest sample of any channel in each block."""
    samples = signal.shape[1]
    out = np.zeros(blocks_of(samples))
    for start in range(0, samples, PIECE):
        highest = np.abs(signal[0, start : start + PIECE])
        for channel in signal[1:]:
            np.maximum(highest, np.abs(channel[start : start + PIECE]), out=highest)
        edges = np.arange(0, len(highest), BLOCK)
        out[start // BLOCK : start // BLOCK + len(edges)] = np.maximum.reduceat(highest, edges)
    return out


def blocks_of(samples: int) -> int:
    """How many blocks a signal has; the last one may be short."""
    return -(-samples // BLOCK)


def apply_gain(signal: Signal, gain: Floats) -> None:
    """Multiplies ``signal`` in place by a gain per block, interpolated linearly."""
    step = 512 * BLOCK
    for start in range(0, signal.shape[1], step):
        piece = signal[:, start : start + step]
        piece *= by_sample(gain, start, piece.shape[1])
        if start % (16 * step) == 0:
            put_aside(signal)


def by_sample(values: Floats, start: int, length: int) -> Signal:
    """``(length,)``: a value per block, interpolated linearly, from the sample ``start`` on."""
    blocks = np.arange(start // BLOCK, (start + length - 1) // BLOCK + 2)
    nodes = 0.5 * (
        values[np.clip(blocks, 0, len(values) - 1)] + values[np.clip(blocks - 1, 0, len(values) - 1)]
    ).astype(np.float32)
    slope = np.arange(BLOCK, dtype=np.float32) / BLOCK
    lines = (nodes[:-1, np.newaxis] + slope * np.diff(nodes)[:, np.newaxis]).ravel()
    return np.asarray(lines[start % BLOCK :][:length])


def falls_slowly(level_db: Floats, *, db_per_s: float, rate_hz: float = RATE_HZ) -> Floats:
    """The lowest curve above ``level_db`` that falls no faster than ``db_per_s``; it may rise at once."""
    ramp = np.arange(len(level_db)) * (db_per_s * BLOCK / rate_hz)
    return np.asarray(np.maximum.accumulate(level_db + ramp) - ramp)


def smooth(values: Floats, seconds: float, rate_hz: float = RATE_HZ) -> Floats:
    """A moving average over ``seconds``."""
    width = max(1, round(seconds * rate_hz / BLOCK))
    return np.asarray(uniform_filter1d(values, width, mode="nearest"))


def hold(values: Floats, seconds: float, rate_hz: float = RATE_HZ) -> Floats:
    """The maximum over ``seconds`` on either side."""
    return np.asarray(
        maximum_filter1d(values, 2 * max(1, round(seconds * rate_hz / BLOCK)) + 1, mode="nearest")
    )


def limited(peaks: Floats, ceiling: float, rate_hz: float = RATE_HZ) -> Floats:
    """The gain that keeps ``peaks`` under ``ceiling``: it falls before a peak, holds, and recovers slowly."""
    need = 20.0 * np.log10(np.maximum(peaks / ceiling, 1.0))
    held = hold(falls_slowly(need, db_per_s=RELEASE_DB_PER_S, rate_hz=rate_hz), LOOK_AHEAD_S, rate_hz)
    return np.asarray(10.0 ** (-smooth(held, LOOK_AHEAD_S, rate_hz) / 20.0))


def quantised(signal: Signal) -> Signal:
    """Rounds to 16-bit values in place, so that the master is measured as it is written."""
    for start in range(0, signal.shape[1], PIECE):
        for channel in signal:
            piece = channel[start : start + PIECE]
            piece *= 32768.0
            np.rint(piece, out=piece)
            np.clip(piece, -32768.0, 32767.0, out=piece)
            piece /= 32768.0
    return signal
