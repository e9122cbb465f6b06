"""Stereo impulse responses of rooms, made from noise, and a tempo-synced echo for the voice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from music.sketch.instruments.noise import noise
from music.sketch.instruments.strike import RATE_HZ, Signal, falling, times


@dataclass(frozen=True)
class Room:
    """A room by its decay and colour."""

    t60_s: float
    predelay_s: float
    bright_hz: float
    level: float = 1.0
    """Gain of the return."""


SMALL = Room(0.45, 0.004, 7000.0)
STUDIO = Room(0.9, 0.012, 6500.0)
PLATE = Room(1.5, 0.018, 8000.0)
HALL = Room(2.3, 0.028, 5200.0)
CATHEDRAL = Room(3.4, 0.035, 4200.0)

BANDS = ((150.0, 600.0, 1.0), (600.0, 2400.0, 0.9), (2400.0, 9000.0, 0.55))
"""Low and high edge of a band in Hz, and its decay time relative to ``t60_s``: air and walls absorb high
frequencies."""


def impulse(room: Room, rng: np.random.Generator) -> Signal:
    """``(2, samples)``: a few early reflections and a decaying, decorrelated tail. The energy of a channel is
    about ``level ** 2``."""
    samples = int(RATE_HZ * room.t60_s * 1.05)
    onset = 1.0 - np.exp(-times(samples) / 0.010)
    out = np.zeros((2, samples), dtype=np.float32)
    for low, high, part in BANDS:
        shape = ((low / 2, -30.0), (low, -2.0), (high * 0.8, 0.0), (high * 1.6, -30.0))
        darker = min(1.0, room.bright_hz / low) ** 0.5 * (1.0 if low < room.bright_hz / 2 else 0.6)
        for side in out:
            side += darker * noise(samples, shape, rng) * falling(samples, room.t60_s * part) * onset
    for _ in range(10):
        at = rng.uniform(0.003, 0.045)
        out[:, int(at * RATE_HZ)] += rng.normal(0.0, 9.0, 2) * np.exp(-at / 0.03)
    out[:, -512:] *= np.linspace(1.0, 0.0, 512, dtype=np.float32)
    out *= room.level / np.sqrt(np.mean(np.sum(out * out, axis=1)))
    return np.concatenate([np.zeros((2, int(room.predelay_s * RATE_HZ)), dtype=np.float32), out], axis=1)


def with_echo(room: Signal, *, delay_s: float, level: float, feedback: float, repeats: int = 3) -> Signal:
    """``room`` plus dark echoes every ``delay_s``, alternating between the sides."""
    step = int(delay_s * RATE_HZ)
    grain = np.hanning(11)
    grain = (grain / grain.sum()).astype(np.float32)
    out = np.zeros((2, max(room.shape[1], step * repeats + 64)), dtype=np.float32)
    out[:, : room.shape[1]] = room
    for number in range(1, repeats + 1):
        near, far = (0, 1) if number % 2 else (1, 0)
        gain = level * feedback ** (number - 1)
        out[near, step * number : step * number + 11] += gain * grain
        out[far, step * number : step * number + 11] += 0.35 * gain * grain
    return out
