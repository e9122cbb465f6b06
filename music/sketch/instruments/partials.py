"""Additive synthesis by matrix products: hundreds of partials in a few nanoseconds a sample.

A tone is divided into frames. All frames share the same phase steps of each partial, so the sum over partials
is a product of ``(frames, partials)`` and ``(partials, frame samples)``. Decay inside a frame costs nothing
extra."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from music.levels.products import product
from music.sketch.instruments.strike import RATE_HZ, Floats, Signal

Phasors = NDArray[np.complexfloating[Any]]

FRAME = 256
SILENT_DB = 100.0
"""A partial that has fallen so far is left out: it is under the last of 16 bits."""
SHORTEST_STRETCH, LONGEST_STRETCH = 16, 256
"""So many frames at least, and at most, have the same partials."""
HIGHEST_HZ = 19_000.0
"""Partials above this are left out: they are inaudible, and without them nothing can alias."""


def ring(
    samples: int,
    hz: Floats,
    amplitude: Floats,
    t60_s: Floats,
    phase: Floats,
    pan: Floats | None = None,
) -> Signal:
    """Free decay of partials (a string, a bar, a bell): each falls 60 dB in its own ``t60_s``.

    ``hz``, ``amplitude``, ``t60_s``, ``phase`` are ``(partials,)``; ``pan`` is ``(2, partials)`` for a stereo
    tone.
    """
    audible = np.flatnonzero((hz < HIGHEST_HZ) & (hz > 15.0) & (np.abs(amplitude) > 1e-6))
    audible = audible[np.argsort(-t60_s[audible], kind="stable")]
    hz, amplitude, t60_s, phase = (np.asarray(each)[audible] for each in (hz, amplitude, t60_s, phase))
    step = (2j * np.pi * hz - 6.9078 / t60_s) / RATE_HZ
    frames = -(-samples // FRAME)
    turns = _powers(step, FRAME).T
    steps = _powers(step * FRAME, min(frames, LONGEST_STRETCH))
    sides = None if pan is None else pan[:, audible]
    stretches, first = [], 0
    while first < frames:
        # The longest partials come first, so those that still sound here do too.
        sounding = int(np.count_nonzero(t60_s * (SILENT_DB / 60.0) > first * (FRAME / RATE_HZ)))
        length = min(max(first, SHORTEST_STRETCH), LONGEST_STRETCH, frames - first)
        begin = amplitude * np.exp(1j * phase + step * (first * FRAME))
        starts = begin[:sounding] * steps[:length, :sounding]
        stretches.append(_product(starts, turns[:sounding], None if sides is None else sides[:, :sounding]))
        first += length
    return np.concatenate(stretches, axis=1)[:, :samples] if stretches else np.zeros((1, 0), np.float32)


def evolve(samples: int, hz: Floats, amplitude: Floats, phase: Floats, pan: Floats | None = None) -> Signal:
    """Partials with varying amplitudes: ``amplitude`` is ``(frames_of(samples), partials)``, interpolated
    linearly."""
    audible = hz < HIGHEST_HZ
    hz, amplitude, phase = hz[audible], amplitude[:, audible], phase[audible]
    step = 2j * np.pi * hz / RATE_HZ
    frames = len(amplitude) - 1
    at = np.exp(1j * phase) * _powers(step * FRAME, frames)
    turns = _powers(step, FRAME).T
    slopes = np.diff(amplitude, axis=0)
    starts = np.concatenate([amplitude[:-1] * at, slopes * at], axis=1)
    ramps = np.concatenate([turns, turns * (np.arange(FRAME) / FRAME)])
    both = None if pan is None else np.concatenate([pan[:, audible]] * 2, axis=1)
    return _product(starts, ramps, both)[:, :samples]


def frames_of(samples: int) -> int:
    """How many amplitude frames ``evolve`` needs for this length."""
    return -(-samples // FRAME) + 1


def frame_times(samples: int) -> Floats:
    """Seconds of each of ``evolve``'s amplitude frames."""
    return np.arange(frames_of(samples)) * (FRAME / RATE_HZ)


def _powers(step: Phasors, count: int) -> Phasors:
    """``(count, partials)``: ``exp(n * step)``, each a product of two: exponentials are what takes time."""
    low = np.exp(step * np.arange(16)[:, np.newaxis])
    high = np.exp(step * (16 * np.arange(-(-count // 16)))[:, np.newaxis])
    return np.asarray((high[:, np.newaxis] * low).reshape(-1, len(step))[:count])


def _product(starts: Phasors, turns: Phasors, pan: Floats | None) -> Signal:
    right = np.concatenate([turns.real, -turns.imag])
    channels = [starts] if pan is None else [starts * pan[0], starts * pan[1]]
    out = [product(np.concatenate([each.real, each.imag], axis=1), right) for each in channels]
    return np.stack([each.ravel() for each in out])
