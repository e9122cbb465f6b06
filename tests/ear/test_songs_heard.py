"""What an ear hears of whole songs: their words, their notes, when vowels begin, and the voice over the band.

``make test`` listens to one song of each voice, ``make test-all`` to one of each genre, ``make test-soak`` to
all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from config.engine import ignore_progress
from lyrics.contract import VOICE_TAGS
from music.sketch.engine import SketchComposer
from tests.ear.balance import voice_over_band_db
from tests.ear.ears import Heard, heard
from tests.ear.songs import FEW, HEARD, SONGS, Song, request_of
from tests.long import few_first, short_if

ON_STEM, ON_EACH_STEM = 0.90, 0.76
"""Measured: 0.915, and 0.817 for the song that is understood least. What is understood of a single song moves
by some 0.05 with the processor, whose kernels round otherwise."""
IN_MIX, IN_EACH_MIX = 0.82, 0.65
"""Measured: 0.857 and 0.722."""
IN_TUNE = IN_TIME = 0.95
OVER_BAND_DB = (1.0, 4.0)

FOUR = tuple(song for song in SONGS if song.name in FEW)
SOME_AND_ALL = pytest.mark.parametrize("songs", few_first(1, [(FOUR,), (HEARD,)]), ids=["few", "all"])
EACH = pytest.mark.parametrize("song", short_if(FOUR.__contains__, HEARD), ids=[song.name for song in HEARD])


def test_the_songs_are_of_twelve_genres_and_each_voice_sings_several() -> None:
    requests = [request_of(song) for song in SONGS]
    assert len(SONGS) == 24
    assert len({request.genre for request in requests}) == 12
    assert all(60.0 <= request.duration_s <= 90.0 for request in requests)
    voices = Counter(request.voice for request in requests)
    assert all(voices[voice] >= 4 for voice in VOICE_TAGS if voice != "none")
    assert len({request_of(song).genre for song in HEARD}) == 12
    assert {request_of(song).voice for song in FOUR} == set(VOICE_TAGS) - {"none"}
    assert 6 <= sum(bool(song.lyrics) for song in SONGS) <= 12


@EACH
def test_the_words_of_each_song_are_understood(song: Song, kept: Path) -> None:
    found = heard(song, kept)
    assert found.on_stem >= ON_EACH_STEM
    assert found.in_mix >= IN_EACH_MIX


@SOME_AND_ALL
def test_the_words_are_understood_on_the_stem_and_in_the_mix(songs: Sequence[Song], kept: Path) -> None:
    every = [heard(song, kept) for song in songs]
    assert np.mean([found.on_stem for found in every]) >= ON_STEM
    assert np.mean([found.in_mix for found in every]) >= IN_MIX


@SOME_AND_ALL
def test_the_voice_keeps_to_the_written_notes(songs: Sequence[Song], kept: Path) -> None:
    every = [heard(song, kept) for song in songs]
    assert min(found.frames for found in every) >= 120
    assert _pooled(every, "in_tune", "frames") >= IN_TUNE


@SOME_AND_ALL
def test_vowels_begin_when_they_are_written(songs: Sequence[Song], kept: Path) -> None:
    every = [heard(song, kept) for song in songs]
    assert min(found.vowels for found in every) >= 8
    assert _pooled(every, "in_time", "vowels") >= IN_TIME


@EACH
def test_the_voice_stands_a_little_over_the_band_while_it_sings(song: Song, kept: Path) -> None:
    least, most = OVER_BAND_DB
    assert least <= heard(song, kept).over_band_db <= most


@pytest.mark.parametrize("name", short_if("rock-f".__eq__, ["rock-f", "folk-m", "synthwave-f"]))
def test_a_man_and_a_woman_stand_alike_over_the_band_of_one_song(name: str) -> None:
    song = next(each for each in SONGS if each.name == name)
    request = request_of(replace(song, duration_s=40.0))
    stands = []
    for voice in ("female", "male"):
        audio = SketchComposer().compose(request.model_copy(update={"voice": voice}), ignore_progress)
        stands.append(voice_over_band_db(audio.stems, audio.rate_hz, audio.lines))
    assert stands[0] == pytest.approx(stands[1], abs=1.5)
    assert all(OVER_BAND_DB[0] <= each <= OVER_BAND_DB[1] for each in stands)


def _pooled(every: Sequence[Heard], share: str, count: str) -> float:
    shares, counts = ([getattr(found, name) for found in every] for name in (share, count))
    return float(np.average(shares, weights=counts))
