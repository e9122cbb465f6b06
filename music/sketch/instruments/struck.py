"""Struck strings, bars and tines: piano, electric piano, mallets and bells."""

from __future__ import annotations

import numpy as np

from music.sketch.instruments.noise import noise
from music.sketch.instruments.partials import HIGHEST_HZ, ring
from music.sketch.instruments.strike import Floats, Signal, Strike, Tone, falling, times


def piano(strike: Strike, rng: np.random.Generator) -> Signal:
    """A grand piano: stretched partials on two or three strings, a fast and a slow decay, and the hammer's
    knock.

    The two decays are from Weinreich (Coupled piano strings, 1977): the strings' common motion loses its
    energy to the bridge fast, their difference slowly."""
    f0, pitch = strike.hz, strike.pitches[0]
    inharmonicity = 7e-5 * np.exp((pitch - 48.0) / 14.0) + 4e-5
    n = np.arange(1, max(3, min(90, int(HIGHEST_HZ / f0))) + 1, dtype=float)
    hz = f0 * n * np.sqrt(1.0 + inharmonicity * n * n)
    hz = hz[hz < HIGHEST_HZ]
    n = n[: len(hz)]
    cutoff = (900.0 + 2600.0 * strike.velocity**1.6) * (f0 / 262.0) ** 0.25
    amplitude = np.abs(np.sin(np.pi * n * 0.118)) ** 0.8 / n**0.55 * np.exp(-hz / cutoff)
    amplitude *= 1.0 / (1.0 + (85.0 / hz) ** 2)
    slow = 13.0 * 2.0 ** (-(pitch - 40.0) / 17.0) / (1.0 + hz / 2600.0)
    fast = slow * 0.30
    strings = 3 if pitch > 45 else 2
    cents = (np.arange(strings) - (strings - 1) / 2.0) * 0.55 + rng.normal(0.0, 0.12, strings)
    hz_all = np.concatenate([hz * 2.0 ** (c / 1200.0) for c in cents] + [hz])
    weight = np.concatenate([amplitude * 0.40 / strings] * strings + [amplitude * 0.65])
    t60 = np.concatenate([slow] * strings + [fast])
    phase = np.concatenate([rng.uniform(-0.5, 0.5, len(hz))] * (strings + 1)) - np.pi / 2.0
    # Low strings are on the player's left; the soundboard pans each partial a little differently.
    place = np.clip((pitch - 62.0) / 60.0 + np.tile(rng.normal(0.0, 0.28, len(hz)), strings + 1), -0.8, 0.8)
    pan = np.stack([np.cos((place + 1.0) * np.pi / 4.0), np.sin((place + 1.0) * np.pi / 4.0)])
    out = ring(strike.samples, hz_all, weight, np.maximum(t60, 0.05), phase, pan)
    short = min(strike.samples, 5000)
    knock = noise(short, ((60.0, -6.0), (160.0, 0.0), (600.0, -8.0), (2500.0, -22.0), (7000.0, -40.0)), rng)
    out[:, :short] += knock * falling(short, 0.09) * (0.03 * float(np.sum(amplitude)) * strike.velocity)
    attack = min(strike.samples, 90)
    out[:, :attack] *= np.linspace(0.0, 1.0, attack, dtype=np.float32)
    return out


def electric_piano(strike: Strike, rng: np.random.Generator) -> Signal:
    """Tine and tone bar by frequency modulation: high velocity makes it bark, and the tine rings at the
    start."""
    t = times(strike.samples)
    turn = 2.0 * np.pi * strike.hz * t
    low = float(np.clip(1.3 - (strike.pitches[0] - 48) / 60.0, 0.35, 1.3))
    bark = (0.35 + 1.5 * strike.velocity**2) * low * np.exp(-t / (0.5 * low)) + 0.12
    carrier = np.sin(turn + bark * np.sin(turn + rng.uniform(0.0, 0.2)))
    life = 5.5 * 2.0 ** (-(strike.pitches[0] - 60) / 24.0)
    tine_hz = min(strike.hz * 13.97, 9000.0)
    tine = np.sin(2.0 * np.pi * tine_hz * t) * np.exp(-t / 0.07) * (0.03 + 0.14 * strike.velocity**2)
    wave = carrier * np.exp(-6.9078 * t / life) + tine
    sway = 0.16 * np.sin(2.0 * np.pi * (4.6 * t + rng.uniform()))
    start = np.minimum(t / 0.002, 1.0)
    return np.stack([wave * start * (1.0 + sway), wave * start * (1.0 - sway)]).astype(np.float32)


def bar(
    ratios: Floats,
    levels: Floats,
    lives_s: Floats,
    *,
    mallet_db: float,
    tremolo_hz: float = 0.0,
    soft_hz: float,
) -> Tone:
    """A tuned bar or bell with partials at ``ratios`` of the pitch, struck by a mallet of softness
    ``soft_hz``.
    """

    def tone(strike: Strike, rng: np.random.Generator) -> Signal:
        hz = strike.hz * ratios * rng.uniform(0.9995, 1.0005, len(ratios))
        soft = soft_hz * (0.4 + 0.9 * strike.velocity)
        amplitude = levels / (1.0 + (hz / soft) ** 2)
        life = lives_s * (440.0 / strike.hz) ** 0.35
        out = ring(strike.samples, hz, amplitude, life, rng.uniform(-0.4, 0.4, len(hz)) - np.pi / 2.0)
        short = min(strike.samples, 3000)
        knock = noise(short, ((200.0, -14.0), (700.0, 0.0), (2500.0, -8.0), (8000.0, -24.0)), rng)
        out[0, :short] += knock * falling(short, 0.04) * 10.0 ** (mallet_db / 20.0) * strike.velocity
        if tremolo_hz:
            t = times(strike.samples)
            sway = np.sin(2.0 * np.pi * (tremolo_hz * t + rng.uniform()))
            out = out * np.stack([1.0 + 0.22 * sway, 1.0 - 0.22 * sway]).astype(np.float32)
        return out.astype(np.float32)

    return tone


def _row(*values: float) -> Floats:
    return np.array(values)


vibraphone = bar(_row(1, 3.98, 9.9), _row(1, 0.22, 0.06), _row(5.5, 1.6, 0.5), mallet_db=-34, tremolo_hz=5.0,
                 soft_hz=2200)  # fmt: skip
marimba = bar(_row(1, 3.93, 9.2), _row(1, 0.30, 0.08), _row(1.3, 0.35, 0.12), mallet_db=-24, soft_hz=1800)
bell = bar(_row(0.5, 1, 1.19, 1.5, 2, 2.51, 2.66, 3.01, 4.1, 5.43), _row(0.25, 1, 0.5, 0.3, 0.8, 0.3, 0.3,
    0.35, 0.3, 0.2),
           _row(6, 5, 3, 2.5, 3.2, 1.6, 1.4, 1.2, 0.8, 0.5), mallet_db=-36, soft_hz=5200)  # fmt: skip
music_box = bar(_row(1, 2.0, 6.27, 10.2), _row(1, 0.12, 0.28, 0.08), _row(2.6, 1.4, 0.5, 0.2), mallet_db=-28,
                soft_hz=7000)  # fmt: skip


def synth_pluck(strike: Strike, rng: np.random.Generator) -> Signal:
    """A short detuned saw whose filter closes quickly."""
    f0 = strike.hz
    n = np.arange(1, int(min(60, 12_000.0 / f0)) + 1, dtype=float)
    level = 1.0 / n / np.sqrt(1.0 + (n * f0 / (3200.0 + 4200.0 * strike.velocity)) ** 4)
    life = 0.9 / (1.0 + n * f0 / (700.0 + 1500.0 * strike.velocity))
    hz = np.concatenate([n * f0 * 0.9975, n * f0 * 1.0025, n * f0 * 0.5])
    level = np.concatenate([level, level, 0.25 * level / n])
    life = np.concatenate([life, life, life])
    pan = np.stack([np.repeat([1.0, 0.35, 0.7], len(n)), np.repeat([0.35, 1.0, 0.7], len(n))])
    return ring(strike.samples, hz, level, np.maximum(life, 0.05), rng.uniform(-np.pi, np.pi, len(hz)), pan)
