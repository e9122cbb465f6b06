"""Sounds that live on distortion: the guitar amplifier and the long 808."""

from __future__ import annotations

import numpy as np
from scipy.signal import resample_poly

from music.sketch.instruments.noise import curve, noise
from music.sketch.instruments.partials import ring
from music.sketch.instruments.strike import RATE_HZ, Floats, Signal, Strike, falling, hertz, mono, times

CABINET = ((50, -24), (85, 0), (130, 3), (300, 0), (600, -2), (1200, 0), (2500, 5), (3600, 3), (4800, -8),
    (7000, -30),
           (12000, -60))  # fmt: skip
"""A closed 4 x 12 cabinet: a low resonance, presence near 2.5 kHz, nothing above 5 kHz."""
OVERSAMPLING = 2


def electric_guitar_distorted(strike: Strike, rng: np.random.Generator) -> Signal:
    """A chord through one overdriven amplifier, double-tracked: a take on each side.

    The strings are distorted together, at twice the rate so that what folds over stays under the cabinet's
    roll-off.
    """
    return np.concatenate([_take(strike, rng), _take(strike, rng)])


def _take(strike: Strike, rng: np.random.Generator) -> Signal:
    samples = strike.samples
    dry = np.zeros((1, samples), dtype=np.float32)
    for pitch in strike.pitches:
        f0 = hertz(pitch) * 2.0 ** (rng.normal(0.0, 2.5) / 1200.0)
        n = np.arange(1, int(min(40, 7000.0 / f0)) + 1, dtype=float)
        level = np.sin(np.pi * n * 0.13) * np.sin(np.pi * n * 0.2) / n
        t60 = 9.0 / (1.0 + (n * f0 / 2200.0) ** 1.5)
        dry += ring(samples, n * f0, level, t60, rng.uniform(-0.4, 0.4, len(n)) - np.pi / 2.0)
    short = min(samples, 2500)
    dry[0, :short] += 0.06 * noise(short, ((900, -20), (2500, 0), (6000, -8)), rng) * falling(short, 0.03)
    dry *= 1.0 / (float(np.max(np.abs(dry))) + 1e-9)
    driven = resample_poly(dry[0], OVERSAMPLING, 1).astype(np.float32)
    drive = 5.0 + 9.0 * strike.velocity
    shaped = np.tanh(drive * driven + 0.15) - np.tanh(0.15)
    wet = resample_poly(shaped, 1, OVERSAMPLING)[:samples]
    size = 1 << (samples + 4096 - 1).bit_length()
    bins = np.fft.rfft(wet, size)
    bins *= curve(np.arange(len(bins)) * (RATE_HZ / size), CABINET)
    return mono(np.fft.irfft(bins, size)[:samples])


def bass_808(strike: Strike, rng: np.random.Generator) -> Signal:
    """A long sine that drops into pitch, thickened by saturation so that small speakers have it."""
    t = times(strike.samples)
    base = strike.hz
    hz: Floats = base * (1.0 + 1.1 * np.exp(-t / 0.016))
    if strike.from_pitch is not None:
        hz = base * 2.0 ** ((strike.from_pitch - strike.pitches[0]) / 12.0 * np.exp(-t / 0.05))
    wave = np.sin(2.0 * np.pi * np.cumsum(hz) / RATE_HZ) * np.exp(-t / 1.6)
    warm = np.tanh((1.6 + 1.2 * strike.velocity) * wave + 0.12) - np.tanh(0.12)
    click = noise(strike.samples, ((500, -10), (2000, 0), (6000, -14)), rng) * np.exp(-t / 0.004) * 0.12
    return mono((warm + click) * np.minimum(t / 0.002, 1.0))
