"""What every embedded writer promises; a model is held to its part on a tiny checkpoint, in ``test_qwen``."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.engine import ignore_progress
from config.errors import Cancelled
from lyrics.contract import WRITERS, PlanRequest, SongPlan, Writer

LYRICS = "Walking  home,\r\n\tin the rain\n\n[chorus]\nÑandú 雨\n"


EMBEDDED = ["sketch"]


@pytest.fixture(params=EMBEDDED)
def writer(request: pytest.FixtureRequest) -> Writer:
    return WRITERS.load(request.param)


def plan(writer: Writer, **fields: object) -> SongPlan:
    return writer.plan(PlanRequest.model_validate({"seed": 1} | fields), ignore_progress)


def test_a_description_becomes_a_whole_plan(writer: Writer) -> None:
    made = plan(writer, description="a slow folk song about the sea")
    assert made.title
    assert made.lyrics
    assert 3 <= len(made.categories) <= 5
    assert made.cover_prompt
    assert made.tags


def test_own_lyrics_are_kept_to_the_byte(writer: Writer) -> None:
    assert plan(writer, description="punk", lyrics=LYRICS).lyrics == LYRICS


def test_described_lyrics_take_theme_from_one_text_and_style_from_the_other(writer: Writer) -> None:
    made = plan(
        writer, description="rave, funk, 140BPM, disco", lyrics_about="lyrics about summer nights and dancing"
    )
    assert made.tempo_bpm == 140.0
    assert made.tempo_fixed
    assert "summer" in made.lyrics.lower()


def test_an_instrumental_has_no_words(writer: Writer) -> None:
    made = plan(writer, description="an ambient song about rain", instrumental=True)
    assert made.lyrics == ""
    assert made.voice == "none"


def test_the_same_request_gives_the_same_plan_and_another_seed_another(writer: Writer) -> None:
    assert plan(writer, description="a song about owls") == plan(writer, description="a song about owls")
    assert plan(writer, description="a song about owls") != plan(
        writer, description="a song about owls", seed=2
    )


def test_progress_only_rises_and_ends_at_one(writer: Writer) -> None:
    fractions: list[float] = []
    writer.plan(
        PlanRequest(description="a song", seed=1), lambda _stage, fraction: fractions.append(fraction)
    )
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_a_caller_who_has_gone_stops_it(writer: Writer) -> None:
    def gone(_stage: str, _fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        writer.plan(PlanRequest(description="a song", seed=1), gone)


@pytest.mark.parametrize("description", ["🎉🎂", "雨の夜", "песня о море", "؟؟", "...", "zz"])
def test_a_description_that_names_nothing_readable_is_said(writer: Writer, description: str) -> None:
    made = plan(writer, description=description)
    assert made.lyrics
    assert made.warnings or description == "zz"


@settings(derandomize=True, deadline=None, max_examples=150)
@given(st.text(max_size=300), st.sampled_from([5.0, 30.0, 180.0, 600.0]), st.integers(0, 2**63 - 1))
def test_no_description_breaks_it(description: str, duration_s: float, seed: int) -> None:
    for name in EMBEDDED:
        made = WRITERS.load(name).plan(
            PlanRequest(description=description, duration_s=duration_s, seed=seed), ignore_progress
        )
        assert SongPlan.model_validate_json(made.model_dump_json()) == made


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.text(max_size=200))
def test_no_lyrics_or_theme_break_it(text: str) -> None:
    for name in EMBEDDED:
        writer = WRITERS.load(name)
        assert plan(writer, description="pop", lyrics=text).lyrics == text or not text.strip()
        plan(writer, description="pop", lyrics_about=text)
