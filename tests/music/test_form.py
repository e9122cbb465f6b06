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
    beat_s = 60.0 / form.tempo_bpm
    assert (4.0 * form.bars + form.extra_beats) * beat_s + form.tail_s == pytest.approx(duration_s)
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
        beat_s = 60.0 / form.tempo_bpm
        assert form.bars * bar_s + form.extra_beats * beat_s + form.tail_s == pytest.approx(duration_s)
        assert 0.0 <= form.extra_beats < beats
        assert 0.5 <= form.tail_s <= 4.5 + 1e-6
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


SHORT = """[verse]
Morning paints the quiet street
Window glass and gentle heat

[chorus]
Hold the light and let it grow
Somewhere better we will go
"""


@pytest.mark.parametrize("metre", list(METRES))
@pytest.mark.parametrize("lyrics", [LYRICS, SHORT, ""], ids=["too long", "short", "played"])
def test_half_a_minute_has_a_verse_and_a_chorus(metre: str, lyrics: str) -> None:
    blocks, beats = parse(lyrics), METRES[metre]
    for duration_s, tempo_bpm, fixed in itertools.product(
        (15.0, 22.0, 30.0, 40.0), (60.0, 75.0, 100.0, 133.0, 200.0), (True, False)
    ):
        form = plan_form(
            blocks, duration_s=duration_s, tempo_bpm=tempo_bpm, tempo_fixed=fixed, beats_per_bar=beats
        )
        kinds = [section.kind for section in form.sections if section.lines or not lyrics]
        if duration_s >= 30.0 or lyrics != LYRICS:
            assert {"verse", "chorus"} <= set(kinds)
            assert kinds.index("verse") < kinds.index("chorus")
        bar_s = beats * 60.0 / form.tempo_bpm
        chorus_s = bar_s * sum(section.bars for section in form.sections if section.kind == "chorus")
        assert chorus_s >= (0.12 if lyrics else 0.2) * duration_s or duration_s < 30.0


def test_lines_of_the_verse_make_room_for_the_chorus_and_are_counted() -> None:
    form = planned(LYRICS, 10.0, 100.0)
    sung = [(section.kind, line.line.text) for section in form.sections for line in section.lines]
    order = ["verse", "pre-chorus", "chorus"]
    assert [kind for kind, _ in sung] == sorted((kind for kind, _ in sung), key=order.index)
    verse, chorus = ([text for kind, text in sung if kind == each] for each in ("verse", "chorus"))
    lines = [line for line in LYRICS.splitlines() if line and not line.startswith("[")]
    assert verse == lines[: len(verse)]
    assert chorus == lines[6 : 6 + len(chorus)]
    assert verse
    assert chorus
    (warning,) = form.warnings
    assert warning.startswith(f"{24 - len(sung)} lines of the lyrics do not fit into 10 s beside a verse and")
    # Where no line of the chorus is lost, the last lines are, as before.
    assert planned("[verse]\n" + "Only a line\n" * 40, 20.0).warnings[0].startswith("the last ")
