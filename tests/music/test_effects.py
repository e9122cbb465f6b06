from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import fftconvolve

from music.levels.gains import BLOCK, apply_gain, block_peaks, blocks_of, falls_slowly
from music.sketch.effects import REST_S, Dip, compression, convolve, equaliser, lowered, pumping, sung
from music.sketch.instruments import RATE_HZ
from music.sketch.rooms import HALL, impulse, with_echo


def test_an_equaliser_follows_its_curve_from_the_first_sample() -> None:
    taps = equaliser(((100.0, 6.0), (1000.0, 0.0), (10000.0, -12.0)))
    response = np.abs(np.fft.rfft(taps, 1 << 16))
    hz = np.arange(len(response)) * RATE_HZ / (1 << 16)
    for frequency, db in ((100, 6), (1000, 0), (3162, -6), (10000, -12)):
        assert 20 * np.log10(np.interp(frequency, hz, response)) == pytest.approx(db, abs=0.3)
    assert np.argmax(np.abs(taps)) < 3  # minimum phase: no delay, nothing before the hit


@pytest.mark.parametrize("samples", [500, 40_000, 100_001])
def test_one_pass_is_the_same_as_plain_convolution(samples: int) -> None:
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((3, samples)).astype(np.float32)
    direct = equaliser(((100.0, 3.0), (5000.0, -3.0)))
    room = 0.1 * rng.standard_normal((2, 70_000)).astype(np.float32)
    expected = [
        fftconvolve(rows[side], direct)[:samples] + fftconvolve(rows[2], room[side])[:samples]
        for side in (0, 1)
    ]
    convolve(rows, direct, room, lambda _fraction: None)
    assert np.max(np.abs(rows[:2] - expected)) < 2e-3 * np.max(np.abs(expected))


def test_a_compressor_presses_what_is_loud_and_leaves_what_is_soft() -> None:
    peaks = np.concatenate([np.full(700, 0.05), np.full(700, 1.0), np.full(1400, 0.05)])
    gain = compression(peaks, threshold_db=-12.0, ratio=4.0, attack_s=0.01, release_s=0.1)
    assert gain[600] == pytest.approx(1.0)
    assert 20 * np.log10(gain[1300]) == pytest.approx(-9.0, abs=0.1)  # 12 dB over, a quarter of it kept
    assert gain[701] > 0.7  # the first moment passes: the punch
    assert gain[-1] == pytest.approx(1.0)


def test_gain_is_applied_without_steps() -> None:
    signal = np.ones((2, 10_000), dtype=np.float32)
    gain = np.linspace(0.2, 1.0, blocks_of(10_000))
    apply_gain(signal, gain)
    assert np.max(np.abs(np.diff(signal[0]))) < 1.5 * 0.8 / len(gain) / BLOCK
    assert np.array_equal(signal[0], signal[1])


def test_block_peaks_see_the_short_last_block_and_negative_samples() -> None:
    signal = np.zeros((2, 3 * BLOCK + 5), dtype=np.float32)
    signal[0, 10], signal[1, -1] = -0.5, 0.25
    assert block_peaks(signal).tolist() == [0.5, 0.0, 0.0, 0.25]


def test_a_held_level_falls_at_its_rate() -> None:
    level = np.zeros(1000)
    level[100] = 6.0
    held = falls_slowly(level, db_per_s=60.0)
    assert held[99] == 0.0
    assert held[100] == 6.0
    after = round(0.05 * RATE_HZ / BLOCK)
    assert held[100 + after] == pytest.approx(3.0, abs=0.1)


def test_pumping_dips_at_the_kick_and_recovers() -> None:
    gain = pumping([0.5], RATE_HZ, depth_db=8.0, recover_s=0.25)
    at = [gain[round(s * RATE_HZ / BLOCK)] for s in (0.3, 0.51, 0.9)]
    assert at[0] == pytest.approx(1.0)
    assert 20 * np.log10(at[1]) < -5.0
    assert at[2] == pytest.approx(1.0)


def test_the_band_makes_room_only_while_somebody_sings() -> None:
    gain = lowered(sung([(1.5, 2.5)], 4 * RATE_HZ), 1.5)
    assert 20 * np.log10(gain[round(2.0 * RATE_HZ / BLOCK)]) == pytest.approx(-1.5)
    assert gain[0] == gain[-1] == 1.0


def test_room_is_made_without_pumping() -> None:
    """Ramps are gentle, and between words and lines that follow each other soon nothing moves."""
    words = [(2.0 + 0.5 * n, 2.2 + 0.5 * n) for n in range(6)]
    line = (words[-1][1] + REST_S - 0.05, 9.0)
    db = 20 * np.log10(lowered(sung([*words, line, (14.0, 15.0)], 18 * RATE_HZ), 4.5))
    slopes = np.diff(db) * RATE_HZ / BLOCK
    assert np.max(np.abs(slopes)) <= 12.0
    assert np.max(np.abs(np.diff(slopes))) < 1.0  # nor does a ramp begin with a kink
    inside = db[round(2.0 * RATE_HZ / BLOCK) : round(8.8 * RATE_HZ / BLOCK)]
    assert np.ptp(inside) == pytest.approx(0.0, abs=0.3)
    assert db[round(11.5 * RATE_HZ / BLOCK)] == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("room_s", [0.0, 1.5])
def test_a_dip_comes_and_goes_within_the_one_pass(room_s: float) -> None:
    rng = np.random.default_rng(1)
    samples = 300_001
    rows = rng.standard_normal((3, samples)).astype(np.float32)
    direct = equaliser(((100.0, 3.0), (5000.0, -3.0)))
    room = 0.02 * rng.standard_normal((2, round(room_s * RATE_HZ))).astype(np.float32) if room_s else None
    taps = equaliser(((500.0, 0.0), (2000.0, -6.0), (7000.0, 0.0)))
    amount = sung([(1.5, 2.5), (5.0, 6.0)], samples)
    plain = rows.copy()
    convolve(plain, direct, room, lambda _fraction: None)
    dipped = [fftconvolve(side, taps)[:samples] for side in plain[:2]]
    share = np.interp(np.arange(samples), (np.arange(len(amount)) + 0.5) * BLOCK, amount)
    expected = plain[:2] + share * (dipped - plain[:2])
    convolve(rows, direct, room, lambda _fraction: None, Dip(taps, amount))
    assert np.max(np.abs(rows[:2] - expected)) < 3e-3 * np.max(np.abs(expected))
    assert np.max(np.abs(expected - plain[:2])) > 0.05 * np.max(np.abs(expected))


def test_a_room_decays_in_its_time_and_differs_from_side_to_side() -> None:
    room = impulse(HALL, np.random.default_rng(2))
    early, late = (np.mean(room[:, int(a * RATE_HZ) : int((a + 0.2) * RATE_HZ)] ** 2) for a in (0.2, 1.2))
    assert 10 * np.log10(early / late) == pytest.approx(60 / HALL.t60_s, abs=6)
    assert abs(np.corrcoef(room)[0, 1]) < 0.35


def test_an_echo_repeats_in_time_and_dies_away() -> None:
    dry = np.zeros((2, 100), dtype=np.float32)
    echoed = with_echo(dry, delay_s=0.25, level=0.5, feedback=0.5)
    step = int(0.25 * RATE_HZ)
    first, second = (np.abs(echoed[:, n * step : n * step + 11]).sum() for n in (1, 2))
    assert second == pytest.approx(0.5 * first)
