"""What the embedded composer changes of a song, and what it keeps."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from config.engine import ignore_progress
from config.errors import InvalidRequest
from music.changes.joins import FADE_S, PICKUP_S
from music.contract import Audio, Change, Changer, MusicRequest, Source
from music.sketch.engine import SketchComposer
from tests.music.analysis import true_peak_dbtp
from tests.music.joins import spectral_distance_db, step_over_level, usual_distance_db

RATE_HZ = 44_100
WORDS = """[verse]
Morning paints the quiet street
Window glass and gentle heat

[chorus]
Hold the light and let it grow
Somewhere better we will go
"""
OTHER = "[verse]\nEvening brings a colder wind\nI forgot where we begin"
SONGS = {
    "pop": {"genre": "pop", "tempo_bpm": 110.0, "voice": "female"},
    "jazz waltz": {"genre": "jazz", "tempo_bpm": 130.0, "metre": "3/4", "voice": "male"},
    "ambient": {"genre": "ambient", "tempo_bpm": 70.0, "lyrics": ""},
}


@cache
def request(name: str) -> MusicRequest:
    fields = {"prompt": name, "lyrics": WORDS, "seed": 3, "duration_s": 40.0} | SONGS[name]
    return MusicRequest.model_validate(fields)


@cache
def song(name: str) -> Audio:
    return SketchComposer().compose(request(name), ignore_progress)


def source_of(audio: Audio, made_of: MusicRequest | None = None) -> Source:
    return Source(
        audio.samples, audio.rate_hz, audio.tempo_bpm, audio.key, audio.metre, audio.lines, audio.sections,
        audio.stems, audio.midi, made_of,
    )  # fmt: skip


def changed(name: str, task: str, words: str = "", **change: object) -> Audio:
    asked = {"task": task, "lyrics": words, "change": Change.model_validate(change)}
    return SketchComposer().change(
        request(name).model_copy(update=asked), source_of(song(name), request(name)), ignore_progress
    )


def bar_s(name: str) -> float:
    beats = 3.0 if song(name).metre == "3/4" else 4.0
    return beats * 60.0 / (song(name).tempo_bpm or 0.0)


def join_at(bar_line_s: float) -> int:
    return round((bar_line_s - PICKUP_S) * RATE_HZ)


def assert_the_join_is_not_heard(audio: Audio, name: str, at_s: float) -> None:
    assert step_over_level(audio.samples, audio.rate_hz, at_s) <= 1.0
    usual = usual_distance_db(song(name).samples, RATE_HZ, bar_s(name), at_s)
    assert spectral_distance_db(audio.samples, audio.rate_hz, at_s) <= 1.5 * usual


def assert_it_is_a_whole_song(audio: Audio, seconds: float) -> None:
    assert audio.samples.shape == (2, round(seconds * RATE_HZ))
    assert np.abs(sum(audio.stems.values()) - audio.samples).max() < 1e-4
    assert audio.loudness_lufs == pytest.approx(-14.0, abs=1.0)
    assert true_peak_dbtp(audio.samples) <= -1.0
    assert audio.sections[0].start_s == 0.0
    assert audio.sections[-1].end_s == pytest.approx(seconds, abs=0.02)
    for one, after in pairwise(audio.sections):
        assert one.end_s == pytest.approx(after.start_s, abs=0.02)
        assert one.end_s - one.start_s > 0.1
    starts = [line.start_s for line in audio.lines]
    assert starts == sorted(starts)


def test_the_engine_says_what_it_can_change() -> None:
    assert isinstance(SketchComposer(), Changer)
    assert SketchComposer.info.tasks == ("extend", "repaint", "remix", "resing")


@pytest.mark.parametrize("name", SONGS)
def test_a_repainted_span_is_new_and_the_rest_is_kept_to_the_sample(name: str) -> None:
    bar = bar_s(name)
    audio = changed(name, "repaint", OTHER if song(name).lines else "", start_s=3.9 * bar, end_s=8.2 * bar)
    start, end = join_at(4 * bar), join_at(8 * bar)
    kept = song(name).samples
    assert np.array_equal(audio.samples[:, :start], kept[:, :start])
    assert np.array_equal(audio.samples[:, end:], kept[:, end:])
    fade = round(FADE_S * RATE_HZ)
    assert (
        np.abs(audio.samples[:, start + fade : end - fade] - kept[:, start + fade : end - fade]).mean() > 0.01
    )
    assert_it_is_a_whole_song(audio, 40.0)
    for at_s in (start / RATE_HZ, end / RATE_HZ):
        assert_the_join_is_not_heard(audio, name, at_s)


def test_the_words_of_a_repainted_span_take_the_place_of_those_before() -> None:
    verse = next(section for section in song("pop").sections if section.kind == "verse")
    audio = changed("pop", "repaint", OTHER, start_s=verse.start_s, end_s=verse.end_s)
    before = [line.text for line in song("pop").lines]
    assert [line.text for line in audio.lines] == [*OTHER.splitlines()[1:], *before[2:]]
    assert [each.kind for each in audio.sections] == [each.kind for each in song("pop").sections]


@pytest.mark.parametrize("name", SONGS)
def test_a_song_goes_on_from_where_it_began_to_end(name: str) -> None:
    audio = changed(name, "extend", OTHER if song(name).lines else "", by_s=25.0)
    join_s = audio.duration_s - 25.0
    start = join_at(join_s)
    assert join_s / bar_s(name) == pytest.approx(round(join_s / bar_s(name)), abs=0.01)
    assert join_s > 0.6 * 40.0
    assert np.array_equal(audio.samples[:, :start], song(name).samples[:, :start])
    assert_it_is_a_whole_song(audio, audio.duration_s)
    assert_the_join_is_not_heard(audio, name, start / RATE_HZ)
    sung = [line.text for line in audio.lines if line.start_s > join_s - PICKUP_S]
    assert sung == (OTHER.splitlines()[1:] if song(name).lines else [])


def test_a_song_goes_on_from_a_second_or_before_its_beginning() -> None:
    bar = bar_s("pop")
    cut = changed("pop", "extend", OTHER, start_s=5.1 * bar, by_s=20.0)
    start = join_at(5 * bar)
    assert cut.samples.shape[1] == round((5 * bar + 20.0) * RATE_HZ)
    assert np.array_equal(cut.samples[:, :start], song("pop").samples[:, :start])
    before = changed("pop", "extend", "", by_s=4.2 * bar, before=True)
    added = round(4 * bar * RATE_HZ)
    assert np.array_equal(before.samples[:, added:], song("pop").samples)
    assert_it_is_a_whole_song(before, (added + song("pop").samples.shape[1]) / RATE_HZ)
    assert before.lines[0].start_s == pytest.approx(song("pop").lines[0].start_s + 4 * bar, abs=0.001)


def test_a_change_can_be_changed_and_made_again_bit_by_bit() -> None:
    first = changed("pop", "extend", OTHER, by_s=20.0)
    asked = request("pop").model_copy(
        update={"task": "repaint", "lyrics": OTHER, "change": Change(start_s=35.0, end_s=45.0)}
    )
    twice = [SketchComposer().change(asked, source_of(first), ignore_progress).samples for _ in range(2)]
    assert np.array_equal(*twice)
    assert twice[0].shape == first.samples.shape


def test_a_recording_at_another_rate_keeps_its_rate_and_samples() -> None:
    rng = np.random.default_rng(1)
    hiss = (0.05 * rng.standard_normal((2, 20 * 48_000))).astype(np.float32)
    asked = request("pop").model_copy(update={"task": "repaint", "change": Change(start_s=4.0, end_s=8.0)})
    audio = SketchComposer().change(asked, Source(hiss, 48_000, tempo_bpm=120.0), ignore_progress)
    assert audio.rate_hz == 48_000
    for kept in (slice(0, round(3.9 * 48_000)), slice(round(7.9 * 48_000), None)):
        assert np.array_equal(audio.samples[:, kept], hiss[:, kept])
    assert audio.stems == {}


@pytest.mark.parametrize(
    ("task", "change", "field", "fix"),
    [
        ("repaint", {"start_s": 41.0, "end_s": 45.0}, "start_s", "the song has 40.0 s"),
        (
            "repaint",
            {"start_s": 10.0, "end_s": 45.0},
            "end_s",
            "between start_s, 10, and the song's end, 40.0",
        ),
        ("repaint", {"start_s": 10.0, "end_s": 9.0}, "end_s", "between start_s, 10"),
        ("repaint", {"start_s": 10.0, "end_s": 11.0}, "end_s", "a bar at the least, which has 2.20 s"),
        ("repaint", {"start_s": 10.0}, "start_s", "name the span to replace"),
        ("extend", {}, "by_s", "by how many seconds"),
        ("extend", {"by_s": 2.0}, "by_s", "a bar and an ending take 3.8 s"),
        ("extend", {"by_s": 20.0, "start_s": 0.3}, "start_s", "for more before it, send before: true"),
    ],
)
def test_what_cannot_be_changed_is_said(task: str, change: dict[str, float], field: str, fix: str) -> None:
    with pytest.raises(InvalidRequest, match=fix) as refused:
        changed("pop", task, OTHER, **change)
    assert refused.value.field == field


def test_a_recording_whose_tempo_is_not_known_is_refused() -> None:
    hiss = np.full((2, 480_000), 0.1, np.float32)
    asked = request("pop").model_copy(update={"task": "repaint", "change": Change(start_s=4.0, end_s=8.0)})
    with pytest.raises(InvalidRequest, match="its tempo is not known"):
        SketchComposer().change(asked, Source(hiss, 48_000), ignore_progress)
