"""Single drums, cymbals and hand percussion, one function each; ``kits`` combines them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from music.sketch.instruments.noise import Shape, band, noise
from music.sketch.instruments.partials import ring
from music.sketch.instruments.strike import RATE_HZ, Floats, Signal, falling, rising, times

Hit = Callable[[float, np.random.Generator], Floats]
"""``hit(velocity, rng)`` renders one stroke as ``(samples,)`` with a peak near 1."""


def kick(
    hz: float,
    *,
    sweep: float,
    sweep_s: float,
    life_s: float,
    click_db: float,
    drive: float = 1.0,
    knock_db: float = -60.0,
) -> Hit:
    """A bass drum: a sine that falls from ``hz * (1 + sweep)`` to ``hz``, the beater's click, and a wooden
    knock.
    """

    def hit(velocity: float, rng: np.random.Generator) -> Floats:
        t = times(int(RATE_HZ * (life_s + 0.05)))
        track = hz * (1.0 + sweep * np.exp(-t / sweep_s) + 0.6 * sweep * np.exp(-t / (sweep_s * 0.22)))
        body = np.sin(2.0 * np.pi * np.cumsum(track) / RATE_HZ) * np.exp(-6.9078 * (t / life_s) ** 1.3)
        click = noise(len(t), ((800, -18), (2500, 0), (5000, -2), (10000, -16)), rng) * np.exp(-t / 0.0035)
        knock = noise(len(t), ((120, -12), (300, 0), (700, -4), (1800, -20)), rng) * np.exp(-t / 0.018)
        out = body + click * _level(click_db) * (0.4 + 0.8 * velocity) + knock * _level(knock_db)
        out = np.tanh(drive * out) / np.tanh(drive)
        return np.asarray(out * np.minimum(t / 0.0006, 1.0) * _fade(len(t)))

    return hit


def snare(
    hz: float, *, body_s: float, wires_s: float, body_db: float = -3.0, wires_db: float = 0.0,
    crack_db: float = -4.0,
    wires: Shape = ((180, -20), (900, -7), (2200, 0), (5500, 0), (11000, -7)), drive: float = 1.4,
) -> Hit:  # fmt: skip
    """A snare drum: two shell modes whose pitch bends at the stroke, the wires, and the crack of the stick.

    The wires start a little after the head and decay more slowly, so both body and noise are audible."""

    def hit(velocity: float, rng: np.random.Generator) -> Floats:
        t = times(int(RATE_HZ * (max(body_s, wires_s) + 0.06)))
        bend = 1.0 + 0.28 * np.exp(-t / 0.012)
        turn = 2.0 * np.pi * np.cumsum(hz * bend) / RATE_HZ
        body = np.sin(turn) * np.exp(-6.9078 * t / body_s) + 0.55 * np.sin(1.72 * turn) * np.exp(
            -9.5 * t / body_s
        )
        rattle = noise(len(t), wires, rng) * (np.exp(-6.9078 * t / wires_s) + 0.35 * np.exp(-t / 0.02))
        rattle *= 0.36 * np.minimum(t / 0.0015, 1.0) * (0.55 + 0.5 * velocity)
        crack = noise(len(t), ((700, -12), (1800, 0), (4000, 1), (9000, -6)), rng) * np.exp(-t / 0.006)
        out = (
            body * _level(body_db)
            + rattle * _level(wires_db)
            + crack * _level(crack_db) * (0.25 + 0.5 * velocity)
        )
        return np.asarray(np.tanh(drive * out) / np.tanh(drive) * np.minimum(t / 0.0004, 1.0) * _fade(len(t)))

    return hit


def metal(
    *, life_s: float, low_hz: float, high_hz: float, partials: int = 70, hiss_db: float = -4.0, hiss: Shape,
    attack_s: float = 0.0008,
    ping_hz: Sequence[float] = (), ping_db: float = -8.0, ping_s: float = 0.5,
) -> Hit:  # fmt: skip
    """A cymbal or hat: many inharmonic partials, the high ones with a shorter decay, and hiss; a ride or bell
    has a ping too."""

    def hit(velocity: float, rng: np.random.Generator) -> Floats:
        samples = int(RATE_HZ * life_s)
        fixed = np.random.default_rng(
            [int(low_hz), int(high_hz), partials]
        )  # the same cymbal for every stroke
        hz = np.exp(fixed.uniform(np.log(low_hz), np.log(high_hz), partials))
        level = fixed.uniform(0.3, 1.0, partials) / np.sqrt(partials) * rng.uniform(0.8, 1.2, partials)
        level *= (hz / high_hz) ** (0.5 - 0.5 * velocity)
        t60 = life_s * fixed.uniform(0.5, 1.1, partials) * (low_hz / hz) ** 0.25
        out = ring(samples, hz, level, t60, rng.uniform(-np.pi, np.pi, partials))[0].astype(float)
        t = times(samples)
        out += (
            0.6
            * _level(hiss_db)
            * noise(samples, hiss, rng)
            * (np.exp(-6.9078 * t / life_s) + 0.5 * np.exp(-t / (0.04 * life_s + 0.004)))
        )
        if ping_hz:
            pings = np.array(ping_hz)
            scale = np.full(len(pings), _level(ping_db))
            phase = rng.uniform(-np.pi, np.pi, len(pings))
            out += ring(samples, pings, scale, ping_s * (pings[0] / pings) ** 0.5, phase)[0]
        return np.asarray(out * rising(samples, attack_s) * _fade(samples))

    return hit


def tom(hz: float, *, life_s: float = 0.5, bend: float = 0.35, slap_db: float = -14.0) -> Hit:
    """A tom, a conga or a timpano, by its pitch: membrane modes that bend down after the stroke."""

    def hit(velocity: float, rng: np.random.Generator) -> Floats:
        t = times(int(RATE_HZ * life_s))
        turn = 2.0 * np.pi * np.cumsum(hz * (1.0 + bend * velocity * np.exp(-t / 0.03))) / RATE_HZ
        out = np.zeros(len(t))
        for ratio, level, life in ((1.0, 1.0, 1.0), (1.59, 0.4, 0.5), (2.14, 0.22, 0.35), (2.65, 0.12, 0.25)):
            out += (
                level * np.sin(ratio * turn + rng.uniform(-0.2, 0.2)) * np.exp(-6.9078 * t / (life * life_s))
            )
        slap = noise(len(t), ((250, -10), (900, 0), (3500, -4), (9000, -18)), rng) * np.exp(-t / 0.008)
        out = 0.8 * out + slap * _level(slap_db) * (0.4 + velocity)
        return np.asarray(np.tanh(1.2 * out) * np.minimum(t / 0.0006, 1.0) * _fade(len(t)))

    return hit


def clap(
    *, life_s: float = 0.22, shape: Shape = ((300, -24), (900, -2), (1300, 3), (2500, 0), (7000, -8))
) -> Hit:
    """A hand clap: three quick bursts, then the room."""

    def hit(velocity: float, rng: np.random.Generator) -> Floats:
        t = times(int(RATE_HZ * (life_s + 0.05)))
        gate = np.zeros(len(t))
        for start in (0.0, 0.010 * rng.uniform(0.9, 1.1), 0.021 * rng.uniform(0.9, 1.1)):
            gate += (t >= start) * np.exp(-np.maximum(t - start, 0.0) / 0.0045)
        start = 0.030
        gate += 0.75 * (t >= start) * np.exp(-6.9078 * np.maximum(t - start, 0.0) / life_s)
        return np.asarray(0.35 * noise(len(t), shape, rng) * gate * (0.7 + 0.4 * velocity) * _fade(len(t)))

    return hit


def shaken(*, life_s: float, attack_s: float, shape: Shape, jingles: float = 0.0) -> Hit:
    """Shaker, cabasa or tambourine: noise that swells and stops."""

    def hit(velocity: float, rng: np.random.Generator) -> Floats:
        samples = int(RATE_HZ * life_s)
        t = times(samples)
        swell = rising(samples, attack_s) * np.exp(-6.9078 * np.maximum(t - attack_s, 0.0) / life_s)
        out = 0.32 * noise(samples, shape, rng) * swell
        if jingles:
            hz = rng.uniform(5200.0, 11000.0, 24)
            lives = rng.uniform(0.08, life_s, 24)
            out = (
                out
                + jingles
                * ring(samples, hz, rng.uniform(0.3, 1.0, 24) / 5.0, lives, rng.uniform(0, 6, 24))[0]
            )
        return np.asarray(out * (0.6 + 0.5 * velocity) * _fade(samples))

    return hit


def struck_wood(
    hz: Sequence[float], *, life_s: float, knock_db: float = -14.0, levels: Sequence[float] = ()
) -> Hit:
    """Claves, blocks, cowbell, agogo, triangle, side stick: a few fixed partials and a knock."""

    def hit(velocity: float, rng: np.random.Generator) -> Floats:
        samples = int(RATE_HZ * max(life_s, 0.08))
        partials = np.array(hz, dtype=float)
        level = np.array(levels) if levels else 1.0 / (1.0 + np.arange(len(partials)))
        t60 = life_s * (partials[0] / partials) ** 0.4
        out = ring(samples, partials, 0.7 * level, t60, rng.uniform(-0.3, 0.3, len(partials)) - np.pi / 2)[
            0
        ].astype(float)
        knock = noise(samples, ((300, -12), (1200, 0), (4000, -3), (9000, -16)), rng) * falling(samples, 0.02)
        return np.asarray((out + knock * _level(knock_db) * (0.5 + velocity)) * _fade(samples))

    return hit


def swell(*, life_s: float = 1.6, shape: Shape = ((300, -24), (1500, -4), (5000, 0), (12000, -6))) -> Hit:
    """A reversed cymbal: it swells, then stops."""

    def hit(_velocity: float, rng: np.random.Generator) -> Floats:
        samples = int(RATE_HZ * life_s)
        t = times(samples) / life_s
        return np.asarray(0.4 * noise(samples, shape, rng) * t**3 * _fade(samples, 0.03))

    return hit


BRUSHED = band(900.0, 6500.0, 9.0)


def brush(*, life_s: float = 0.20, tap_hz: float = 210.0) -> Hit:
    """A brush on a snare: a soft slap and the sweep that follows."""

    def hit(velocity: float, rng: np.random.Generator) -> Floats:
        samples = int(RATE_HZ * life_s)
        t = times(samples)
        sweep = noise(samples, BRUSHED, rng) * (np.exp(-t / 0.012) + 0.35 * np.exp(-6.9078 * t / life_s))
        tap = np.sin(2 * np.pi * tap_hz * t) * np.exp(-t / 0.025)
        return np.asarray((0.30 * sweep + 0.35 * velocity * tap) * rising(samples, 0.003) * _fade(samples))

    return hit


def _level(db: float) -> float:
    return float(10.0 ** (db / 20.0))


def _fade(samples: int, seconds: float = 0.012) -> Signal:
    """1, with a ramp to 0 at the end, so that no hit ends in a click."""
    ramp = min(samples, int(seconds * RATE_HZ))
    out = np.ones(samples, dtype=np.float32)
    out[-ramp:] = np.linspace(1.0, 0.0, ramp, dtype=np.float32)
    return out
