from __future__ import annotations

import itertools
import re

import pytest

from music.sketch.form import Form, plan_form
from music.sketch.theory import METRES
from music.sketch.verses import parse
from tests.music.songbook import LYRICS


def planned(lyrics: str, duration_s: float, tempo_bpm: float = 110.0, *, fixed: bool = False) -> Form:
    return plan_form(
        parse(lyrics), duration_s=duration_s, tempo_bpm=tempo_bpm, tempo_fixed=fixed, beats_per_bar=4.0
    )


@pytest.mark.parametrize("tempo_bpm", [60.0, 97.3, 174.0])
@pytest.mark.parametrize("duration_s", [5.0, 7.3, 31.7, 180.0, 599.9])
def test_the_sections_fill_the_song_up_to_the_tail(duration_s: float, tempo_bpm: float) -> None:
    form = planned(LYRICS, duration_s, tempo_bpm, fixed=True)
    assert sum(section.bars for section in form.sections) == form.bars
    assert form.bars * 240.0 / form.tempo_bpm + form.tail_s == pytest.approx(duration_s)
    assert all(section.bars > 0 for section in form.sections)


def test_lines_lie_one_after_another_inside_their_section() -> None:
    for section in planned(LYRICS, 180.0).sections:
        ends = 0.0
        for line in section.lines:
            assert line.start_bar == ends
            ends += line.bars
        assert ends <= section.bars


def test_sections_that_are_only_played_are_kept_where_they_were_written() -> None:
    form = planned(
        "[intro]\n[verse]\nOne line to sing\n[solo]\n[chorus]\nAnother line\n[outro]\nBye now", 90.0
    )
    kinds = [section.kind for section in form.sections]
    assert kinds[0] == "intro"
    assert kinds[-1] == "outro"
    assert kinds.count("intro") == kinds.count("outro") == 1
    assert kinds.index("verse") < kinds.index("instrumental") < kinds.index("chorus")


def test_a_long_song_with_few_words_comes_back_to_its_chorus_between_breaks_of_many_kinds() -> None:
    form = planned(LYRICS, 600.0)
    longest = max(section.bars * 240.0 / form.tempo_bpm for section in form.sections)
    assert longest < 45.0
    assert len({section.kind for section in form.sections}) >= 6
    assert sum(section.kind == "chorus" for section in form.sections) >= 6


def test_a_verse_alone_still_fills_a_long_song() -> None:
    form = planned("Only one line to sing\nand another one like it", 300.0)
    assert sum(len(section.lines) for section in form.sections) == 2
    assert max(section.bars for section in form.sections) <= 24


def test_the_last_chorus_is_the_fullest_and_the_second_verse_fuller_than_the_first() -> None:
    sections = planned(LYRICS, 180.0).sections
    verses = [section.energy for section in sections if section.kind == "verse"]
    choruses = [section.energy for section in sections if section.kind == "chorus"]
    assert verses == sorted(verses)
    assert verses[0] < verses[-1] < choruses[0] < choruses[-1]


def test_a_bar_longer_than_the_song_doubles_the_tempo_and_says_so() -> None:
    form = plan_form([], duration_s=5.0, tempo_bpm=40.0, tempo_fixed=True, beats_per_bar=6.0)
    assert form.tempo_bpm == 80.0
    assert "80" in form.warnings[0]


def test_one_line_that_is_left_out_is_one() -> None:
    lines = "\n".join(["Seven syllables go here"] * 12)
    for duration_s in range(10, 40):
        form = planned(lines, float(duration_s))
        left_out = 12 - sum(len(section.lines) for section in form.sections)
        assert bool(form.warnings) == bool(left_out)
        if left_out == 1:
            assert "last line of the lyrics does not" in form.warnings[0]


@pytest.mark.parametrize("lyrics", [LYRICS, ""], ids=["sung", "played"])
@pytest.mark.parametrize("metre", list(METRES))
def test_every_metre_fills_every_length_at_every_tempo(metre: str, lyrics: str) -> None:
    """A named tempo is kept and another moves by 4% at most, unless one bar is longer than the song."""
    blocks, beats = parse(lyrics), METRES[metre]
    for duration_s, tempo_bpm, fixed in itertools.product(
        (5.0, 7.3, 30.0, 95.5, 180.0, 600.0), (40.0, 60.0, 100.0, 174.0, 220.0), (True, False)
    ):
        form = plan_form(
            blocks, duration_s=duration_s, tempo_bpm=tempo_bpm, tempo_fixed=fixed, beats_per_bar=beats
        )
        bar_s = beats * 60.0 / form.tempo_bpm
        assert sum(section.bars for section in form.sections) == form.bars
        assert form.bars * bar_s + form.tail_s == pytest.approx(duration_s)
        assert 0.5 <= form.tail_s <= max(8.0, bar_s)
        if not any("doubled" in warning for warning in form.warnings):
            assert form.tempo_bpm == pytest.approx(tempo_bpm, rel=0.0 if fixed else 0.0401)
        else:
            assert beats * 60.0 / tempo_bpm > duration_s - 0.5


@pytest.mark.parametrize("metre", list(METRES))
def test_the_length_that_a_warning_names_really_holds_all_lines(metre: str) -> None:
    blocks = parse(LYRICS)
    for duration_s, tempo_bpm, fixed in itertools.product(
        (5.0, 7.3, 30.0), (40.0, 60.0, 100.0, 220.0), (True, False)
    ):

        def warned(seconds: float, *, bpm: float = tempo_bpm, fixed: bool = fixed) -> str:
            form = plan_form(
                blocks, duration_s=seconds, tempo_bpm=bpm, tempo_fixed=fixed, beats_per_bar=METRES[metre]
            )
            return " ".join(warning for warning in form.warnings if "lyrics" in warning)

        found = re.search(r": (\d+) s hold all", warned(duration_s))
        if found:
            assert float(found[1]) > duration_s
            assert not warned(float(found[1]))
