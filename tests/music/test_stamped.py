"""Lines with times, as of a pasted LRC file, start at these times; where they cannot, a warning says why."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyrics.contract import GENRES
from music.sketch.score import Score
from music.sketch.theory import METRES
from music.sketch.timing import section_spans, timed_lines
from tests.music.songbook import LYRICS, score_of
from tests.music.test_fitting import assert_it_can_be_sung, score_for

LINES = [line for line in LYRICS.splitlines() if line and not line.startswith("[")]
# From stamps as people make them by hand: uneven, with a long break before the bridge.
TIMES_S = (
    12.34, 16.02, 19.87, 23.41, 27.55, 31.20, 35.06, 38.91, 42.48, 46.33, 55.80, 59.61, 63.27, 67.15, 71.02,
    74.86, 78.40, 82.33, 101.76, 105.53, 113.29, 117.08, 120.95, 124.77,
)  # fmt: skip


def error_beats(score: Score, times_s: tuple[float, ...]) -> list[float]:
    return [
        abs(line.start_s - time_s) * score.tempo_bpm / 60.0
        for line, time_s in zip(timed_lines(score), times_s, strict=True)
    ]


def test_every_line_starts_within_half_a_beat_of_its_time_in_every_genre_and_metre() -> None:
    worst = 0.0
    for genre, metre, tempo_bpm in zip(
        GENRES, itertools.cycle(METRES), itertools.cycle((70.0, 97.3, 120.0, 174.0)), strict=False
    ):
        score = score_of(
            genre=genre,
            metre=metre,
            tempo_bpm=tempo_bpm,
            duration_s=150.0,
            line_times_s=TIMES_S,
            voice="duet",
        )
        assert not [warning for warning in score.warnings if "times" in warning]
        assert [line.text for line in score.lines] == LINES  # once each: no chorus comes again
        assert_it_can_be_sung(score)
        worst = max(worst, *error_beats(score, TIMES_S))
    assert worst < 0.5


@pytest.mark.parametrize("tempo_bpm", [60.0, 110.0, 180.0])
def test_without_swing_a_line_is_a_quarter_of_a_beat_from_its_time_at_most(tempo_bpm: float) -> None:
    score = score_of(genre="pop", tempo_bpm=tempo_bpm, duration_s=150.0, line_times_s=TIMES_S)
    errors = error_beats(score, TIMES_S)
    assert max(errors) <= 0.25 + 1e-6
    assert max(errors) > 0.05  # the band keeps its beat


def test_the_band_plays_in_the_gaps_and_sections_stand_where_their_lines_do() -> None:
    score = score_of(duration_s=150.0, line_times_s=TIMES_S)
    spans = section_spans(score)
    sung = [span for span in spans if span.kind not in ("intro", "interlude", "instrumental", "outro")]
    kinds = ["verse", "pre-chorus", "chorus", "verse", "chorus", "bridge", "chorus"]
    firsts = [0, 4, 6, 10, 14, 18, 20]
    assert [span.kind for span in sung] == kinds
    bar_s = 240.0 / score.tempo_bpm
    for span, first in zip(sung, firsts, strict=True):
        assert -bar_s < span.start_s - TIMES_S[first] <= bar_s / 4 + 0.2
    assert spans[0].kind == "intro"
    assert spans[-1].kind == "outro"
    between = [span.kind for span in spans if TIMES_S[17] < span.start_s < TIMES_S[18] - bar_s]
    assert between
    assert set(between) <= {"interlude", "instrumental"}
    assert all(a.end_s == b.start_s for a, b in itertools.pairwise(spans))


def test_sections_without_lines_are_the_gaps_where_they_were_written() -> None:
    lyrics = "[intro]\n[verse]\nOne line to sing\n[guitar solo]\n[verse]\nAnother line\n[outro]"
    score = score_for(lyrics, 60.0, line_times_s=(10.0, 30.0))
    kinds = [section.kind for section in score.sections]
    assert kinds[0] == "intro"
    assert kinds[-1] == "outro"
    verses = [n for n, kind in enumerate(kinds) if kind == "verse"]
    assert "instrumental" in kinds[verses[0] : verses[1]]
    assert max(error_beats(score, (10.0, 30.0))) < 0.5


def test_a_line_at_the_very_beginning_has_time_for_its_consonants() -> None:
    score = score_for("Strong winds blow\nand we go", 20.0, line_times_s=(0.0, 6.5))
    assert not score.warnings
    assert max(error_beats(score, (0.0, 6.5))) <= 0.5 + 1e-6


def test_a_line_without_a_sound_may_have_a_time_or_none() -> None:
    for times_s in ((5.0, 8.0, 11.0), (5.0, 11.0)):
        score = score_for("[verse]\nFirst line\n♪ ♪\nSecond line", 30.0, line_times_s=times_s)
        assert not score.warnings
        assert max(error_beats(score, (5.0, 11.0))) < 0.5


def test_a_line_in_parts_starts_at_its_time() -> None:
    lyrics = "Before it\n" + "la " * 100 + "\nAfter it"
    score = score_for(lyrics, 60.0, line_times_s=(4.0, 8.0, 45.0))
    assert not score.warnings
    assert [len(line.words) for line in score.lines] == [2, 50, 50, 2]
    assert [timed_lines(score)[n].start_s for n in (0, 1, 3)] == pytest.approx([4.0, 8.0, 45.0], abs=0.3)


@pytest.mark.parametrize(
    ("times_s", "why"),
    [
        ((5.0, 10.0), "they are 2 for 3 lines"),
        ((5.0, 10.0, 15.0, 20.0), "they are 4 for 3 lines"),
        ((5.0, 10.0, 10.0), "line 2 is at 10 s, and the next one at 10 s"),
        ((5.0, 4.0, 10.0), "line 1 is at 5 s, and the next one at 4 s"),
        ((5.0, 10.0, 95.2), "line 3 is at 95.2 s, and the last bar ends at"),
        ((5.0, 5.4, 10.0), "line 1 has 0.4 s and needs 0.7 s"),
        ((-1.0, 4.0, 10.0), "line 1 is at -1 s"),
        ((1.0, 4.0, float("nan")), "line 3 is at nan s"),
        ((1.0, float("inf"), 10.0), "line 2 is at inf s"),
    ],
)
def test_times_that_cannot_hold_are_not_used_and_a_warning_says_why(
    times_s: tuple[float, ...], why: str
) -> None:
    lyrics = "[verse]\nOne of us here\nTwo of us\nThree of us"
    score = score_for(lyrics, 30.0, line_times_s=times_s)
    (warning,) = score.warnings
    assert warning.startswith(f"the times of the lines are not used: {why}")
    usual = score_for(lyrics, 30.0)
    assert (score.vocals, score.sections) == (usual.vocals, usual.sections)


@given(
    times_s=st.lists(st.floats(0.0, 65.0), min_size=24, max_size=24).map(sorted),
    duration_s=st.floats(20.0, 70.0),
    tempo_bpm=st.floats(40.0, 220.0),
    metre=st.sampled_from(sorted(METRES)),
    step_s=st.floats(0.3, 3.0),
    even=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_any_times_hold_or_are_not_used(
    *, times_s: list[float], duration_s: float, tempo_bpm: float, metre: str, step_s: float, even: bool
) -> None:
    times = tuple(step_s * n for n in range(24)) if even else tuple(times_s)
    score = score_for(LYRICS, duration_s, tempo_bpm=tempo_bpm, metre=metre, line_times_s=times)
    assert_it_can_be_sung(score)
    if not any("times" in warning for warning in score.warnings):
        assert [line.text for line in score.lines] == LINES
        assert max(error_beats(score, times)) <= 0.5 + 1e-6
