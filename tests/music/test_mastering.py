"""The mastering of what a model has made, by a meter that shares nothing with it."""

from __future__ import annotations

import numpy as np
import pytest

from music.contract import Audio
from music.levels.mastering import MOST_LIMITED_DB, mastered
from tests.music.analysis import Floats, loudness_lufs, true_peak_dbtp

SECONDS = 12


def audio(samples: Floats, rate_hz: int, **more: object) -> Audio:
    return Audio(samples.astype(np.float32), rate_hz, **more)  # type: ignore[arg-type]


def sounds(rate_hz: int) -> dict[str, Floats]:
    """Quiet noise, a loud tone, clipped noise, a song that swells, drums in a quiet room."""
    count = SECONDS * rate_hz
    rng = np.random.default_rng(7)
    noise, t = rng.standard_normal((2, count)), np.arange(count) / rate_hz
    beats = np.exp(-(t % 0.5) / 0.03) * np.sin(2 * np.pi * 180 * t)
    return {
        "quiet": 0.02 * noise,
        "tone": 0.9 * np.sin(2 * np.pi * 440 * t) * np.ones((2, 1)),
        "clipped": np.clip(noise, -1.0, 1.0),
        "swell": 0.3 * noise * np.linspace(0.0, 1.0, count),
        "drums": 0.5 * beats + 0.03 * noise,
    }


@pytest.mark.parametrize("rate_hz", [32_000, 44_100, 48_000])
@pytest.mark.parametrize("name", ["quiet", "tone", "clipped", "swell", "drums"])
def test_every_song_has_one_loudness_and_no_high_peak(name: str, rate_hz: int) -> None:
    made = audio(sounds(rate_hz)[name], rate_hz)
    before = made.samples.copy()
    song = mastered(made)
    assert np.array_equal(made.samples, before)
    assert song.loudness_lufs == pytest.approx(-14.0, abs=0.15)
    assert song.loudness_lufs == pytest.approx(loudness_lufs(song.samples, rate_hz), abs=0.1)
    assert true_peak_dbtp(song.samples) <= -1.0
    assert song.warnings == ()


def test_what_is_under_the_ceiling_gets_one_gain() -> None:
    """A limiter that is not needed does nothing: the song's own dynamics stay."""
    made = audio(sounds(48_000)["quiet"], 48_000)
    ratio = mastered(made).samples[:, 4000:-4000] / made.samples[:, 4000:-4000]
    steady = np.abs(made.samples[:, 4000:-4000]) > 0.01  # where 16 bits are fine enough
    assert np.ptp(ratio[steady]) < 0.01 * np.mean(ratio[steady])


def test_stems_still_add_up() -> None:
    noise = sounds(32_000)
    parts = {"one": noise["drums"], "two": noise["swell"]}
    stems = {name: part.astype(np.float32) for name, part in parts.items()}
    song = mastered(audio(noise["drums"] + noise["swell"], 32_000, stems=stems))
    assert np.abs(sum(song.stems.values()) - song.samples).max() < 1e-4


def test_a_song_of_few_clicks_stays_quieter_and_says_so() -> None:
    """Its loudness would need peaks lowered by far more than a limiter may."""
    clicks = np.zeros((2, SECONDS * 32_000))
    clicks[:, ::16_000] = 0.9
    song = mastered(audio(clicks, 32_000))
    assert song.loudness_lufs is not None
    assert song.loudness_lufs < -20.0
    assert song.warnings == (
        f"the song has {song.loudness_lufs:.1f} LUFS in place of -14: more would distort its peaks",
    )
    assert np.max(np.abs(song.samples)) >= 0.9 * 10.0 ** (-MOST_LIMITED_DB / 20.0)


@pytest.mark.parametrize("seconds", [0.0, 0.3, 5.0])
def test_silence_and_a_blink_stay_as_they_are(seconds: float) -> None:
    made = audio(np.zeros((2, round(seconds * 32_000))), 32_000)
    assert mastered(made) is made


def test_who_masters_its_own_songs_is_left_alone() -> None:
    made = audio(sounds(32_000)["tone"], 32_000, loudness_lufs=-9.0)
    assert mastered(made) is made
