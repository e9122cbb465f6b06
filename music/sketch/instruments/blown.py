"""Bowed and blown solo instruments: an oscillator whose colour follows breath or bow, late vibrato, and air
noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from music.sketch.instruments.noise import Shape, band, curve, noise
from music.sketch.instruments.strike import Floats, Signal, Strike, Tone, mono, rising, times
from music.sketch.instruments.wavetable import cycles_of, frequency_track, read, tables

BREATH = band(1500.0, 6000.0, 9.0)


@dataclass(frozen=True)
class Soloist:
    """The resonances of a solo instrument, and how it is played."""

    rolloff: float
    """Harmonics fall as ``n ** -rolloff`` before the resonances."""
    resonances: Shape
    dark_hz: float
    """Low-pass of the darkest colour; it opens to ``bright_hz``."""
    bright_hz: float
    attack_s: float
    vibrato_cents: float
    scoop_cents: float = 12.0
    air_db: float = -34.0
    air: Shape = BREATH
    even: float = 1.0
    """Level of even harmonics; below 1 for a stopped pipe."""
    tremolo: float = 0.02
    vibrato_hz: float = 5.4
    glide_s: float = 0.05
    swell: float = 0.10
    """How much louder and brighter a long note gets in its first second."""


def soloist(player: Soloist) -> Tone:
    """The tone of one kind of solo instrument."""

    def tone(strike: Strike, rng: np.random.Generator) -> Signal:
        def spectrum(hz: Floats, colour: float) -> Floats:
            number = np.round(hz / hz[0])
            corner = player.dark_hz * (player.bright_hz / player.dark_hz) ** colour
            level = number**-player.rolloff * curve(hz, player.resonances) / (1.0 + (hz / corner) ** 4) ** 0.5
            return np.asarray(np.where(number % 2 == 0, player.even, 1.0) * level)

        t = times(strike.samples)
        # No player tongues, scoops or vibrates twice alike; a hard note is tongued, a soft one is breathed.
        tongue = rng.uniform(0.6, 1.5)
        scoop = player.scoop_cents * rng.choice((0.2, 0.7, 1.2, 2.4)) * (1.3 - 0.6 * strike.velocity)
        hz = frequency_track(
            strike.samples, strike.pitches[0], rng,
            vibrato_cents=player.vibrato_cents * rng.uniform(0.7, 1.4), vibrato_hz=player.vibrato_hz,
            vibrato_after_s=rng.uniform(0.16, 0.42), scoop_cents=scoop,
            scoop_s=rng.uniform(0.03, 0.075), from_pitch=strike.from_pitch, glide_s=player.glide_s,
        )  # fmt: skip
        # The colour rises with the attack, then falls a little, and follows the vibrato.
        attack = player.attack_s * tongue * (1.35 - 0.7 * strike.velocity)
        colour = (0.25 + 0.75 * strike.velocity) * (1.0 - 0.6 * np.exp(-t / (1.2 * attack)))
        colour += 0.24 * strike.velocity / tongue * np.exp(-(((t - 2.5 * attack) / (2.0 * attack)) ** 2))
        # The breath or the bow leans into a long note, and lets go of it.
        colour += player.swell * np.sin(np.pi * np.clip((t - 0.12) / 1.3, 0.0, 1.0)) ** 2
        wobble = (hz / np.median(hz) - 1.0) * 4.0
        wave = read(tables(spectrum, strike.hz), colour + wobble, cycles_of(hz))
        swell = rising(strike.samples, attack if strike.from_pitch is None else 0.5 * attack)
        swell *= 1.0 + (1.4 * player.swell * np.sin(np.pi * np.clip(t / 1.4, 0.0, 1.0))).astype(np.float32)
        slow = 1.0 + player.tremolo * np.sin(2.0 * np.pi * (player.vibrato_hz * t + rng.uniform()))
        loud = float(np.sqrt(np.mean(wave * wave))) + 1e-9
        air = noise(strike.samples, player.air, rng) * (loud * 10.0 ** (player.air_db / 20.0))
        air *= (1.0 + 5.0 * strike.velocity / tongue**2 * np.exp(-t / 0.03)).astype(np.float32)
        return mono((wave * slow.astype(np.float32) + air) * swell)

    return tone


violin = soloist(Soloist(
    0.95, ((180, -12), (280, 2), (420, 0), (550, 3), (800, -2), (1100, 2), (1700, -2), (2500, 4), (3500, 2),
        (6000, -8),
           (12000, -24)), 1500, 6500, 0.09, 16, air_db=-36, vibrato_hz=5.8,
))  # fmt: skip
cello = soloist(Soloist(
    1.0, ((60, -8), (100, 1), (200, 3), (320, 1), (550, 2), (900, -2), (1600, 1), (2400, 0), (4000, -8),
        (9000, -24)),
    900, 4200, 0.11, 13, air_db=-38, vibrato_hz=5.2,
))  # fmt: skip
flute = soloist(Soloist(
    1.7, ((200, 0), (600, 2), (1200, 0), (2500, -4), (5000, -10)), 1200, 4200, 0.06, 10, scoop_cents=20,
    air_db=-24,
    air=((300, -14), (1200, -2), (3000, 0), (8000, -6)), tremolo=0.08, vibrato_hz=5.0,
))  # fmt: skip
whistle = soloist(Soloist(
    3.2, ((500, 0), (4000, 0)), 2500, 5000, 0.04, 14, scoop_cents=60, air_db=-28, air=band(1200, 3500, 12),
    tremolo=0.05,
))  # fmt: skip
saxophone = soloist(Soloist(
    0.85, ((120, -4), (300, 2), (550, 4), (900, 0), (1400, 3), (2200, -3), (2800, 1), (4500, -8), (9000,
        -20)), 900, 5200,
    0.05, 15, scoop_cents=35, air_db=-27, air=band(800, 5000, 9), vibrato_hz=5.0,
))  # fmt: skip
trumpet = soloist(Soloist(
    0.55, ((200, -2), (600, 0), (1200, 4), (2200, 2), (4000, -5), (8000, -16)), 900, 6200, 0.045, 9,
    scoop_cents=18,
    air_db=-38,
))  # fmt: skip
harmonica = soloist(Soloist(
    0.75, ((250, -6), (500, 0), (1100, 3), (1900, -2), (2700, 4), (4500, 0), (9000, -16)), 1600, 5500, 0.05,
    12,
    scoop_cents=45, air_db=-30, tremolo=0.12, even=0.75, vibrato_hz=5.0,
))  # fmt: skip
synth_lead = soloist(Soloist(
    0.9, ((50, 0), (2000, 2), (9000, -6)), 1500, 7500, 0.012, 10, scoop_cents=0, air_db=-60, even=0.8,
    tremolo=0.0,
    glide_s=0.07, swell=0.03,
))  # fmt: skip
