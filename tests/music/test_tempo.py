"""The tempo that is heard in a recording, and that none is heard where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from config.engine import ignore_progress
from music.contract import MusicRequest, Samples
from music.hearing.tempo import tempo_of
from music.sketch.engine import SketchComposer
from tests.long import few_first
from tests.music.analysis import tempo_error

RATE_HZ = 44_100


def clicks(bpm: float, seconds: float = 20.0) -> Samples:
    noise = np.random.default_rng(1).standard_normal(2_000) * np.exp(-np.arange(2_000) / 300.0)
    wave = np.zeros(round(seconds * RATE_HZ) + 2_000, np.float32)
    for beat_s in np.arange(0.0, seconds, 60.0 / bpm):
        wave[round(beat_s * RATE_HZ) :][:2_000] += 0.3 * noise
    return np.stack((wave, wave))


@pytest.mark.parametrize("bpm", [63.0, 90.0, 128.0, 174.0])
def test_the_tempo_of_clicks_is_heard_an_octave_either_way(bpm: float) -> None:
    heard = tempo_of(clicks(bpm), RATE_HZ)
    assert heard is not None
    assert tempo_error(heard, bpm) < 0.005


SONGS = [
    ("pop", 110.0),
    ("ambient", 70.0),
    ("techno", 128.0),
    ("folk", 84.0),
    ("jazz", 140.0),
    ("classical", 76.0),
]


@pytest.mark.parametrize(("genre", "bpm"), few_first(1, SONGS))
def test_the_tempo_of_a_song_is_heard(genre: str, bpm: float) -> None:
    request = MusicRequest(
        prompt="", genre=genre, tempo_bpm=bpm, tempo_fixed=True, seed=3, duration_s=24.0, voice="none"
    )
    song = SketchComposer().compose(request, ignore_progress)
    heard = tempo_of(song.samples, song.rate_hz)
    assert heard is not None
    assert tempo_error(heard, bpm) < 0.005


def test_no_tempo_is_heard_where_there_is_none() -> None:
    random, at = np.random.default_rng(2), np.arange(30 * RATE_HZ) / RATE_HZ
    steady = np.sin(2 * np.pi * 440.0 * at)
    rising = np.sin(2 * np.pi * (100.0 + 20.0 * at) * at)
    speech, place = np.zeros(len(at)), 0
    while place < len(at) - 9_000:  # syllables of any length
        length = int(random.uniform(2_000, 9_000))
        tone = np.sin(2 * np.pi * random.uniform(100, 300) * np.arange(length) / RATE_HZ)
        speech[place : place + length] += tone * np.hanning(length)
        place += int(length * random.uniform(0.8, 1.8))
    for wave in (random.standard_normal(len(at)), steady, rising, speech, 0.0 * at, clicks(120.0, 2.0)[0]):
        assert tempo_of(np.stack((wave, wave)).astype(np.float32) * 0.3, RATE_HZ) is None
