"""Levels and tone of the stems, from their third-octave spectra: ``(frames, bands)`` of power, as
``loudness.view`` gives them.

The band is balanced by the genre. The lead is set over the band where words are, section by section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from music.levels.meter import k_response
from music.sketch.instruments.noise import Shape, curve
from music.sketch.instruments.strike import Floats
from music.sketch.score import StemName
from music.sketch.spectra import BANDS_HZ
from music.sketch.styles import MixStyle

# Target of the correction, in third-octave levels: about 4.5 dB less spectral density per octave, as in
# Pestana et al., Spectral characteristics of popular commercial recordings 1950-2010 (AES 135, 2013).
TARGET: Shape = (
    (25.0, -8.0), (31.5, -2.0), (40.0, -3.0), (50.0, -0.5), (63.0, 0.0), (100.0, 0.0), (125.0, -0.8),
    (200.0, -3.0),
    (315.0, -4.5), (500.0, -6.0), (1000.0, -8.5), (2000.0, -11.0), (4000.0, -14.0), (8000.0, -18.0),
    (12500.0, -22.0), (16000.0, -27.0), (20000.0, -36.0),
)  # fmt: skip
CORRECTION_DB = 6.0
"""The maximum of the measured correction in each band."""

WORDS_HZ = (300.0, 4000.0)
"""Where the words are: vowels below, consonants above."""
CONSONANTS_HZ = (1500.0, 4500.0)
MOST_LIFTED_DB = 4.0
"""The most by which the lead is made brighter so that its consonants stand over the band as its vowels do."""
LIFT: Shape = ((900.0, 0.0), (2000.0, 1.0), (5000.0, 1.0), (9000.0, 0.0))
"""For each dB."""
RIDDEN_DB = 6.0
"""The most by which the lead is moved between two sections."""
KEPT = 0.5
"""How much of it is kept where a section's band leaves the lead more room than is wanted: verses are sung
softer."""
LOWEST_DB, HIGHEST_DB = -4.0, 7.0
"""The lead's loudness over its usual one, whatever the band does: it is heard over a band that leaves these
frequencies free, and does not drown the song over one that is full of them."""


@dataclass(frozen=True)
class Stems:
    """The stems' power at unit gain, and the frames in which the lead sings, by section."""

    power: Mapping[StemName, Floats]
    sung: Sequence[NDArray[np.intp]]


@dataclass(frozen=True)
class Balance:
    """A factor for each stem, the tone of all, and what is the lead's own."""

    gains: Mapping[StemName, float]
    correction: Shape
    lead_tone: Shape
    lead_moves_db: Sequence[float]
    """For each section that is sung."""


def balance(stems: Stems, style: MixStyle) -> Balance:
    """The balance that ``style`` wants."""
    gains = _of_the_band(stems.power, style)
    lifted, lead = _lifted(stems, gains, style) if "vocals" in stems.power else ((), None)
    if lead is not None:
        stems = replace(stems, power={**stems.power, "vocals": lead})
    # The correction follows from all stems and changes how the lead stands over the band: so once more.
    flat: Floats = np.ones(len(BANDS_HZ))
    first, _ = _with_voices(stems, gains, style, flat)
    correction = _correction(_total(stems.power, first), style)
    final, moves = _with_voices(stems, gains, style, curve(BANDS_HZ, correction) ** 2)
    return Balance(final, correction, lifted, moves)


def _of_the_band(power: Mapping[StemName, Floats], style: MixStyle) -> dict[StemName, float]:
    weight = k_response(BANDS_HZ) ** 2
    levels = {"drums": style.drums, "bass": style.bass, "harmony": style.harmony, "melody": style.melody}
    return {
        name: float(10.0 ** ((levels[name] - 20.0) / 20.0) / np.sqrt(_typical(power[name] @ weight)))
        for name in power
        if name in levels
    }


def _lifted(stems: Stems, gains: Mapping[StemName, float], style: MixStyle) -> tuple[Shape, Floats]:
    """The lead's tone, and its power with it: as bright as it takes for its consonants to stand over the band
    as far as the whole of it does."""
    sung = np.concatenate(stems.sung)
    lead = stems.power["vocals"][sung].mean(axis=0)
    band = _band(stems, gains)[sung].mean(axis=0)
    stands = [
        _db(float(lead @ _within(band_hz)), float(band @ _within(band_hz)))
        for band_hz in (WORDS_HZ, CONSONANTS_HZ)
    ]
    lift_db = float(np.clip(stands[0] + style.bright_db - stands[1], 0.0, MOST_LIFTED_DB))
    tone = tuple((hz, lift_db * share) for hz, share in LIFT)
    return tone, stems.power["vocals"] * curve(BANDS_HZ, tone) ** 2


def _with_voices(
    stems: Stems, band_gains: Mapping[StemName, float], style: MixStyle, tone: Floats
) -> tuple[dict[StemName, float], list[float]]:
    """The gains with those of lead and backing, and the lead's moves, when all stems have this ``tone``."""
    gains, moves, power = dict(band_gains), [0.0] * len(stems.sung), stems.power
    weight = k_response(BANDS_HZ) ** 2
    reference = 0.01
    if "vocals" in power:
        words = _within(WORDS_HZ) * tone
        lead, band = power["vocals"] @ words, _band(stems, band_gains) @ words
        usual = np.sqrt(reference / _typical(power["vocals"] @ weight))
        stands = [_db(lead[frames].mean(), band[frames].mean()) for frames in stems.sung]
        sizes = [len(frames) for frames in stems.sung]
        middle = float(np.average(stands, weights=sizes))
        moves = [middle - each if each < middle else KEPT * (middle - each) for each in stands]
        moves = np.clip(np.array(moves), -RIDDEN_DB / 2.0, RIDDEN_DB / 2.0).tolist()
        moved = np.concatenate(
            [lead[frames] * 10.0 ** (move / 10.0) for frames, move in zip(stems.sung, moves, strict=True)]
        )
        wanted = style.voice_db - _db(moved.mean(), band[np.concatenate(stems.sung)].mean())
        most = 10.0 ** (np.array((LOWEST_DB, HIGHEST_DB)) / 20.0) * usual
        gains["vocals"] = float(np.clip(10.0 ** (wanted / 20.0), *most))
        reference = gains["vocals"] ** 2 * _typical(power["vocals"] @ weight)
    if "backing" in power:
        backing = np.sqrt(reference / _typical(power["backing"] @ weight))
        gains["backing"] = float(backing * 10.0 ** (style.backing / 20.0))
    return gains, moves


def _band(stems: Stems, gains: Mapping[StemName, float]) -> Floats:
    """``(frames, bands)``: the power of all instruments."""
    silence = np.zeros_like(next(iter(stems.power.values())))
    return np.asarray(sum((gains[name] ** 2 * stems.power[name] for name in gains), silence))


def _total(power: Mapping[StemName, Floats], gains: Mapping[StemName, float]) -> Floats:
    """``(bands,)``: the mean power of all stems."""
    return np.asarray(np.sum([gains[name] ** 2 * power[name].mean(axis=0) for name in power], axis=0))


def _within(band_hz: tuple[float, float]) -> Floats:
    """How much of each third octave lies in ``band_hz``, in 0..1."""
    low, high = BANDS_HZ * 2.0 ** (-1.0 / 6.0), BANDS_HZ * 2.0 ** (1.0 / 6.0)
    return np.asarray(
        np.clip((np.minimum(high, band_hz[1]) - np.maximum(low, band_hz[0])) / (high - low), 0.0, 1.0)
    )


def _db(power: float, against: float) -> float:
    return float(10.0 * np.log10((power + 1e-15) / (against + 1e-15)))


def _typical(power: Floats) -> float:
    """The gated mean: without silence and without values far below the rest, as for loudness."""
    loud = power[power > 1e-12]
    if not len(loud):
        return 1.0
    return float(loud[loud > 0.1 * loud.mean()].mean())


def _correction(total: Floats, style: MixStyle) -> Shape:
    """The gentle equaliser for all stems that brings the mix near the target curve."""
    measured = 10.0 * np.log10(total + 1e-12)
    target = 20.0 * np.log10(curve(BANDS_HZ, TARGET))
    target += (style.low_db - 8.5) * np.clip(np.log2(400.0 / BANDS_HZ) / 1.7, 0.0, 1.0)
    target += style.top_db * np.clip(np.log2(BANDS_HZ / 2500.0) / 1.7, 0.0, 1.0)
    difference = target - measured
    difference -= difference[(BANDS_HZ > 700) & (BANDS_HZ < 1400)].mean()
    padded = np.pad(difference, 2, mode="edge")
    smoothed = np.convolve(padded, [0.1, 0.2, 0.4, 0.2, 0.1], "valid")
    # High bands may be reduced by twice as much, against hiss.
    bounded = np.clip(smoothed, np.where(BANDS_HZ > 7000.0, -2.0, -1.0) * CORRECTION_DB, CORRECTION_DB)
    # Listeners notice missing bass first: a shelf corrects the rest of its error.
    power = total * 10.0 ** (bounded / 10.0)
    low, middle = (
        power[(BANDS_HZ > 60.0) & (BANDS_HZ < 130.0)],
        power[(BANDS_HZ > 700.0) & (BANDS_HZ < 1400.0)],
    )
    missing = style.low_db - 10.0 * np.log10((low.mean() + 1e-12) / (middle.mean() + 1e-12))
    shelf = np.clip(np.log2(450.0 / BANDS_HZ) / 1.5, 0.0, 1.0)
    bounded = bounded + np.clip(missing, -CORRECTION_DB, CORRECTION_DB) * shelf
    # The lowest and highest bands hold almost nothing: raising them would only raise noise.
    bounded = np.where((BANDS_HZ < 40.0) | (BANDS_HZ > 14000.0), np.minimum(bounded, 0.0), bounded)
    return tuple(zip(BANDS_HZ.tolist(), bounded.tolist(), strict=True))
