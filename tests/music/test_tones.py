from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from music.sketch.instruments import INSTRUMENTS, Strike, sustain
from music.sketch.tones import CLASS_S, Tones, lasting


def strike(pitch: int, seconds: float = 0.5) -> Strike:
    return Strike((pitch,), seconds, 0.8)


def test_a_tone_is_made_once_and_is_the_instruments() -> None:
    tones = Tones(10_000_000)
    first = tones.of("piano", strike(60), 0)
    assert np.array_equal(first, sustain("piano", strike(60), 0))
    assert tones.of("piano", strike(60), 0) is first
    assert tones.of("piano", strike(61), 0) is not first
    assert not np.array_equal(tones.of("bass_pick", strike(40), 0), tones.of("bass_pick", strike(40), 1))


def test_nobody_can_change_a_tone_that_others_use() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Tones(10_000_000).of("organ", strike(60), 0)[:] *= 2.0


def test_the_tones_kept_are_bounded_and_the_oldest_goes_first() -> None:
    size = sustain("piano", strike(60), 0).nbytes
    tones = Tones(2 * size)
    low, middle = (tones.of("piano", strike(pitch), 0) for pitch in (60, 61))
    assert tones.of("piano", strike(60), 0) is low  # now the newest
    tones.of("piano", strike(62), 0)
    assert tones.of("piano", strike(60), 0) is low
    assert tones.of("piano", strike(61), 0) is not middle


def test_a_tone_larger_than_all_that_may_be_kept_is_made_each_time() -> None:
    tones = Tones(1000)
    assert tones.of("piano", strike(60), 0).shape[1] == round(0.5 * 44_100)
    assert tones.of("piano", strike(60), 0).shape[1] == round(0.5 * 44_100)


def test_threads_that_want_one_tone_get_the_same_bytes() -> None:
    tones = Tones(10_000_000)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: tones.of("violin", strike(67), 0), range(16)))
    assert all(np.array_equal(tone, made[0]) for tone in made)


def test_notes_of_similar_length_share_a_tone() -> None:
    piano = INSTRUMENTS["piano"]
    assert lasting(strike(60), 1.01, piano) == lasting(strike(60), 1.49, piano) == strike(60, 3 * CLASS_S)
    assert lasting(strike(60), 100.0, piano).seconds == piano.longest_s
    assert lasting(strike(60), float("inf"), INSTRUMENTS["kit_rock"]).seconds == 30.0
