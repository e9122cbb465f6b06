from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest

from config.errors import InvalidRequest
from music.sketch.instruments import INSTRUMENTS, RATE_HZ, Strike, instrument, render, sustain
from music.sketch.instruments.strike import hertz

PITCHED = [name for name, each in INSTRUMENTS.items() if not each.is_kit]
KITS = [name for name, each in INSTRUMENTS.items() if each.is_kit]
DRUM_KEYS = (
    35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 56, 57, 60, 61, 62, 63,
    64, 67, 68,
    69, 70, 75, 76, 77, 81,
)  # fmt: skip


def level_db(tone: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(tone**2) + 1e-12))


def centroid_hz(tone: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(tone.mean(axis=0))) ** 2
    return float(np.sum(power * np.arange(len(power))) / np.sum(power) * RATE_HZ / tone.shape[1])


@pytest.mark.parametrize("name", PITCHED)
def test_a_note_is_as_long_as_asked_sounds_and_ends_at_zero(name: str) -> None:
    tone = render(name, Strike(INSTRUMENTS[name].reference[:1], 1.5, 0.8))
    assert tone.dtype == np.float32
    assert tone.shape in ((1, 66150), (2, 66150))
    assert np.isfinite(tone).all()
    assert abs(tone[:, -1]).max() < 1e-3
    assert -34 < level_db(tone) < -12


@pytest.mark.parametrize("name", PITCHED)
def test_a_note_sounds_at_its_pitch(name: str) -> None:
    pitch = INSTRUMENTS[name].reference[-1]
    tone = render(name, Strike((pitch,), 1.2, 0.7)).sum(axis=0)[8000:]
    size = 1 << 18
    power = np.abs(np.fft.rfft(tone * np.hanning(len(tone)), size)) ** 2
    hz = np.arange(len(power)) * RATE_HZ / size
    # The strongest partial is a small multiple of the pitch (half of it, for a bell's hum or an organ's sub).
    strongest = hz[np.argmax(power)] / hertz(pitch)
    nearest = round(strongest * 2) / 2
    if name in ("bell", "vibraphone", "marimba", "music_box"):
        assert strongest == pytest.approx(nearest, rel=0.02) or strongest == pytest.approx(3.98, rel=0.02)
    else:
        assert nearest >= 0.5
        assert 1200 * abs(np.log2(strongest / nearest)) < 25


@pytest.mark.parametrize("name", [n for n in PITCHED if n not in ("bass_808", "organ", "whistle")])
def test_a_harder_stroke_is_brighter(name: str) -> None:
    pitch = INSTRUMENTS[name].reference[:1]
    assert centroid_hz(render(name, Strike(pitch, 0.5, 1.0))) > centroid_hz(
        render(name, Strike(pitch, 0.5, 0.3))
    )


def test_instruments_share_one_loudness() -> None:
    meter = pyloudnorm.Meter(RATE_HZ)
    for name in PITCHED:
        each = INSTRUMENTS[name]
        tones = [sustain(name, Strike((pitch,), 0.7, 0.8))[:, :30000] for pitch in each.reference]
        loudness = [
            meter.integrated_loudness(np.repeat(t, 3 - len(t), axis=0).T.astype(float)) for t in tones
        ]
        assert np.mean(loudness) == pytest.approx(-17.6, abs=4.0), name


def test_the_same_strike_is_the_same_sound_and_variants_differ() -> None:
    strike = Strike((64,), 0.4, 0.8)
    assert np.array_equal(render("acoustic_guitar", strike, 0), render("acoustic_guitar", strike, 0))
    assert not np.array_equal(render("acoustic_guitar", strike, 0), render("acoustic_guitar", strike, 1))


@pytest.mark.parametrize("name", KITS)
def test_a_kit_has_every_drum(name: str) -> None:
    for key in DRUM_KEYS:
        hit = render(name, Strike((key,), 0.0, 0.8))
        assert np.isfinite(hit).all(), key
        assert 0.01 < np.max(np.abs(hit)) < 1.0, key
        assert abs(hit[:, -1]).max() < 1e-3, key


@pytest.mark.parametrize("name", [kit for kit in KITS if kit != "kit_jazz"])
def test_a_snare_has_body_and_noise(name: str) -> None:
    hit = render(name, Strike((38,), 0.0, 0.9)).mean(axis=0)
    power = np.abs(np.fft.rfft(hit)) ** 2
    hz = np.arange(len(power)) * RATE_HZ / len(hit)
    body, noise = power[(hz > 120) & (hz < 500)].sum(), power[(hz > 1000) & (hz < 9000)].sum()
    assert 0.03 < noise / body < 10


@pytest.mark.parametrize("name", KITS)
def test_a_kick_is_low_and_quick(name: str) -> None:
    hit = render(name, Strike((36,), 0.0, 0.9)).mean(axis=0)
    power = np.abs(np.fft.rfft(hit)) ** 2
    hz = np.arange(len(power)) * RATE_HZ / len(hit)
    assert power[(hz > 30) & (hz < 160)].sum() > 0.7 * power.sum()
    assert np.argmax(np.abs(hit)) < 0.03 * RATE_HZ


def test_an_808_glides_from_the_note_before() -> None:
    tone = render("bass_808", Strike((40,), 0.5, 0.8, from_pitch=28))[0]
    early, late = (np.flatnonzero(np.diff(np.signbit(part))) for part in (tone[2200:6600], tone[13000:20000]))
    assert np.mean(np.diff(early)) > 1.05 * np.mean(np.diff(late))


def test_a_distorted_chord_is_more_than_its_notes() -> None:
    chord = render("electric_guitar_distorted", Strike((40, 47), 0.6, 0.8))
    apart = sum(render("electric_guitar_distorted", Strike((p,), 0.6, 0.8)) for p in (40, 47))
    power = [np.abs(np.fft.rfft(each.mean(axis=0), 1 << 16)) ** 2 for each in (chord, apart)]
    hz = np.arange(len(power[0])) * RATE_HZ / (1 << 16)
    sum_tone = (hz > 203) & (hz < 209)  # 82.4 + 123.5 Hz: only intermodulation makes it
    assert power[0][sum_tone].sum() > 4 * power[1][sum_tone].sum()


def test_nothing_folds_over_at_the_top_of_the_keyboard() -> None:
    for name in ("synth_lead", "violin", "trumpet", "electric_guitar_clean"):
        tone = render(name, Strike((96,), 0.5, 1.0))[0]
        power = np.abs(np.fft.rfft(tone * np.hanning(len(tone)))) ** 2
        hz = np.arange(len(power)) * RATE_HZ / len(tone)
        assert power[hz < 1800].sum() < 1e-3 * power.sum(), name


def test_an_unknown_instrument_is_refused_by_name() -> None:
    with pytest.raises(InvalidRequest, match="theremin"):
        instrument("theremin")
