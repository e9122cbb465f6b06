from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from config.engine import ignore_progress
from music.levels.mastering import CEILING_DBTP
from music.sketch.instruments import RATE_HZ
from music.sketch.master import Master, master, section_targets_db
from music.sketch.parallel import Span
from music.sketch.production import produce
from tests.music.analysis import longest_silence_s, loudness_lufs, true_peak_dbtp
from tests.music.scores import small_score

SAMPLES = 20 * RATE_HZ


@pytest.fixture(scope="module")
def song() -> Master:
    return produce(small_score(20.0), SAMPLES, seed=1, report=ignore_progress)


def test_loudness_and_peak_keep_their_promise(song: Master) -> None:
    assert loudness_lufs(song.samples, RATE_HZ) == pytest.approx(-14.0, abs=0.3)
    assert song.loudness_lufs == pytest.approx(loudness_lufs(song.samples, RATE_HZ), abs=0.1)
    assert true_peak_dbtp(song.samples) <= -1.0
    assert np.max(np.abs(song.samples)) < 1.0


def test_the_stems_add_up_to_the_master(song: Master) -> None:
    total = np.sum([stem.astype(float) for stem in song.stems.values()], axis=0)
    assert np.max(np.abs(total - song.samples)) < 1.0 / 32768.0


def test_the_master_holds_16_bit_values(song: Master) -> None:
    assert np.array_equal(np.rint(song.samples * 32768.0), song.samples * 32768.0)


def test_the_chorus_stands_over_the_verse(song: Master) -> None:
    verse, chorus = song.samples[:, : 10 * RATE_HZ], song.samples[:, 10 * RATE_HZ : 18 * RATE_HZ]
    assert loudness_lufs(chorus, RATE_HZ) - loudness_lufs(verse, RATE_HZ) >= 3.5


def test_it_rings_to_the_end_and_ends_at_zero(song: Master) -> None:
    assert song.samples.shape == (2, SAMPLES)
    assert np.max(np.abs(song.samples[:, -1])) <= 1.0 / 32768.0
    assert np.max(np.abs(song.samples[:, int(18.7 * RATE_HZ) : 19 * RATE_HZ])) > 0.001
    assert longest_silence_s(song.samples, RATE_HZ) < 2.0


def test_a_song_with_one_huge_click_still_keeps_under_the_ceiling() -> None:
    rng = np.random.default_rng(3)
    stem = (0.05 * rng.standard_normal((2, 8 * RATE_HZ))).astype(np.float32)
    stem[:, 4 * RATE_HZ] = 3.0
    score = replace(small_score(8.0), sections=())
    span = Span(ignore_progress, "mastering", 0.0, 1.0)
    made = master(score, {"drums": stem}, samples=stem.shape[1], span=span)
    assert true_peak_dbtp(made.samples) <= CEILING_DBTP + 0.15
    assert loudness_lufs(made.samples, RATE_HZ) == pytest.approx(-14.0, abs=0.4)


def test_silence_is_mastered_to_silence() -> None:
    stem = np.zeros((2, 2 * RATE_HZ), dtype=np.float32)
    span = Span(ignore_progress, "mastering", 0.0, 1.0)
    made = master(small_score(2.0), {"drums": stem}, samples=stem.shape[1], span=span)
    assert not made.samples.any()
    assert np.isfinite(made.loudness_lufs)


def test_a_verse_is_kept_under_the_choruses_and_otherwise_left_alone() -> None:
    sections = small_score().sections
    assert section_targets_db(sections, [-20.0, -15.0]) == (-5.0, 0.0)
    assert section_targets_db(sections, [-15.0, -15.0]) == (-4.2, 0.0)
    assert section_targets_db(sections, [-30.0, -15.0]) == pytest.approx((-6.2, 0.0))
    assert section_targets_db(sections[:1], [-30.0]) == (-30.0,)
