"""Joins with a part that begins and ends with a rendition of what is kept, as a model makes it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from config.engine import ignore_progress
from music.changes.joins import FADE_S, PICKUP_S, matched, replaced
from music.changes.places import Place, extended, place_in, song_with
from music.contract import Change, MusicRequest, Samples, SectionSpan, Source, TimedLine, TimedWord
from music.levels.meter import loudness
from music.sketch.engine import SketchComposer
from tests.music.analysis import true_peak_dbtp
from tests.music.joins import spectral_distance_db, step_over_level, usual_distance_db

RATE_HZ = 44_100


def noise(seed: int, seconds: float = 2.0) -> Samples:
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal((2, round(seconds * RATE_HZ)))).astype(np.float32)


def joined(kept: Samples, new: Samples, *, continues: bool = True) -> Samples:
    return replaced(kept, new, RATE_HZ // 2, rate_hz=RATE_HZ, opens=True, closes=True, continues=continues)


def test_a_part_that_is_what_is_kept_leaves_no_trace() -> None:
    kept = noise(1)
    assert np.abs(joined(kept, kept[:, RATE_HZ // 2 : RATE_HZ]) - kept).max() < 1e-6
    risen = joined(kept, kept[:, RATE_HZ // 2 : RATE_HZ], continues=False) - kept
    assert np.abs(risen).max() > 0.1  # an equal-power fade of the same sound is louder in its middle


@pytest.mark.parametrize("alike", [0.0, 0.3, 0.7, 1.0])
def test_the_level_stays_the_same_through_a_join_however_alike_the_two_are(alike: float) -> None:
    kept = noise(1, 4.0)
    other = np.float32(alike) * kept + np.float32(np.sqrt(1.0 - alike * alike)) * noise(2, 4.0)
    out = joined(kept, other[:, RATE_HZ // 2 : RATE_HZ])
    for start in (RATE_HZ // 2, RATE_HZ - round(FADE_S * RATE_HZ)):
        for part in np.array_split(out[:, start : start + round(FADE_S * RATE_HZ)], 4, axis=1):
            assert 20.0 * np.log10(part.std() / 0.1) == pytest.approx(0.0, abs=0.4)


def test_a_part_is_as_loud_as_the_song_by_what_it_makes_of_it_and_its_peaks_are_held() -> None:
    kept = noise(1, 4.0)
    made = np.float32(0.6) * np.concatenate([kept, np.float32(5.0) * noise(2, 4.0)], axis=1)
    louder = matched(made, made[:, : kept.shape[1]], kept, RATE_HZ)
    assert loudness(louder[:, :RATE_HZ], RATE_HZ) == pytest.approx(
        loudness(kept[:, :RATE_HZ], RATE_HZ), abs=0.1
    )
    assert true_peak_dbtp(louder) <= -1.0
    silence = np.zeros_like(kept)
    assert np.array_equal(matched(kept, silence, kept, RATE_HZ), kept)


def test_a_song_that_goes_on_after_a_models_rendition_of_it_has_no_join_to_be_heard() -> None:
    """The rendition is as an EnCodec's: without the highest frequencies, in part noise, and softer. What
    follows is the song's own next bars."""
    request = MusicRequest(
        prompt="pop", seed=3, duration_s=30.0, genre="pop", tempo_bpm=120.0, tempo_fixed=True
    )
    song = SketchComposer().compose(request, ignore_progress)
    source = Source(song.samples, RATE_HZ, song.tempo_bpm, song.key, song.metre)
    cut = sosfiltfilt(butter(8, 15_500.0, fs=RATE_HZ, output="sos"), song.samples, axis=1)
    level = np.abs(cut) * np.random.default_rng(1).standard_normal(cut.shape)
    rendition = np.asarray(0.7 * (cut + 0.1 * level), np.float32)
    for start_s in (8.0, 14.0, 20.0):
        place = extended(Change(start_s=start_s, by_s=8.0), source)
        first = round(place.join_s * RATE_HZ)
        part = matched(rendition, rendition[:, :first], song.samples[:, :first], RATE_HZ)[:, first:]
        audio = song_with(source, place_in(source, part, place), place)
        assert np.array_equal(audio.samples[:, :first], song.samples[:, :first])
        join_s = start_s - PICKUP_S
        assert step_over_level(audio.samples, RATE_HZ, join_s) <= 1.0
        usual = usual_distance_db(song.samples, RATE_HZ, 2.0, join_s)
        ratio = spectral_distance_db(audio.samples, RATE_HZ, join_s) / usual
        print(f"{start_s:g} s: {ratio:.2f} x the distance between bars around")
        assert ratio <= 1.5


def test_what_was_sung_where_it_is_new_is_left_out() -> None:
    lines = tuple(TimedLine(str(n), (TimedWord(str(n), 2.0 * n, 2.0 * n + 1.0),)) for n in range(5))
    sections = (SectionSpan("verse", 0.0, 4.0), SectionSpan("outro", 4.0, 10.0))
    source = Source(noise(1, 10.0), RATE_HZ, lines=lines, sections=sections)

    def left(*places: Place) -> list[str]:
        return [line.text for line in song_with(source, source.samples, *places).lines]

    assert left(Place(2.0, 4.0, closes=True)) == ["0", "2", "3", "4"]
    assert left(Place(2.0, 4.0, closes=True), Place(8.0, 10.0)) == ["0", "2", "3"]
    assert left(Place(6.0, 12.0)) == ["0", "1", "2"]
    before = song_with(source, source.samples, Place(0.0, 3.0, before=True, closes=True), kind="intro")
    assert [line.start_s for line in before.lines] == [3.0, 5.0, 7.0, 9.0, 11.0]
    assert before.sections == (
        SectionSpan("intro", 0.0, 3.0),
        SectionSpan("verse", 3.0, 7.0),
        SectionSpan("outro", 7.0, 13.0),
    )
    assert extended(Change(by_s=5.0), source) == Place(4.0, 9.0)
