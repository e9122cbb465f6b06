"""String sections, pads and organs: many detuned voices, by additive synthesis with varying amplitudes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from music.sketch.instruments.noise import Shape, curve, noise
from music.sketch.instruments.partials import evolve, frame_times
from music.sketch.instruments.strike import Signal, Strike, Tone, falling, rising, times


@dataclass(frozen=True)
class Ensemble:
    """Detuned voices through one low-pass filter with an envelope."""

    voices: int
    detune_cents: float
    rolloff: float
    attack_s: float
    closed_hz: float
    """Cut-off at the start. It opens to ``open_hz`` (depending on velocity) over ``opening_s``, then falls to
    ``rest`` times that."""
    open_hz: float
    opening_s: float
    rest: float = 1.0
    rest_s: float = 1.0
    shape: Shape = ((50.0, 0.0),)
    width: float = 0.8
    shimmer: float = 0.0
    """Depth of each voice's slow swell. It makes the sound of a section, not of an organ."""
    sub_db: float = -60.0
    """Level of a sine an octave below."""
    even: float = 1.0
    resonance_db: float = 0.0
    top_hz: float = 12_000.0
    air_db: float = -80.0
    attacks: float = 0.0
    """How much the attacks of two notes differ, and those of a soft note from a hard one; 0 for a machine."""


def ensemble(players: Ensemble) -> Tone:
    """The tone of one kind of section or pad."""

    def tone(strike: Strike, rng: np.random.Generator) -> Signal:
        f0, voices = strike.hz, players.voices
        count = int(np.clip(players.top_hz / f0, 2, 90))
        n = np.arange(1, count + 1, dtype=float)
        source = n**-players.rolloff * curve(n * f0, players.shape) * np.where(n % 2 == 0, players.even, 1.0)
        t = frame_times(strike.samples)
        top = players.open_hz * (0.45 + 0.7 * strike.velocity)
        slow = 1.0
        if players.attacks:
            slow = float(np.exp(rng.normal(0.0, 0.4 * players.attacks))) * (1.6 - strike.velocity)
            # A hard note starts with a burst of the lips, which a soft one does not have.
            top = top * (1.0 + 0.5 * players.attacks * strike.velocity**2 * np.exp(-t / 0.07))
        opening = 1.0 - np.exp(-t / (players.opening_s * slow))
        rest = players.rest + (1.0 - players.rest) * np.exp(-t / players.rest_s)
        cutoff = (players.closed_hz + (top - players.closed_hz) * opening) * rest
        ratio = (n * f0)[np.newaxis] / np.maximum(cutoff, 60.0)[:, np.newaxis]
        passed = source / np.sqrt(1.0 + ratio**6)
        if players.resonance_db:
            passed *= 1.0 + (10.0 ** (players.resonance_db / 20.0) - 1.0) * np.exp(
                -((np.log2(ratio) / 0.3) ** 2)
            )
        spread = np.linspace(-1.0, 1.0, voices) if voices > 1 else np.zeros(1)
        cents = players.detune_cents * (spread + rng.normal(0.0, 0.12, voices))
        place = players.width * rng.permutation(spread)
        swell = np.ones((len(t), voices))
        if players.shimmer:
            rate = rng.uniform(0.6, 5.2, voices)
            swell += players.shimmer * np.sin(
                2.0 * np.pi * (rate * t[:, np.newaxis] + rng.uniform(size=voices))
            )
        amplitude = (swell[:, :, np.newaxis] * passed[:, np.newaxis, :]).reshape(len(t), -1) / np.sqrt(voices)
        hz = (2.0 ** (cents / 1200.0)[:, np.newaxis] * (n * f0)).ravel()
        pan = np.stack([np.cos((place + 1.0) * np.pi / 4.0), np.sin((place + 1.0) * np.pi / 4.0)])
        phase = rng.uniform(-np.pi, np.pi, len(hz))
        out = evolve(strike.samples, hz, amplitude, phase, np.repeat(pan, count, axis=1))
        if players.sub_db > -50.0:
            sub = np.sin(np.pi * f0 * times(strike.samples)) * 10.0 ** (players.sub_db / 20.0)
            out += sub.astype(np.float32)
        if players.air_db > -70.0:
            loud = float(np.sqrt(np.mean(out * out)))
            air = noise(strike.samples, ((800.0, -18.0), (3000.0, 0.0), (9000.0, -8.0)), rng)
            out += air * (loud * 10.0 ** (players.air_db / 20.0))
        return np.asarray(out * rising(strike.samples, players.attack_s * slow), dtype=np.float32)

    return tone


BOWED: Shape = ((80, -6), (200, 0), (320, 2), (600, 0), (1200, 0), (2500, 1), (4500, -6), (9000, -18))
SUNG: Shape = (
    (100, -6), (300, 0), (650, 6), (900, 3), (1150, 5), (1600, -10), (2300, -8), (2800, -2), (3400, -6),
    (5000, -22),
)  # fmt: skip
"""An open "ah": formants near 650, 1150 and 2800 Hz."""

strings = ensemble(
    Ensemble(6, 9, 0.95, 0.22, 900, 4200, 0.30, shape=BOWED, shimmer=0.22, width=0.9, top_hz=8000, air_db=-40)
)
brass_section = ensemble(
    Ensemble(4, 6, 0.65, 0.045, 350, 4200, 0.07, rest=0.72, rest_s=0.35, shimmer=0.05, width=0.6,
             top_hz=8000, attacks=1.0,
             shape=((150, 0), (500, 1), (1100, 3), (2200, 0), (4500, -8), (9000, -20)))
)  # fmt: skip
choir_pad = ensemble(
    Ensemble(7, 13, 0.75, 0.30, 1500, 4500, 0.4, shape=SUNG, shimmer=0.3, width=0.95, top_hz=5500, air_db=-34)
)
warm_pad = ensemble(
    Ensemble(5, 8, 1.0, 0.45, 350, 1300, 0.9, shimmer=0.15, width=0.95, sub_db=-16, top_hz=5000)
)
synth_pad = ensemble(
    Ensemble(
        6, 11, 0.95, 0.25, 700, 3400, 1.4, shimmer=0.12, width=1.0, even=0.85, top_hz=8500, resonance_db=3
    )
)
supersaw = ensemble(
    Ensemble(7, 16, 0.92, 0.012, 2600, 8500, 0.05, rest=0.75, rest_s=0.5, width=1.0, sub_db=-18, top_hz=12000)
)
accordion = ensemble(
    Ensemble(3, 9, 0.72, 0.05, 2200, 4600, 0.06, width=0.5, top_hz=9000, even=0.8,
             shape=((150, -3), (400, 1), (900, 2), (1800, -1), (3000, 1), (6000, -12)))
)  # fmt: skip
bass_synth = ensemble(
    Ensemble(2, 4, 1.0, 0.006, 1900, 1500, 0.02, rest=0.28, rest_s=0.16, width=0.0, sub_db=-9, top_hz=6000,
             resonance_db=5)
)  # fmt: skip
bass_reese = ensemble(
    Ensemble(3, 17, 0.95, 0.012, 500, 1300, 0.25, width=0.0, sub_db=-4, top_hz=4500, shimmer=0.1)
)

DRAWBARS = np.array([0.5, 1.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0])
DRAWN = np.array([0.8, 0.55, 1.0, 0.5, 0.25, 0.35, 0.06, 0.08, 0.18])


def organ(strike: Strike, rng: np.random.Generator) -> Signal:
    """A drawbar organ through a slow rotating speaker, with the click of its contacts."""
    hz = strike.hz * DRAWBARS * rng.uniform(0.9998, 1.0002, len(DRAWBARS))
    t = frame_times(strike.samples)
    drawn = DRAWN * (1.0 + 0.6 * (strike.velocity - 0.7) * (DRAWBARS > 2.5))
    turn = 2.0 * np.pi * (0.9 * t + 0.13)
    sides = []
    phase = rng.uniform(-np.pi, np.pi, len(hz))
    for side in (-1.0, 1.0):
        # The horn modulates the upper drawbars strongly; the drum modulates the lower ones little.
        depth = np.where(hz > 500.0, 0.26, 0.07)
        sides.append(
            evolve(strike.samples, hz, drawn * (1.0 + side * depth * np.sin(turn)[:, np.newaxis]), phase)
        )
    out = np.concatenate(sides)
    short = min(strike.samples, 900)
    click = noise(short, ((500, -18), (2500, 0), (6000, -12)), rng) * falling(short, 0.02)
    out[:, :short] += (0.10 * click).astype(np.float32)
    return np.asarray(out * rising(strike.samples, 0.004), dtype=np.float32)
