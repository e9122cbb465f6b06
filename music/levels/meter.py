"""Loudness and true peak by ITU-R BS.1770-5, at any rate."""

from __future__ import annotations

from functools import cache

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from music.levels.gains import RATE_HZ, Floats, Signal
from music.levels.products import product

OFFSET_LU = -0.691
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
_STEPS_PER_S = 10
"""Gating blocks of 400 ms overlap by 75%."""

TAPS = 4096
FRAME, BATCH = 65_536, 4
"""Samples of a transform, and how many are made at once."""

# BS.1770-5, annex 1, tables 1 and 2, as analogue parameters (Brecht De Man, 2018)
_SHELF_HZ, _SHELF_DB, _SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
_HIGH_PASS_HZ, _HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773


def step(rate_hz: float = RATE_HZ) -> int:
    """The samples of 100 ms."""
    return round(rate_hz / _STEPS_PER_S)


def k_weighting(rate_hz: float = RATE_HZ) -> Floats:
    """``(2, 6)``: the two second-order sections of the K filter."""
    k = np.tan(np.pi * _SHELF_HZ / rate_hz)
    high = 10.0 ** (_SHELF_DB / 20.0)
    middle = high**0.4996667741545416
    a0 = 1.0 + k / _SHELF_Q + k * k
    shelf = [
        (high + middle * k / _SHELF_Q + k * k) / a0, 2.0 * (k * k - high) / a0,
        (high - middle * k / _SHELF_Q + k * k) / a0, 1.0, 2.0 * (k * k - 1.0) / a0,
        (1.0 - k / _SHELF_Q + k * k) / a0,
    ]  # fmt: skip
    k = np.tan(np.pi * _HIGH_PASS_HZ / rate_hz)
    a0 = 1.0 + k / _HIGH_PASS_Q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / _HIGH_PASS_Q + k * k) / a0]
    return np.array([shelf, high_pass])


@cache
def _k_impulse(rate_hz: float) -> Signal:
    """``(TAPS,)``: the K filter's impulse response; what it leaves out is 100 dB lower."""
    spike = np.zeros(TAPS)
    spike[0] = 1.0
    for b0, b1, b2, _, a1, a2 in k_weighting(rate_hz):
        out, x1, x2, y1, y2 = np.empty(TAPS), 0.0, 0.0, 0.0, 0.0
        for n, x in enumerate(spike.tolist()):
            y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
            x1, x2, y1, y2 = x, x1, y, y1
            out[n] = y
        spike = out
    return spike.astype(np.float32)


def weighted_energy(signal: Signal, block: int, rate_hz: float = RATE_HZ) -> Floats:
    """``(blocks,)``: the K-weighted energy of all channels, summed over each ``block`` of samples."""
    channels, samples = signal.shape
    hop = (FRAME - TAPS) // block * block
    overlap, batch = FRAME - hop, min(BATCH, -(-samples // hop))
    filtered = scipy.fft.rfft(_k_impulse(rate_hz), FRAME)
    out = np.zeros(-(-samples // block))
    heard = np.zeros((channels, overlap + batch * hop), dtype=np.float32)
    for start in range(0, samples, batch * hop):
        here = signal[:, start : start + batch * hop]
        heard[:, :overlap] = heard[:, batch * hop :]
        heard[:, overlap : overlap + here.shape[1]] = here
        heard[:, overlap + here.shape[1] :] = 0.0
        spectra = scipy.fft.rfft(sliding_window_view(heard, FRAME, axis=1)[:, ::hop], axis=2)
        spectra *= filtered
        weighted = scipy.fft.irfft(spectra, FRAME, axis=2, overwrite_x=True)[:, :, overlap:]
        weighted = weighted.reshape(channels, -1)[:, : here.shape[1]]
        whole = weighted.shape[1] // block * block
        first = start // block
        np.square(weighted, out=weighted)
        power = weighted[:, :whole].reshape(channels, -1, block).sum(axis=2, dtype=np.float32)
        out[first : first + power.shape[1]] += power.sum(axis=0)
        if whole < weighted.shape[1]:
            out[-1] += float(np.sum(weighted[:, whole:]))
    return out


def integrated(step_energy: Floats, rate_hz: float = RATE_HZ) -> float:
    """Gated loudness in LUFS from the K-weighted energy of each 100 ms; -inf for silence or under 400 ms."""
    if len(step_energy) < 4:
        return -np.inf
    power = np.convolve(step_energy, np.ones(4), "valid") / (4 * step(rate_hz))
    level = OFFSET_LU + 10.0 * np.log10(power + 1e-20)
    loud = power[level > ABSOLUTE_GATE_LUFS]
    if not len(loud):
        return -np.inf
    gate = OFFSET_LU + 10.0 * np.log10(loud.mean()) + RELATIVE_GATE_LU
    kept = power[level > max(gate, ABSOLUTE_GATE_LUFS)]
    return float(OFFSET_LU + 10.0 * np.log10(kept.mean()))


def loudness(signal: Signal, rate_hz: float = RATE_HZ) -> float:
    """Integrated loudness of ``(channels, samples)`` in LUFS."""
    whole = signal.shape[1] // step(rate_hz) * step(rate_hz)
    if not whole:
        return -np.inf
    return integrated(weighted_energy(signal[:, :whole], step(rate_hz), rate_hz), rate_hz)


PHASES = 4
SPAN = 12
"""Samples on either side that the interpolator reads."""


def _interpolator() -> NDArray[np.float32]:
    """``(2 * SPAN, PHASES - 1)``: windowed sincs for the three points between two samples."""
    offsets = np.arange(-SPAN + 1, SPAN + 1)[:, np.newaxis] - np.arange(1, PHASES) / PHASES
    window = np.cos(np.pi * offsets / (2.0 * SPAN + 1.0)) ** 2
    taps = np.sinc(offsets) * window
    return np.asarray(taps / taps.sum(0), dtype=np.float32)


def true_peaks(signal: Signal, peaks: Floats, block: int, above: float) -> Floats:
    """``peaks`` (sample peaks of each ``block``), raised to true peaks by fourfold oversampling.

    Only blocks with a sample peak over ``above`` are measured: between samples, music rises by less than 3
    dB."""
    out = peaks.copy()
    taps = _interpolator()
    chosen = np.flatnonzero(peaks > above)
    reach = block + 2 * SPAN
    # One column for each point between two samples of a block: all of a block's are one matrix product.
    columns = np.zeros((reach, block + 1, PHASES - 1), dtype=np.float32)
    for place in range(block + 1):
        columns[place : place + 2 * SPAN, place] = taps
    points = columns.reshape(reach, -1)
    for channel in signal:
        padded = np.pad(channel, (SPAN, SPAN + block))
        for first in range(0, len(chosen), 2048):
            some = chosen[first : first + 2048]
            stretches = padded[some[:, np.newaxis] * block + np.arange(reach)]
            between = np.abs(product(stretches, points)).max(axis=1)
            out[some] = np.maximum(out[some], between)
    return out


def k_response(hz: Floats, rate_hz: float = RATE_HZ) -> Floats:
    """The K filter's magnitude at each frequency."""
    z = np.exp(-2j * np.pi * hz / rate_hz)
    out = np.ones(len(hz))
    for b0, b1, b2, _, a1, a2 in k_weighting(rate_hz):
        out = out * np.abs((b0 + b1 * z + b2 * z * z) / (1.0 + a1 * z + a2 * z * z))
    return out


def steps_of(block_energy: Floats, block: int, rate_hz: float = RATE_HZ) -> Floats:
    """Energy per 100 ms from energy per ``block``. A step is not a whole number of blocks, so blocks at its
    edges are divided."""
    sums = np.concatenate([[0.0], np.cumsum(block_energy)])
    edges = np.arange(0, len(block_energy) * block + 1, step(rate_hz)) / block
    return np.asarray(np.diff(np.interp(edges, np.arange(len(sums)), sums)))
