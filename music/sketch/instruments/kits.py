"""Drum kits: the drum for each General MIDI key, its level in the kit, and its panning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from music.sketch.instruments.drums import (
    Hit,
    brush,
    clap,
    kick,
    metal,
    shaken,
    snare,
    struck_wood,
    swell,
    tom,
)
from music.sketch.instruments.strike import Signal, Strike, Tone


@dataclass(frozen=True)
class Drum:
    """One drum of a kit: its stroke, its peak level relative to the kick, and its panning, -1 left .. 1
    right."""

    hit: Hit
    level_db: float
    pan: float = 0.0


HISS = ((2500, -30), (5500, -8), (9000, 0), (15000, -4))
DARK_HISS = ((1500, -26), (3500, -6), (6500, 0), (11000, -10))
CRASH_HISS = ((500, -24), (2000, -6), (5000, 0), (12000, -4))

HAT = metal(life_s=0.09, low_hz=3600, high_hz=14000, hiss=HISS)
OPEN_HAT = metal(life_s=0.75, low_hz=3200, high_hz=14000, hiss=HISS)
PEDAL = metal(life_s=0.07, low_hz=3000, high_hz=9000, hiss=DARK_HISS, attack_s=0.004)
CRASH = metal(life_s=2.6, low_hz=420, high_hz=13000, partials=120, hiss=CRASH_HISS, attack_s=0.004)
CRASH_2 = metal(life_s=2.2, low_hz=560, high_hz=14000, partials=120, hiss=CRASH_HISS, attack_s=0.004)
RIDE = metal(life_s=1.7, low_hz=700, high_hz=11000, partials=90, hiss=HISS, hiss_db=-12, ping_hz=(3150,
    4720, 6130),
             ping_db=-10, ping_s=0.35)  # fmt: skip
BELL = metal(life_s=1.5, low_hz=900, high_hz=9000, partials=50, hiss=HISS, hiss_db=-20, ping_hz=(1310, 2090,
    3370),
             ping_db=-5, ping_s=0.9)  # fmt: skip
STICK = struck_wood((1720, 2600, 460), life_s=0.06, knock_db=-6)


def _toms(scale: float, life_s: float) -> dict[int, Drum]:
    sizes = {41: 78, 43: 92, 45: 112, 47: 136, 48: 162, 50: 190}
    return {
        key: Drum(tom(hz * scale, life_s=life_s * (110 / hz) ** 0.3), -5.0, 0.5 - 0.2 * place)
        for place, (key, hz) in enumerate(sizes.items())
    }


PERCUSSION: Mapping[int, Drum] = {
    37: Drum(STICK, -9.0, -0.05),
    39: Drum(clap(), -6.0),
    44: Drum(PEDAL, -20.0, 0.3),
    52: Drum(swell(), -12.0),
    54: Drum(shaken(life_s=0.22, attack_s=0.004, shape=HISS, jingles=0.5), -16.0, -0.35),
    56: Drum(struck_wood((562, 845, 1690), life_s=0.28, levels=(1.0, 0.9, 0.25)), -13.0, 0.3),
    60: Drum(tom(395, life_s=0.22, bend=0.1, slap_db=-6), -10.0, -0.3),
    61: Drum(tom(290, life_s=0.28, bend=0.1, slap_db=-9), -10.0, -0.2),
    62: Drum(tom(255, life_s=0.12, bend=0.1, slap_db=-2), -9.0, 0.25),
    63: Drum(tom(225, life_s=0.40, bend=0.1, slap_db=-9), -9.0, 0.25),
    64: Drum(tom(168, life_s=0.50, bend=0.1, slap_db=-12), -8.0, 0.35),
    67: Drum(struck_wood((910, 1390, 2600), life_s=0.35), -15.0, -0.4),
    68: Drum(struck_wood((660, 1010, 1900), life_s=0.38), -15.0, -0.4),
    69: Drum(shaken(life_s=0.13, attack_s=0.010, shape=((3000, -16), (6500, 0), (14000, -3))), -17.0, -0.4),
    70: Drum(shaken(life_s=0.11, attack_s=0.022, shape=((2500, -18), (5500, 0), (12000, -4))), -18.0, 0.4),
    75: Drum(struck_wood((2490, 3700), life_s=0.10, knock_db=-18), -13.0, -0.3),
    76: Drum(struck_wood((980, 1720), life_s=0.10), -12.0, 0.3),
    77: Drum(struck_wood((740, 1310), life_s=0.12), -12.0, 0.35),
    81: Drum(struck_wood((4120, 5900, 7800, 10500), life_s=1.6, knock_db=-30), -20.0, 0.45),
}
CYMBALS: Mapping[int, Drum] = {
    42: Drum(HAT, -13.0, 0.22),
    44: Drum(PEDAL, -18.0, 0.22),
    46: Drum(OPEN_HAT, -13.0, 0.22),
    49: Drum(CRASH, -7.0, -0.4),
    57: Drum(CRASH_2, -8.0, 0.45),
    51: Drum(RIDE, -13.0, 0.4),
    53: Drum(BELL, -13.0, 0.4),
}


def _kit(kick_drum: Hit, snare_drum: Hit, changes: Mapping[int, Drum] | None = None) -> dict[int, Drum]:
    drums = dict(PERCUSSION) | dict(CYMBALS) | _toms(1.0, 0.55)
    drums |= {35: Drum(kick_drum, 0.0), 36: Drum(kick_drum, 0.0)}
    drums |= {38: Drum(snare_drum, -1.0, -0.04), 40: Drum(snare_drum, -1.0, -0.04)}
    return drums | dict(changes or {})


MACHINE_HAT = metal(life_s=0.055, low_hz=5200, high_hz=15000, partials=24, hiss=HISS, hiss_db=-1)
MACHINE_OPEN = metal(life_s=0.42, low_hz=5000, high_hz=15000, partials=24, hiss=HISS, hiss_db=-1)
TAPE_HAT = metal(
    life_s=0.07,
    low_hz=2600,
    high_hz=8000,
    partials=30,
    hiss=((2000, -20), (4500, 0), (7500, -6), (11000, -30)),
)

MACHINE_WIRES = ((400, -20), (1500, -1), (5000, 0), (13000, -3))
JAZZ_KICK = kick(66, sweep=0.7, sweep_s=0.020, life_s=0.32, click_db=-26, knock_db=-16)
LATIN_KICK = kick(60, sweep=1.1, sweep_s=0.020, life_s=0.25, click_db=-22, knock_db=-18)
TIMPANI = ((41, 65, -0.2), (43, 73, -0.1), (45, 87, 0.0), (47, 98, 0.1), (48, 110, 0.2), (50, 131, 0.3))
TAPE_WIRES = ((200, -16), (900, -2), (2500, 0), (5500, -6), (9000, -26))

KITS: Mapping[str, Mapping[int, Drum]] = {
    "kit_acoustic": _kit(
        kick(54, sweep=1.4, sweep_s=0.022, life_s=0.30, click_db=-17, drive=1.3, knock_db=-20),
        snare(188, body_s=0.16, wires_s=0.21),
    ),
    "kit_rock": _kit(
        kick(57, sweep=1.9, sweep_s=0.020, life_s=0.27, click_db=-10, drive=1.9, knock_db=-16),
        snare(178, body_s=0.19, wires_s=0.27, body_db=-1, drive=2.0),
        {42: Drum(HAT, -11.0, 0.22), 46: Drum(OPEN_HAT, -10.0, 0.22)},
    ),
    "kit_jazz": _kit(
        JAZZ_KICK,
        snare(205, body_s=0.14, wires_s=0.17, body_db=-4, wires_db=-5, drive=1.0),
        {
            36: Drum(JAZZ_KICK, -4.0),
            38: Drum(brush(), -5.0, -0.1),
            51: Drum(RIDE, -9.0, 0.35),
            42: Drum(HAT, -16.0, 0.22),
        },
    ),
    "kit_electronic": _kit(
        kick(49, sweep=4.2, sweep_s=0.017, life_s=0.30, click_db=-13, drive=2.0),
        snare(205, body_s=0.12, wires_s=0.19, wires_db=2, wires=MACHINE_WIRES, drive=1.8),
        {
            42: Drum(MACHINE_HAT, -13.0, 0.12),
            46: Drum(MACHINE_OPEN, -12.0, -0.1),
            39: Drum(clap(life_s=0.28), -3.0),
        },
    ),
    "kit_808": _kit(
        kick(46, sweep=2.4, sweep_s=0.012, life_s=0.62, click_db=-20, drive=1.5),
        snare(182, body_s=0.11, wires_s=0.15, body_db=-2, wires=MACHINE_WIRES, drive=1.6),
        {
            42: Drum(MACHINE_HAT, -13.0, 0.1),
            46: Drum(MACHINE_OPEN, -13.0, 0.15),
            39: Drum(clap(life_s=0.32), -3.0),
        },
    ),
    "kit_80s": _kit(
        kick(56, sweep=2.2, sweep_s=0.020, life_s=0.27, click_db=-11, drive=1.8, knock_db=-20),
        snare(192, body_s=0.20, wires_s=0.40, body_db=-1, wires_db=2, drive=2.2),
        {39: Drum(clap(life_s=0.38), -4.0)} | _toms(0.92, 0.8),
    ),
    "kit_lofi": _kit(
        kick(58, sweep=1.0, sweep_s=0.022, life_s=0.26, click_db=-25, drive=2.2, knock_db=-16),
        snare(196, body_s=0.13, wires_s=0.17, wires=TAPE_WIRES, drive=2.2),
        {42: Drum(TAPE_HAT, -14.0, 0.15)},
    ),
    "kit_latin": _kit(
        LATIN_KICK,
        snare(215, body_s=0.13, wires_s=0.15, body_db=-2, wires_db=-3),
        {36: Drum(LATIN_KICK, -2.0)},
    ),
    "kit_orchestral": _kit(
        kick(44, sweep=0.5, sweep_s=0.050, life_s=1.3, click_db=-30, knock_db=-14),
        snare(210, body_s=0.16, wires_s=0.25, body_db=-5),
        {key: Drum(tom(hz, life_s=1.8, bend=0.08, slap_db=-20), -2.0, pan) for key, hz, pan in TIMPANI},
    ),
}


def kit(name: str) -> Tone:
    """The tone of a kit. A key without a drum plays the side stick."""
    drums = KITS[name]

    def tone(strike: Strike, rng: np.random.Generator) -> Signal:
        drum = drums.get(strike.pitches[0], drums[37])
        wave = drum.hit(strike.velocity, rng)
        place = (drum.pan + 1.0) * np.pi / 4.0
        gain = 10.0 ** (drum.level_db / 20.0) / (float(np.max(np.abs(wave))) + 1e-9)
        # Equal power, scaled so that a drum in the middle keeps its level in each channel.
        sides = np.stack([np.cos(place) * wave, np.sin(place) * wave])
        return np.asarray(np.sqrt(2.0) * gain * sides, dtype=np.float32)

    return tone
