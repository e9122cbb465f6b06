from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listening.contract import HeardLine, HeardWord
from listening.matching import match
from listening.onsets import onset_s
from listening.timing import Lyrics, Sounding
from listening.voice import HEARD_HZ, Span, levels, phrases, stretches

LINES = ("one two three", "four five six", "seven eight nine")


def timed(
    heard: dict[str, float], phrases: tuple[Span, ...] = (), duration_s: float = 20.0
) -> list[HeardWord]:
    """The words of ``LINES``, of which those in ``heard`` are heard at these seconds, for 0.3 s."""
    lyrics = Lyrics(LINES, "de")
    soundings = [Sounding(word, at, at + 0.3) for word, at in heard.items()]
    lines = lyrics.timed(
        match(lyrics.sounds, [each.sounds for each in soundings]), soundings, phrases, duration_s
    )
    return [word for line in lines for word in line.words]


def test_words_that_were_not_heard_are_between_their_neighbours_and_marked() -> None:
    words = timed({"one": 1.0, "two": 1.5, "three": 2.0, "four": 4.0, "six": 5.0, "nine": 9.0})
    assert [word.text for word in words if word.interpolated] == ["five", "seven", "eight"]
    assert [word.text for word in words if not word.heard] == ["five", "seven", "eight"]
    five = words[4]
    assert 4.3 <= five.start_s < five.end_s <= 5.0
    assert 5.3 < words[6].start_s < words[7].start_s < 9.0


def test_words_stay_with_their_line_over_a_long_rest() -> None:
    words = timed(
        {"one": 1.0, "two": 1.5, "five": 12.5, "six": 13.0, "seven": 15.0, "eight": 15.5, "nine": 16.0}
    )
    assert words[2].start_s < 3.0
    assert words[3].start_s > 11.0


def test_words_that_were_not_heard_are_where_a_voice_sounds() -> None:
    sung = (Span(1.0, 2.5), Span(8.0, 9.5), Span(15.0, 16.5))
    words = timed({"one": 1.0, "two": 1.5, "three": 2.0, "seven": 15.0, "eight": 15.5, "nine": 16.0}, sung)
    assert all(8.0 <= word.start_s <= 9.5 for word in words[3:6])


def test_a_word_of_no_length_is_heard_and_has_a_guessed_time() -> None:
    lyrics = Lyrics(("one two three",), "de")
    soundings = [Sounding("one", 1.0, 1.4), Sounding("two", 2.0, 2.0), Sounding("three", 2.0, 2.4)]
    words = lyrics.timed(match(lyrics.sounds, [each.sounds for each in soundings]), soundings, (), 5.0)[
        0
    ].words
    assert [(word.heard, word.interpolated) for word in words] == [(True, False), (True, True), (True, False)]


def test_nothing_heard_has_no_times() -> None:
    assert timed({}) == []
    assert Lyrics((), "en").timed([], [], (), 10.0) == ()


@settings(max_examples=200, deadline=None)
@given(
    places=st.lists(st.integers(0, 8), unique=True, max_size=9).map(sorted),
    times=st.lists(st.floats(0.0, 60.0), min_size=9, max_size=9).map(sorted),
    lengths=st.lists(st.floats(0.0, 3.0), min_size=9, max_size=9),
    duration_s=st.floats(0.05, 60.0),
)
def test_whatever_is_heard_all_words_have_times_in_order_inside_the_song(
    places: list[int], times: list[float], lengths: list[float], duration_s: float
) -> None:
    lyrics = Lyrics(LINES, "de")
    said = " ".join(LINES).split()
    soundings = [
        Sounding(said[n], min(times[n], duration_s), min(times[n] + lengths[n], duration_s)) for n in places
    ]
    lines = lyrics.timed(match(lyrics.sounds, [each.sounds for each in soundings]), soundings, (), duration_s)
    words = [word for line in lines for word in line.words]
    assert not words or [word.text for word in words] == said
    assert all(0.0 <= word.start_s < word.end_s <= duration_s + 1e-9 for word in words)
    assert all(one.end_s <= other.start_s + 1e-9 for one, other in pairwise(words))


def test_the_lines_are_as_written() -> None:
    lyrics = Lyrics(("Carry me,", "-- oh!"), "en")
    soundings = [Sounding(each, n, n + 0.5) for n, each in enumerate(lyrics.sounds)]
    lines = lyrics.timed(match(lyrics.sounds, lyrics.sounds), soundings, (), 5.0)
    assert [line.text for line in lines] == ["Carry me,", "-- oh!"]
    assert isinstance(lines[0], HeardLine)


def sung(spans: list[tuple[float, float]], duration_s: float) -> np.ndarray:
    mono = np.zeros(round(duration_s * HEARD_HZ), np.float32)
    for start_s, end_s in spans:
        at = np.arange(round(start_s * HEARD_HZ), round(end_s * HEARD_HZ))
        mono[at] = np.sin(2 * np.pi * 220.0 * at / HEARD_HZ)
    return mono


def test_phrases_are_what_pauses_part() -> None:
    found = phrases(levels(sung([(1.0, 2.0), (2.1, 3.0), (6.0, 7.5)], 10.0)))
    assert [(round(span.start_s, 1), round(span.end_s, 1)) for span in found] == [(1.0, 3.0), (6.0, 7.5)]
    assert phrases(levels(np.zeros(HEARD_HZ, np.float32))) == []
    assert phrases(levels(np.zeros(10, np.float32))) == []


def test_a_voice_without_a_pause_is_parted_where_it_is_quietest() -> None:
    mono = sung([(0.0, 14.0)], 14.0)
    mono[round(6.0 * HEARD_HZ) : round(6.2 * HEARD_HZ)] *= 0.3
    assert phrases(levels(mono))[0].end_s == pytest.approx(6.1, abs=0.1)


def test_stretches_are_whole_phrases_that_fit_the_window_without_a_long_rest() -> None:
    spans = [Span(1.0, 9.0), Span(10.0, 20.0), Span(21.0, 31.0), Span(40.0, 45.0)]
    found = stretches(spans, 50.0)
    assert [(span.start_s, span.end_s) for span in found] == [(0.4, 20.6), (20.4, 31.6), (39.4, 45.6)]
    assert stretches([], 10.0) == []


def test_a_word_begins_where_the_voice_gets_loud() -> None:
    level_db = levels(sung([(1.0, 1.6), (2.0, 3.0)], 4.0))
    assert onset_s(level_db, 1.7, 2.8) == pytest.approx(2.0, abs=0.02)
    assert onset_s(level_db, 2.1, 2.8) == 2.1
    assert onset_s(level_db, 9.0, 9.5) == 9.0
