"""All instruments of a score, by synthesis; ``render`` makes one note of any of them."""

from __future__ import annotations

import zlib
from functools import cache, lru_cache
from types import MappingProxyType

import numpy as np

from config.errors import InvalidRequest
from music.sketch.instruments import amplified, blown, ensembles, plucked, struck
from music.sketch.instruments.kits import KITS, kit
from music.sketch.instruments.noise import Shape, curve
from music.sketch.instruments.strike import RATE_HZ, Instrument, Signal, Strike, falling

__all__ = [
    "INSTRUMENTS",
    "RATE_HZ",
    "Instrument",
    "Signal",
    "Strike",
    "instrument",
    "release",
    "render",
    "sustain",
]

LOW = (36, 40, 43)
TENOR = (48, 55)
CHORD = (57, 64)
TUNE = (67, 74)

_INSTRUMENTS: dict[str, Instrument] = {
    "bass_finger": Instrument(plucked.bass_finger, 0.09, 5.0, LOW, 2),
    "bass_pick": Instrument(plucked.bass_pick, 0.08, 5.0, LOW, 2),
    "bass_upright": Instrument(plucked.bass_upright, 0.10, 3.0, LOW, 2),
    "bass_slap": Instrument(plucked.bass_slap, 0.06, 4.0, LOW, 2),
    "bass_synth": Instrument(ensembles.bass_synth, 0.06, reference=LOW),
    "bass_reese": Instrument(ensembles.bass_reese, 0.08, reference=LOW),
    "bass_808": Instrument(amplified.bass_808, 0.08, 4.0, LOW, glide_s=0.06),
    "piano": Instrument(struck.piano, 0.22, 9.0, CHORD),
    "electric_piano": Instrument(struck.electric_piano, 0.16, 6.0, CHORD),
    "organ": Instrument(ensembles.organ, 0.05, reference=CHORD),
    "clavinet": Instrument(plucked.clavinet, 0.05, 2.5, TENOR, 2),
    "acoustic_guitar": Instrument(plucked.acoustic_guitar, 0.18, 5.0, TENOR, 2),
    "nylon_guitar": Instrument(plucked.nylon_guitar, 0.16, 4.0, TENOR, 2),
    "electric_guitar_clean": Instrument(plucked.electric_guitar_clean, 0.14, 5.0, TENOR, 2),
    "electric_guitar_muted": Instrument(plucked.electric_guitar_muted, 0.06, 0.7, TENOR, 3),
    "electric_guitar_distorted": Instrument(
        amplified.electric_guitar_distorted, 0.07, 6.0, (40,), 1, chordal=True
    ),
    "electric_guitar_lead": Instrument(
        amplified.electric_guitar_lead, 0.09, 6.0, reference=(64, 71), variants=2, glide_s=0.12
    ),
    "strings": Instrument(ensembles.strings, 0.55, reference=CHORD),
    "pizzicato": Instrument(plucked.pizzicato, 0.20, 1.2, CHORD, 2),
    "harp": Instrument(plucked.harp, 0.60, 4.0, CHORD),
    "choir_pad": Instrument(ensembles.choir_pad, 0.70, reference=CHORD),
    "warm_pad": Instrument(ensembles.warm_pad, 0.90, reference=CHORD),
    "synth_pad": Instrument(ensembles.synth_pad, 0.70, reference=CHORD),
    "supersaw": Instrument(ensembles.supersaw, 0.14, reference=CHORD),
    "brass_section": Instrument(ensembles.brass_section, 0.14, reference=CHORD, variants=2),
    "vibraphone": Instrument(struck.vibraphone, 0.40, 5.0, CHORD),
    "marimba": Instrument(struck.marimba, 0.50, 1.6, CHORD),
    "accordion": Instrument(ensembles.accordion, 0.10, reference=CHORD),
    "synth_lead": Instrument(blown.synth_lead, 0.10, reference=TUNE, variants=2, glide_s=0.07),
    "synth_pluck": Instrument(struck.synth_pluck, 0.20, 1.2, TUNE, 2),
    "bell": Instrument(struck.bell, 0.90, 4.0, TUNE),
    "flute": Instrument(blown.flute, 0.12, reference=TUNE),
    "saxophone": Instrument(blown.saxophone, 0.10, reference=TUNE, variants=2, glide_s=0.05),
    "trumpet": Instrument(blown.trumpet, 0.10, reference=TUNE, variants=2),
    "violin": Instrument(blown.violin, 0.20, reference=TUNE, glide_s=0.05),
    "cello": Instrument(blown.cello, 0.25, reference=TENOR, glide_s=0.05),
    "harmonica": Instrument(blown.harmonica, 0.10, reference=TUNE, glide_s=0.05),
    "banjo": Instrument(plucked.banjo, 0.15, 1.6, TUNE, 2),
    "mandolin": Instrument(plucked.mandolin, 0.15, 2.2, TUNE, 2),
    "music_box": Instrument(struck.music_box, 0.90, 3.0, TUNE),
    "whistle": Instrument(blown.whistle, 0.10, reference=TUNE, glide_s=0.06),
}
_INSTRUMENTS |= {name: Instrument(kit(name), reference=(36,), variants=3, is_kit=True) for name in KITS}
INSTRUMENTS = MappingProxyType(_INSTRUMENTS)
"""By the name that ``Part.instrument`` uses."""

REFERENCE_VELOCITY = 0.8
REFERENCE_RMS = 0.1
"""The K-weighted level of a sustained note at the reference velocity: about -20 dBFS."""
KIT_PEAK = 0.55
"""The peak of a kick at the reference velocity. It balances a kit with a part at ``REFERENCE_RMS``."""
K_WEIGHTING: Shape = (
    (20, -14.0),
    (40, -5.5),
    (80, -1.5),
    (200, -0.2),
    (800, 0.3),
    (1500, 2.2),
    (3000, 3.8),
    (20000, 4.0),
)
"""ITU-R BS.1770-5's weighting at a few points: accurate enough for levels."""


def instrument(name: str) -> Instrument:
    """The instrument called ``name``. Raises ``InvalidRequest`` for an unknown name."""
    if name not in INSTRUMENTS:
        raise InvalidRequest("instrument", name, f"use one of: {', '.join(INSTRUMENTS)}")
    return INSTRUMENTS[name]


def render(name: str, strike: Strike, variant: int = 0) -> Signal:
    """``strike`` on the instrument ``name``, with its release: ``(1 or 2, samples)``.

    Depends only on its arguments. A hit of a kit lasts until the drum is silent, whatever the strike's
    length."""
    tone = sustain(name, strike, variant)
    return tone if INSTRUMENTS[name].is_kit else release(tone, INSTRUMENTS[name].release_s)


def sustain(name: str, strike: Strike, variant: int = 0) -> Signal:
    """``strike`` at the instrument's calibrated level, without a release: cut it anywhere, then
    ``release``."""
    return instrument(name).tone(strike, _rng(name, strike, variant)) * np.float32(_gain(name))


def release(tone: Signal, release_s: float) -> Signal:
    """``tone`` with a release over its last ``release_s``, in place; it ends at zero."""
    tail = min(round(release_s * RATE_HZ), tone.shape[1])
    if tail:
        tone[:, -tail:] *= _released(tail, release_s)
    return tone


@lru_cache(maxsize=64)
def _released(tail: int, release_s: float) -> Signal:
    return np.asarray(falling(tail, release_s) - np.linspace(0.0, 0.001, tail, dtype=np.float32))


def _rng(name: str, strike: Strike, variant: int) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(name.encode()), *strike.pitches, variant])


@cache
def _gain(name: str) -> float:
    """The factor from an instrument's level, measured on its reference notes, to the common level."""
    player = INSTRUMENTS[name]
    powers = []
    for pitch in player.reference:
        strike = Strike((pitch,), min(0.7, player.longest_s), REFERENCE_VELOCITY)
        tone = player.tone(strike, _rng(name, strike, 0))
        if player.is_kit:
            return KIT_PEAK / float(np.max(np.abs(tone)))
        bins = np.abs(np.fft.rfft(tone, axis=1)) ** 2
        hz = np.arange(bins.shape[1]) * (RATE_HZ / tone.shape[1])
        powers.append(
            float(np.sum(bins * curve(hz, K_WEIGHTING) ** 2)) * 2.0 / tone.shape[1] ** 2 / len(tone)
        )
    return REFERENCE_RMS / float(np.sqrt(np.mean(powers)))
