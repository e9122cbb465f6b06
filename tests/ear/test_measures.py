"""The measures themselves, on sounds of which the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from music.contract import TimedLine, TimedWord
from tests.ear.balance import voice_over_band_db
from tests.ear.ears import needs_ears
from tests.ear.listening import normalised, recall, stretches, words_heard
from tests.ear.onsets import onsets_late_s
from tests.ear.pitch import Sung, cents_off
from tests.music.analysis import Floats

RATE_HZ = 44_100


def tone(midi: float, seconds: float, vibrato_cents: float = 0.0) -> Floats:
    """A voice-like tone of ten harmonics, ``(2, samples)``."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    hz = 440.0 * 2.0 ** ((midi - 69.0) / 12.0 + vibrato_cents / 1200.0 * np.sin(2 * np.pi * 5.4 * t))
    phase = 2 * np.pi * np.cumsum(hz) / RATE_HZ
    wave = np.sum([np.sin(k * phase) / k for k in range(1, 11)], axis=0)
    return np.stack([wave, wave]).astype(np.float32) * 0.1


def test_one_word_is_one_word_however_it_is_written() -> None:
    assert normalised("The plane left at 2, colour by the harbour") == normalised(
        "the plain left at two color buy the harbor"
    )
    assert normalised("I'm sure it's over, can't you see") == normalised(
        "I am sure it is over; cannot you sea!"
    )
    assert normalised("23 o'clock") == normalised("twenty-three O'Clock")
    assert normalised("won't") == normalised("will not") != normalised("want")
    assert normalised("the baker's son") != normalised("the baker is sun")


def test_only_words_in_their_order_count_as_heard() -> None:
    said = normalised("carry me over the water")
    assert recall(said, normalised("carry me over the water")) == 1.0
    assert recall(said, normalised("well carry him over some water now")) == pytest.approx(3 / 5)
    assert recall(said, normalised("water the over me carry")) == pytest.approx(1 / 5)
    assert recall(said, []) == 0.0
    keeper = normalised("the lighthouse keeper")
    assert recall(keeper, normalised("a light housekeeper")) == pytest.approx(2 / 3)
    assert recall(keeper, normalised("the light keeper")) == pytest.approx(2 / 3)
    assert recall(keeper, normalised("the house keeper light")) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="nothing was said"):
        recall([], said)


def test_noise_has_no_words() -> None:
    needs_ears()
    noise = np.random.default_rng(1).normal(0.0, 0.1, (2, 8 * RATE_HZ))
    words = "carry me over the water all the way home"
    line = TimedLine(
        words, tuple(TimedWord(w, 1.0 + n / 2, 1.4 + n / 2) for n, w in enumerate(words.split()))
    )
    assert words_heard(noise, RATE_HZ, [line]) <= 0.2


def test_whisper_is_given_whole_lines() -> None:
    times = [(1.0, 4.0), (5.0, 9.0), (20.0, 25.0), (26.0, 28.9), (28.5, 33.0), (50.0, 90.0)]
    lines = [TimedLine("la", (TimedWord("la", *each),)) for each in times]
    assert stretches(lines) == [(1.0, 9.0), (20.0, 33.0), (50.0, 90.0)]
    assert stretches([]) == []


@pytest.mark.parametrize("wrong_cents", [0.0, 60.0, -1200.0])
def test_pitch_is_measured_by_the_centre_of_a_vibrato_and_within_an_octave(wrong_cents: float) -> None:
    needs_ears()
    sound = tone(62.0 + wrong_cents / 100.0, 2.0, vibrato_cents=45.0)
    off = cents_off(sound, RATE_HZ, [Sung(0.0, 1.0, 62), Sung(1.0, 2.0, 62)])
    assert len(off) > 70
    assert np.max(np.abs(off - (wrong_cents if wrong_cents > -600.0 else 0.0))) < 15.0


@pytest.mark.parametrize("late_s", [-0.06, 0.0, 0.03])
def test_a_vowel_begins_with_its_voice_and_not_with_the_burst_before_it(late_s: float) -> None:
    rng = np.random.default_rng(3)
    sound = np.zeros((2, 2 * RATE_HZ), dtype=np.float32)
    at = round((1.0 + late_s) * RATE_HZ)
    sound[:, at : at + RATE_HZ // 2] = tone(60.0, 0.5)
    burst = rng.normal(0.0, 0.1, round(0.02 * RATE_HZ))
    sound[:, at - 2 * len(burst) : at - len(burst)] += np.diff(burst, prepend=0.0).astype(np.float32)
    late = onsets_late_s(sound, RATE_HZ, [Sung(1.0, 1.5, 60)])
    assert late == pytest.approx([late_s], abs=0.006)


def test_a_vowel_that_does_not_rise_is_left_out() -> None:
    assert len(onsets_late_s(tone(60.0, 2.0), RATE_HZ, [Sung(1.0, 1.5, 60)])) == 0


def test_the_balance_is_that_of_lead_and_instruments_while_words_are_sung() -> None:
    rng = np.random.default_rng(4)
    band = rng.normal(0.0, 0.1, (2, 6 * RATE_HZ))
    voice = 10 ** (2.5 / 20) * rng.normal(0.0, 0.1, (2, 6 * RATE_HZ))
    voice[:, 4 * RATE_HZ :] = 0.0
    lines = (TimedLine("la la", (TimedWord("la", 0.5, 1.5), TimedWord("la", 2.0, 3.5))),)
    stems = {"drums": 0.5 * band, "harmony": 0.5 * band, "vocals": voice, "backing": 9.0 * band}
    assert voice_over_band_db(stems, RATE_HZ, lines) == pytest.approx(2.5, abs=0.3)


def test_a_missing_ear_skips_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.ear.ears.NEEDED", {"no_such_ear": "a-package"})
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="pip install a-package"):
        needs_ears()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="pip install a-package"):
        needs_ears()
