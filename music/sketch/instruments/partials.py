"""Additive synthesis as matrix products: hundreds of partials at a few nanoseconds a sample.

A tone is cut into frames. Within a frame every partial turns by the same steps, so the sum over partials is a
product of ``(frames, partials)`` and ``(partials, frame samples)``; decay inside the frame comes for free.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from music.sketch.instruments.strike import RATE_HZ, Floats, Signal

Turning = NDArray[np.complexfloating[Any]]

FRAME = 256
INNER = 256
HIGHEST_HZ = 19_000.0
"""Partials above this are left out: nothing can alias, and nobody would hear them."""


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
    audible = (hz < HIGHEST_HZ) & (hz > 15.0) & (np.abs(amplitude) > 1e-6)
    hz, amplitude, t60_s, phase = (np.asarray(each)[audible] for each in (hz, amplitude, t60_s, phase))
    step = (2j * np.pi * hz - 6.9078 / t60_s) / RATE_HZ
    frames = -(-samples // FRAME)
    starts = amplitude.astype(np.complex128) * np.exp(
        1j * phase + step * (np.arange(frames) * FRAME)[:, np.newaxis]
    )
    turns = np.exp(step[:, np.newaxis] * np.arange(FRAME))
    return _product(starts, turns, None if pan is None else pan[:, audible])[:, :samples]


def evolve(samples: int, hz: Floats, amplitude: Floats, phase: Floats, pan: Floats | None = None) -> Signal:
    """Steady partials whose amplitudes move: ``amplitude`` is ``(frames_of(samples), partials)``, joined by
    lines.
    """
    audible = hz < HIGHEST_HZ
    hz, amplitude, phase = hz[audible], amplitude[:, audible], phase[audible]
    step = 2j * np.pi * hz / RATE_HZ
    frames = len(amplitude) - 1
    at = np.exp(1j * phase + step * (np.arange(frames) * FRAME)[:, np.newaxis])
    turns = np.exp(step[:, np.newaxis] * np.arange(FRAME))
    slopes = np.diff(amplitude, axis=0)
    starts = np.concatenate([amplitude[:-1] * at, slopes * at], axis=1)
    ramps = np.concatenate([turns, turns * (np.arange(FRAME) / FRAME)])
    both = None if pan is None else np.concatenate([pan[:, audible]] * 2, axis=1)
    return _product(starts, ramps, both)[:, :samples]


def frames_of(samples: int) -> int:
    """How many amplitude frames ``evolve`` wants for this length."""
    return -(-samples // FRAME) + 1


def frame_times(samples: int) -> Floats:
    """Seconds of each of ``evolve``'s amplitude frames."""
    return np.arange(frames_of(samples)) * (FRAME / RATE_HZ)


def product(left: Floats, right: Floats) -> Signal:
    """``left @ right`` in float32, with the same bits however many threads the BLAS library has.

    OpenBLAS splits long inner sums differently when it runs on one core; short ones it adds up in one order.
    """
    lefts, rights = (
        np.ascontiguousarray(left, dtype=np.float32),
        np.ascontiguousarray(right, dtype=np.float32),
    )
    out = lefts[:, :INNER] @ rights[:INNER]
    for start in range(INNER, len(rights), INNER):
        out += lefts[:, start : start + INNER] @ rights[start : start + INNER]
    return out


def _product(starts: Turning, turns: Turning, pan: Floats | None) -> Signal:
    right = np.concatenate([turns.real, -turns.imag])
    channels = [starts] if pan is None else [starts * pan[0], starts * pan[1]]
    out = [product(np.concatenate([each.real, each.imag], axis=1), right) for each in channels]
    return np.stack([each.ravel() for each in out])
