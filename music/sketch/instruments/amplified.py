"""Distorted sounds: the guitar amplifier and the long 808 bass."""

from __future__ import annotations

import numpy as np
import scipy.fft

from music.sketch.instruments.noise import Shape, curve, noise
from music.sketch.instruments.partials import ring
from music.sketch.instruments.strike import (
    RATE_HZ,
    Floats,
    Signal,
    Strike,
    falling,
    hertz,
    mono,
    rising,
    times,
)
from music.sketch.instruments.wavetable import cycles_of, frequency_track, read, tables

CABINET = ((50, -24), (85, 0), (130, 3), (300, 0), (600, -2), (1200, 0), (2500, 5), (3600, 3), (4800, -8),
    (7000, -30),
           (12000, -60))  # fmt: skip
"""A closed 4 x 12 cabinet: a low resonance, presence near 2.5 kHz, nothing above 5 kHz."""
LEAD_CABINET = ((60, -24), (120, -3), (300, 0), (900, 1), (1800, 4), (3200, 2), (4800, -10), (7500, -34),
    (12000, -60))  # fmt: skip
"""An open cabinet, with less bass."""
OVERSAMPLING = 2
PALM_BELOW, OPEN_ABOVE = 0.45, 0.75
"""Strokes softer than the first are damped by the palm, those harder than the second ring."""


def electric_guitar_distorted(strike: Strike, rng: np.random.Generator) -> Signal:
    """A chord through one overdriven amplifier, double-tracked: one take left, one right.

    The sum of the strings is distorted, at twice the sample rate, so that the cabinet's roll-off removes the
    aliases."""
    return np.concatenate([_take(strike, rng), _take(strike, rng)])


def _take(strike: Strike, rng: np.random.Generator) -> Signal:
    samples = strike.samples
    dry = np.zeros((1, samples), dtype=np.float32)
    ringing = float(np.clip((strike.velocity - PALM_BELOW) / (OPEN_ABOVE - PALM_BELOW), 0.0, 1.0))
    pick = rng.uniform(0.09, 0.19)
    for pitch in strike.pitches:
        f0 = hertz(pitch) * 2.0 ** (rng.normal(0.0, 2.5) / 1200.0)
        n = np.arange(1, int(min(40, 7000.0 / f0)) + 1, dtype=float)
        level = np.sin(np.pi * n * pick) * np.sin(np.pi * n * 0.2) / n
        t60 = (0.28 + 8.72 * ringing**2) / (1.0 + (n * f0 / (900.0 + 1300.0 * ringing)) ** 1.5)
        dry += ring(samples, n * f0, level, t60, rng.uniform(-0.4, 0.4, len(n)) - np.pi / 2.0)
    short = min(samples, 2500)
    scrape = 0.06 * rng.uniform(0.6, 1.8)
    dry[0, :short] += scrape * noise(short, ((900, -20), (2500, 0), (6000, -8)), rng) * falling(short, 0.03)
    dry *= 1.0 / (float(np.max(np.abs(dry))) + 1e-9)
    return _amplifier(dry[0], 5.0 + 9.0 * strike.velocity, CABINET)


def _amplifier(dry: Signal, drive: float, cabinet: Shape) -> Signal:
    """``(1, samples)``: a signal with a peak of 1 through the distortion and the loudspeaker."""
    samples = len(dry)
    # Room for the ring of the filters, which would else come round to the start.
    size = scipy.fft.next_fast_len(samples + 4096, real=True)
    bins = scipy.fft.rfft(dry, size)
    driven = scipy.fft.irfft(OVERSAMPLING * bins, OVERSAMPLING * size)
    shaped = np.tanh(drive * driven + 0.15) - np.tanh(0.15)
    heard = scipy.fft.rfft(shaped)[: len(bins)] / OVERSAMPLING
    heard *= curve(np.arange(len(bins)) * (RATE_HZ / size), cabinet).astype(np.float32)
    return mono(scipy.fft.irfft(heard, size)[:samples])


def electric_guitar_lead(strike: Strike, rng: np.random.Generator) -> Signal:
    """One string through an overdriven amplifier, for solos: it bends from the note before, and a finger
    shakes it after a while.

    A hard stroke has a squeal of the pick, and more drive; the string's fall is what the drive does not
    hide."""
    t = times(strike.samples)
    hz = frequency_track(
        strike.samples, strike.pitches[0], rng, vibrato_cents=22.0 * rng.uniform(0.6, 1.4), vibrato_hz=5.6,
        vibrato_after_s=rng.uniform(0.25, 0.5), scoop_cents=rng.choice((0.0, 6.0, 25.0)),
        from_pitch=strike.from_pitch, glide_s=rng.uniform(0.12, 0.22),
    )  # fmt: skip
    pick = rng.uniform(0.07, 0.16)
    position = 0.22

    def spectrum(each_hz: Floats, colour: float) -> Floats:
        n = np.round(each_hz / each_hz[0])
        corner = 900.0 * 7.0**colour
        level = np.abs(np.sin(np.pi * n * pick) * np.sin(np.pi * n * position)) / n
        return np.asarray(level / np.sqrt(1.0 + (each_hz / corner) ** 4))

    # A pluck is bright and dulls as it rings; the amplifier holds its level.
    colour = (0.35 + 0.6 * strike.velocity) * (0.35 + 0.65 * np.exp(-t / rng.uniform(0.25, 0.6)))
    string = read(tables(spectrum, strike.hz), colour, cycles_of(hz))
    string = string / (float(np.max(np.abs(string))) + 1e-9) * np.exp(-t / 2.6)
    if strike.from_pitch is None:  # a bent or slurred note is not picked again
        short = min(strike.samples, 2200)
        scratch = noise(short, ((1500, -12), (3000, 0), (5500, -6)), rng) * falling(short, 0.025)
        string[:short] += 0.35 * strike.velocity * rng.uniform(0.4, 1.4) * scratch
    string *= rising(strike.samples, 0.004)
    string /= float(np.max(np.abs(string))) + 1e-9
    return _amplifier(string, 1.6 + 5.0 * strike.velocity**2, LEAD_CABINET)


def bass_808(strike: Strike, rng: np.random.Generator) -> Signal:
    """A long sine that drops to its pitch, with saturation, so that small speakers can play it."""
    t = times(strike.samples)
    base = strike.hz
    hz: Floats = base * (1.0 + 1.1 * np.exp(-t / 0.016))
    if strike.from_pitch is not None:
        hz = base * 2.0 ** ((strike.from_pitch - strike.pitches[0]) / 12.0 * np.exp(-t / 0.05))
    wave = np.sin(2.0 * np.pi * np.cumsum(hz) / RATE_HZ) * np.exp(-t / 1.6)
    warm = np.tanh((1.6 + 1.2 * strike.velocity) * wave + 0.12) - np.tanh(0.12)
    click = noise(strike.samples, ((500, -10), (2000, 0), (6000, -14)), rng) * np.exp(-t / 0.004) * 0.12
    return mono((warm + click) * np.minimum(t / 0.002, 1.0))
