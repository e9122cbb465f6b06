from __future__ import annotations

import numpy as np
import pytest

from music.levels.gains import BLOCK, block_peaks
from music.levels.meter import loudness, true_peaks
from music.sketch.instruments import RATE_HZ
from music.sketch.spectra import BANDS_HZ, view
from tests.music.analysis import loudness_lufs, true_peak_dbtp


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal((2, int(seconds * RATE_HZ)))).astype(np.float32)


def test_full_scale_tone_reads_as_the_standard_says() -> None:
    t = np.arange(5 * RATE_HZ) / RATE_HZ
    one_side = np.stack([np.sin(2 * np.pi * 997 * t), np.zeros(len(t))]).astype(np.float32)
    assert loudness(one_side) == pytest.approx(-3.01, abs=0.05)  # BS.1770-5: 0 dBFS at 997 Hz in one channel


@pytest.mark.parametrize("gain", [1.0, 0.1])
def test_it_agrees_with_an_independent_meter(gain: float) -> None:
    song = gain * noise(9.0)
    song[:, 3 * RATE_HZ : 5 * RATE_HZ] *= 0.01  # a pause that the gate must leave out
    assert loudness(song.astype(np.float32)) == pytest.approx(loudness_lufs(song, RATE_HZ), abs=0.1)


def test_silence_and_a_blink_have_no_loudness() -> None:
    assert loudness(np.zeros((2, RATE_HZ), dtype=np.float32)) == -np.inf
    assert loudness(noise(0.2)) == -np.inf


def test_true_peaks_find_what_lies_between_the_samples() -> None:
    n = np.arange(4 * RATE_HZ)
    tone = np.sin(2 * np.pi * n / 4 + np.pi / 4).astype(np.float32)[np.newaxis]  # every sample at 0.707
    tone *= np.hanning(tone.shape[1]).astype(np.float32)
    sampled = block_peaks(tone)
    assert np.max(sampled) == pytest.approx(0.707, abs=0.01)
    assert np.max(true_peaks(tone, sampled, BLOCK, above=0.1)) == pytest.approx(1.0, abs=0.01)


def test_true_peaks_agree_with_plain_oversampling() -> None:
    song = noise(2.0)
    found = 20 * np.log10(np.max(true_peaks(song, block_peaks(song), BLOCK, above=0.2)))
    assert found == pytest.approx(true_peak_dbtp(song), abs=0.1)


def test_a_view_puts_power_in_the_right_third_octave() -> None:
    t = np.arange(3 * RATE_HZ) / RATE_HZ
    tone = (0.5 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)[np.newaxis]
    power = view(tone)
    assert BANDS_HZ[np.argmax(power.mean(axis=0))] == pytest.approx(1000.0)
    assert power.mean(axis=0).sum() == pytest.approx(0.125, rel=0.05)
