"""What finished songs measure, over every genre and two seeds, by code that shares nothing with the composer;
``make test`` measures a few genres.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from lyrics.contract import GENRES
from music.contract import Audio, MusicRequest
from music.sketch.engine import SketchComposer
from tests.long import SOAK, few_first, short_if
from tests.music.analysis import (
    Floats,
    features,
    longest_silence_s,
    loudness_lufs,
    low_end_db,
    spread,
    tempo_bpm,
    tempo_error,
    third_octaves_db,
    true_peak_dbtp,
)

SEEDS = (1, 2)
FEW = ("pop", "metal", "jazz", "ambient")
"""Genres that differ much: those whose songs ``make test`` measures."""
DURATION_S = 30.0
TEMPI = {
    "pop": 112, "rock": 126, "indie": 118, "metal": 150, "punk": 176, "folk": 98, "country": 104, "blues": 84,
    "jazz": 128, "soul": 88, "r&b": 78, "funk": 106, "disco": 118, "house": 124, "techno": 130, "trance": 138,
    "drum and bass": 174, "synthwave": 104, "ambient": 70, "lo-fi": 80, "hip hop": 90, "trap": 140,
    "reggae": 76,
    "latin": 98, "bossa nova": 126, "gospel": 92, "cinematic": 90, "classical": 96,
}  # fmt: skip
NOT_BANDS = ("ambient", "classical", "cinematic")
"""Genres without a rhythm section to carry the low end."""
LYRICS = """[verse]
Morning paints the quiet street
Window glass and gentle heat

[chorus]
Hold the light and let it grow
Somewhere better we will go
"""


TRIED = tuple(genre for place, genre in enumerate(GENRES) if SOAK or genre in FEW or place % 2)
"""Half of the genres; all by ``make test-soak``."""
SOME_AND_ALL = pytest.mark.parametrize("genres", few_first(1, [(FEW,), (TRIED,)]), ids=["few", "all"])


@dataclass(frozen=True)
class Measured:
    """What one song showed."""

    tempo_error: float
    loudness_lufs: float
    true_peak_dbtp: float
    chorus_lift_lu: float
    silence_s: float
    low_end_db: float
    presence_db: float
    features: Floats


@cache
def measured(genre: str, seed: int) -> Measured:
    place = GENRES.index(genre)
    request = MusicRequest(
        prompt=genre, lyrics=LYRICS, genre=genre, seed=seed, duration_s=DURATION_S, tempo_bpm=TEMPI[genre],
        key=("A minor", "G major", "D minor")[place % 3], voice=("female", "male", "duet",
            "female")[place % 4], energy=6,
    )  # fmt: skip
    audio = SketchComposer().compose(request, lambda *_: None)
    samples, rate_hz = audio.samples, audio.rate_hz
    end = round(audio.sections[-1].end_s * rate_hz)
    return Measured(
        tempo_error(tempo_bpm(samples, rate_hz), audio.tempo_bpm or 0.0),
        loudness_lufs(samples, rate_hz),
        true_peak_dbtp(samples),
        min(section_lufs(audio, "chorus")) - max(section_lufs(audio, "verse")),
        longest_silence_s(samples[:, :end], rate_hz),
        low_end_db(samples, rate_hz),
        presence_db(audio),
        features(samples, rate_hz),
    )


def section_lufs(audio: Audio, kind: str) -> Iterator[float]:
    for span in audio.sections:
        if span.kind == kind:
            inside = slice(round(span.start_s * audio.rate_hz), round(span.end_s * audio.rate_hz))
            yield loudness_lufs(audio.samples[:, inside], audio.rate_hz)


def presence_db(audio: Audio) -> float:
    """How far the lead voice stands over the band from 1 to 4 kHz, over the lines that are sung."""
    centres = 1000.0 * 2.0 ** (np.arange(0, 7) / 3.0)
    band = np.sum([stem for name, stem in audio.stems.items() if name not in ("vocals", "backing")], axis=0)
    levels = []
    for samples in (audio.stems["vocals"], band):
        sung = [
            samples[:, round(line.start_s * audio.rate_hz) : round(line.end_s * audio.rate_hz)]
            for line in audio.lines
        ]
        levels.append(
            np.sum(10 ** (third_octaves_db(np.concatenate(sung, axis=1), audio.rate_hz, centres) / 10))
        )
    return float(10 * np.log10(levels[0] / levels[1]))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("genre", short_if(FEW.__contains__, TRIED))
def test_every_song_is_mastered_well(genre: str, seed: int) -> None:
    song = measured(genre, seed)
    assert song.loudness_lufs == pytest.approx(-14.0, abs=0.5)
    assert song.true_peak_dbtp <= -1.0
    assert song.chorus_lift_lu >= 3.0
    assert song.silence_s <= 2.0
    if genre not in NOT_BANDS:
        assert 6.0 <= song.low_end_db <= 12.0


@SOME_AND_ALL
def test_the_measured_tempo_is_the_written_one(genres: Sequence[str]) -> None:
    songs = [measured(genre, seed) for genre in genres for seed in SEEDS]
    right = sum(song.tempo_error <= 0.01 for song in songs)
    assert right >= 0.95 * len(songs)


@SOME_AND_ALL
def test_the_voice_stands_over_the_band(genres: Sequence[str]) -> None:
    stands = [measured(genre, seed).presence_db for genre in genres for seed in SEEDS]
    assert np.median(stands) >= 1.0
    assert min(stands) >= -2.0


@SOME_AND_ALL
def test_genres_differ_more_than_seeds_of_one_genre(genres: Sequence[str]) -> None:
    """Measure: the mean distance between two songs of different genres against that between two of one genre.

    Requests of one genre differ in nothing but the seed; features are scaled to unit deviation.
    """
    between, within = spread([np.stack([measured(g, s).features for s in SEEDS]) for g in genres])
    assert between > 1.3 * within
