"""Plucked strings: the partials of a string plucked at a point, with faster decay of high ones, through the
body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from music.sketch.instruments.noise import Shape, curve, noise
from music.sketch.instruments.partials import HIGHEST_HZ, ring
from music.sketch.instruments.strike import Signal, Strike, Tone, falling, mono


@dataclass(frozen=True)
class PluckedString:
    """A string, the finger or pick, and the body.

    Amplitudes follow the ideal plucked string, ``sin(n pi p) / n`` at the bridge for a pluck at ``position``
    p (Fletcher and Rossing, The Physics of Musical Instruments, ch. 2); losses grow with the square of
    frequency.
    """

    decay_s: float
    """T60 of a fundamental near 200 Hz; higher notes decay faster."""
    damping_hz: float
    """The frequency of a partial that decays twice as fast as the fundamental."""
    bright_hz: float
    """Roll-off of the pluck itself at full velocity."""
    position: float = 0.17
    inharmonicity: float = 0.00008
    body: Shape = ((50.0, 0.0),)
    pick_db: float = -26.0
    """Level of the pick's noise, relative to the string."""
    pick: Shape = ((800.0, -24.0), (2500.0, 0.0), (7000.0, -6.0))
    thump_db: float = -40.0
    strings: int = 1
    detune_cents: float = 3.0
    pickup: float = 0.0
    """Position of an electric pickup along the string; 0 for none."""
    palm: float = 0.0
    """How much a soft stroke is damped by the palm: the part of its ring that it loses."""
    drive: float = 0.0
    """Overdrive of the amplifier at full velocity; 0 for none."""


def plucked(string: PluckedString) -> Tone:
    """The tone of one kind of plucked string."""

    def tone(strike: Strike, rng: np.random.Generator) -> Signal:
        f0 = strike.hz
        n = np.arange(1, max(2, min(110, int(HIGHEST_HZ / f0))) + 1, dtype=float)
        # The hand plucks now nearer to the bridge, now farther from it.
        position = string.position * rng.uniform(0.80, 1.25)
        amplitude = np.sin(np.pi * n * position) / n
        if string.pickup:
            amplitude *= np.sin(np.pi * n * string.pickup)
        hz = f0 * n * np.sqrt(1.0 + string.inharmonicity * n * n)
        bright = string.bright_hz * (0.30 + 0.70 * strike.velocity) * rng.uniform(0.86, 1.16)
        amplitude /= 1.0 + (hz / bright) ** 2
        amplitude *= curve(hz, string.body)
        t60 = string.decay_s * (200.0 / max(f0, 60.0)) ** 0.45 / (1.0 + (hz / string.damping_hz) ** 2)
        t60 = np.maximum(t60 * rng.uniform(0.85, 1.15, len(n)), 0.03)
        if string.palm:
            open_hand = float(np.clip((strike.velocity - 0.3) / 0.25, 0.0, 1.0))
            t60 *= 1.0 - string.palm * (1.0 - open_hand)
        out = np.zeros((1, strike.samples), dtype=np.float32)
        for each in range(string.strings):
            cents = string.detune_cents * (each - (string.strings - 1) / 2.0)
            phase = rng.uniform(-0.3, 0.3, len(n)) - np.pi / 2.0
            out += ring(strike.samples, hz * 2.0 ** (cents / 1200.0), amplitude, t60, phase)
        loud = float(np.sqrt(np.sum(amplitude * amplitude)))
        short = min(strike.samples, 6000)
        click = noise(short, string.pick, rng) * falling(short, 0.035)
        out[0, :short] += loud * 10.0 ** (string.pick_db / 20.0) * (0.4 + 0.9 * strike.velocity) * click
        thump = noise(short, ((70.0, -12.0), (120.0, 0.0), (260.0, -3.0), (700.0, -30.0)), rng)
        out[0, :short] += loud * 10.0 ** (string.thump_db / 20.0) * thump * falling(short, 0.12)
        if string.drive:
            # The loud start of a note is overdriven, its end is clean: the colour falls with the level.
            peak = float(np.max(np.abs(out))) + 1e-9
            gain = 1.0 + string.drive * strike.velocity**2
            out = np.asarray(np.tanh(gain * out / peak), dtype=np.float32)
            out *= np.float32(peak / gain**0.7)
        return out

    return tone


WOOD: Shape = (
    (60.0, -14.0), (100.0, 1.0), (150.0, -2.0), (210.0, 3.0), (300.0, 0.0), (420.0, 1.5), (700.0, -1.0),
    (1600.0, 0.0), (3000.0, 2.0), (5000.0, 0.0), (9000.0, -6.0),
)  # fmt: skip
"""A guitar's body, roughly: the resonances of air and top near 100 and 210 Hz."""
UPRIGHT: Shape = ((35.0, -6.0), (60.0, 2.0), (110.0, 3.0), (220.0, 0.0), (600.0, -4.0), (2000.0, -10.0))
BANJO: Shape = ((120.0, -14.0), (300.0, -3.0), (700.0, 3.0), (1800.0, 4.0), (4000.0, 0.0), (8000.0, -9.0))
SMALL_WOOD: Shape = ((150.0, -10.0), (300.0, 1.0), (600.0, 0.0), (1500.0, 2.0), (4000.0, 2.0), (9000.0, -6.0))

acoustic_guitar = plucked(
    PluckedString(4.2, 2600.0, 4200.0, position=0.19, body=WOOD, pick_db=-25.0, thump_db=-26.0, palm=0.93)
)
nylon_guitar = plucked(
    PluckedString(3.0, 1500.0, 1700.0, position=0.24, body=WOOD, pick_db=-33.0, thump_db=-24.0,
                  pick=((400.0, -20.0), (1200.0, 0.0), (4000.0, -15.0)))
)  # fmt: skip
electric_guitar_clean = plucked(
    PluckedString(5.0, 3200.0, 3800.0, position=0.13, pickup=0.21, inharmonicity=0.0001,
                  body=((80.0, -4.0), (400.0, 0.0), (2400.0, 4.0), (4200.0, 0.0), (6000.0, -14.0)),
                  pick_db=-30.0, palm=0.85, drive=2.2)
)  # fmt: skip
electric_guitar_muted = plucked(
    PluckedString(0.42, 1500.0, 2600.0, position=0.11, pickup=0.19,
                  body=((80.0, -2.0), (300.0, 1.0), (2200.0, 3.0), (4500.0, -4.0), (6500.0, -16.0)),
                  pick_db=-24.0, thump_db=-24.0)
)  # fmt: skip
banjo = plucked(PluckedString(1.1, 3200.0, 5200.0, position=0.09, body=BANJO, pick_db=-22.0, thump_db=-30.0))
mandolin = plucked(
    PluckedString(
        1.7, 3000.0, 5000.0, position=0.13, body=SMALL_WOOD, pick_db=-22.0, strings=2, detune_cents=4.0
    )
)
harp = plucked(PluckedString(3.6, 1800.0, 1900.0, position=0.42, body=WOOD, pick_db=-38.0, thump_db=-34.0))
pizzicato = plucked(
    PluckedString(0.75, 900.0, 1800.0, position=0.2, body=SMALL_WOOD, pick_db=-32.0, thump_db=-20.0,
        strings=3,
                  detune_cents=7.0)
)  # fmt: skip
clavinet = plucked(
    PluckedString(2.2, 2600.0, 5200.0, position=0.06, pickup=0.11, pick_db=-30.0,
                  body=((80.0, -8.0), (300.0, 0.0), (1300.0, 5.0), (3200.0, 3.0), (7000.0, -8.0)))
)  # fmt: skip
bass_finger = plucked(
    PluckedString(4.5, 700.0, 900.0, position=0.2, pickup=0.26, pick_db=-40.0, thump_db=-30.0,
                  body=((40.0, 0.0), (90.0, 1.0), (700.0, 2.0), (2500.0, -6.0)))
)  # fmt: skip
bass_pick = plucked(
    PluckedString(4.0, 1300.0, 2000.0, position=0.13, pickup=0.24, pick_db=-30.0,
                  body=((40.0, 0.0), (90.0, 1.0), (900.0, 3.0), (3000.0, -4.0)))
)  # fmt: skip
bass_upright = plucked(
    PluckedString(1.9, 420.0, 620.0, position=0.27, body=UPRIGHT, pick_db=-36.0, thump_db=-20.0,
                  pick=((300.0, -20.0), (900.0, 0.0), (2800.0, -12.0)))
)  # fmt: skip
_slap = plucked(
    PluckedString(3.4, 2200.0, 3600.0, position=0.08, pickup=0.2, pick_db=-19.0, thump_db=-24.0,
                  body=((40.0, 2.0), (100.0, 1.0), (500.0, -4.0), (2200.0, 4.0), (6000.0, -3.0)))
)  # fmt: skip


def bass_slap(strike: Strike, rng: np.random.Generator) -> Signal:
    """A string slapped against the frets: a pluck with a little overdrive."""
    clean = _slap(strike, rng)
    peak = float(np.max(np.abs(clean))) + 1e-9
    return mono((np.tanh(1.6 * clean / peak) * peak / 1.6)[0])
