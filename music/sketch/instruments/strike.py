"""``Strike``, the input of an instrument, and ``Signal``, its output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 44_100

Floats = NDArray[np.floating[Any]]
"""Intermediate values; 64 bits unless computed from a signal."""
Signal = NDArray[np.float32]
"""``(channels, samples)`` with 1 or 2 channels."""


@dataclass(frozen=True, slots=True)
class Strike:
    """One tone to render, of ``seconds`` including its release.

    ``pitches`` has one MIDI number, or a chord for an instrument that distorts the sum of its notes.
    ``velocity`` (0..1) sets the colour; the level is set where the tone is placed."""

    pitches: tuple[int, ...]
    seconds: float
    velocity: float
    from_pitch: int | None = None
    """The start of a glide."""

    @property
    def samples(self) -> int:
        return round(self.seconds * RATE_HZ)

    @property
    def hz(self) -> float:
        return hertz(self.pitches[0])


Tone = Callable[[Strike, np.random.Generator], Signal]
"""Renders a strike. The generator makes two strikes of one string a little different."""


@dataclass(frozen=True)
class Instrument:
    """How an instrument makes a note, and how it is played."""

    tone: Tone
    release_s: float = 0.08
    """Time in which a released note falls by 60 dB."""
    longest_s: float = 30.0
    """Time after which a plucked or struck tone is silent."""
    reference: tuple[int, ...] = (60,)
    """The pitches on which its level is calibrated."""
    variants: int = 1
    """How many slightly different strikes alternate."""
    chordal: bool = False
    """Simultaneous notes go through one amplifier."""
    glide_s: float = 0.0
    """If not 0, it is monophonic, and a note that starts when the last one ends glides from it over this
    time."""
    is_kit: bool = False
    """Pitches are General MIDI drum keys, and a hit sounds until it is silent."""


def hertz(pitch: float) -> float:
    """The frequency of a MIDI pitch, A4 = 440 Hz."""
    return float(440.0 * 2.0 ** ((pitch - 69.0) / 12.0))


def times(samples: int) -> Floats:
    """Seconds of each sample."""
    return np.arange(samples) / RATE_HZ


def mono(signal: Floats | NDArray[np.float32]) -> Signal:
    """One channel of a tone."""
    return signal.astype(np.float32)[np.newaxis]


def falling(samples: int, t60_s: float) -> Signal:
    """An exponential from 1 that falls by 60 dB in ``t60_s``."""
    return np.asarray(np.exp(-6.9078 / t60_s * times(samples)), dtype=np.float32)


def rising(samples: int, attack_s: float) -> Signal:
    """A smooth rise from 0 to 1 over ``attack_s``, then 1."""
    x = np.minimum(times(samples) / max(attack_s, 1e-4), 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x), dtype=np.float32)
