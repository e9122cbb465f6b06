"""Band-limited oscillators with variable pitch: one period per colour, read at a varying phase and colour."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from music.sketch.instruments.partials import HIGHEST_HZ
from music.sketch.instruments.strike import RATE_HZ, Floats, Signal, hertz, times

SIZE = 2048
Spectrum = Callable[[Floats, float], Floats]
"""``spectrum(hz of each harmonic, colour 0..1)`` gives the harmonics' amplitudes."""


def tables(spectrum: Spectrum, hz: float, colours: int = 6) -> Signal:
    """``(colours, SIZE + 1)``: one period per colour, from dark to bright; the last sample repeats the first.

    The harmonics' phases are scattered, which keeps the peaks low, and the same in all colours."""
    count = int(min(HIGHEST_HZ / hz, SIZE // 2 - 1))
    number = np.arange(1, count + 1)
    scatter = np.exp(2j * np.pi * ((number * number * 0.381966) % 1.0))
    bins = np.zeros((colours, SIZE // 2 + 1), dtype=np.complex128)
    for row, colour in enumerate(np.linspace(0.0, 1.0, colours)):
        bins[row, 1 : count + 1] = spectrum(number * hz, float(colour)) * scatter
    waves = np.fft.irfft(bins, axis=1) * (SIZE / 2)
    return np.concatenate([waves, waves[:, :1]], axis=1).astype(np.float32)


def read(waves: Signal, colour: Floats, cycles: Floats) -> Signal:
    """``(samples,)``: the table at ``cycles`` (phase in turns), interpolated in phase and in colour."""
    place = cycles % 1.0 * SIZE
    column = place.astype(np.int32)
    across = (place - column).astype(np.float32)
    height = np.clip(colour, 0.0, 1.0) * (len(waves) - 1)
    row = np.minimum(height.astype(np.int32), len(waves) - 2)
    up = (height - row).astype(np.float32)
    flat = waves.ravel()
    index = row * (SIZE + 1) + column
    below = flat[index]
    below += across * (flat[index + 1] - below)
    index += SIZE + 1
    above = flat[index]
    above += across * (flat[index + 1] - above)
    return np.asarray(below + up * (above - below), dtype=np.float32)


def cycles_of(hz: Floats) -> Floats:
    """Phase in turns of a frequency track, starting at 0."""
    return np.asarray(np.cumsum(hz) / RATE_HZ)


def frequency_track(
    samples: int,
    pitch: float,
    rng: np.random.Generator,
    *,
    vibrato_cents: float = 0.0,
    vibrato_hz: float = 5.4,
    vibrato_after_s: float = 0.25,
    scoop_cents: float = 0.0,
    scoop_s: float = 0.05,
    from_pitch: int | None = None,
    glide_s: float = 0.06,
) -> Floats:
    """The frequency of a played note in Hz: a scoop into the note, or a glide from another, then growing
    vibrato."""
    t = times(samples)
    depth = vibrato_cents * np.clip((t - vibrato_after_s) / 0.35, 0.0, 1.0)
    wobble = rng.uniform(0.94, 1.06) * vibrato_hz
    cents = depth * np.sin(2.0 * np.pi * (wobble * t + rng.uniform()))
    cents += rng.normal(0.0, 1.5) - scoop_cents * np.exp(-t / scoop_s)
    if from_pitch is not None:
        cents += 100.0 * (from_pitch - pitch) * np.exp(-t / (glide_s / 3.0))
    return np.asarray(hertz(pitch) * 2.0 ** (cents / 1200.0))
