from __future__ import annotations

import itertools

import pytest

from music.sketch.timing import section_spans, timed_lines
from tests.music.songbook import score_of


@pytest.mark.parametrize("voice", ["female", "duet", "choir"])
def test_words_are_timed_by_their_first_vowel(voice: str) -> None:
    score = score_of(voice=voice)
    lines = timed_lines(score)
    assert [line.text for line in lines] == [line.text for line in score.lines]
    lead = [note for part in score.vocals if part.role == "lead" for note in part.notes]
    for number, line in enumerate(lines):
        assert tuple(word.text for word in line.words) == score.lines[number].words
        for place, word in enumerate(line.words):
            onsets = [note.start for note in lead if (note.line, note.word) == (number, place)]
            assert word.start_s == pytest.approx(score.seconds(min(onsets)))
            assert word.end_s > word.start_s
    assert all(a.start_s < b.start_s for a, b in itertools.pairwise(lines))


def test_a_word_without_a_sound_stands_at_the_end_of_the_one_before() -> None:
    score = score_of(lyrics="[verse]\nStay - with me\n[chorus]\n♪ Oh stay", duration_s=30.0)
    stay, dash, _, _ = timed_lines(score)[0].words
    assert dash.text == "-"
    assert dash.start_s == dash.end_s == stay.end_s
    dash, oh, _ = timed_lines(score)[1].words
    assert dash.start_s == oh.start_s


def test_sections_cover_the_song_without_a_gap() -> None:
    score = score_of(duration_s=95.5)
    spans = section_spans(score)
    assert spans[0].start_s == 0.0
    assert spans[-1].end_s == 95.5
    assert all(a.end_s == b.start_s for a, b in itertools.pairwise(spans))
