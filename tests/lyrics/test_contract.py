"""What every writer promises: the sketch engine, and a chat model on a tiny checkpoint."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled
from lyrics.contract import WRITERS, PlanRequest, SongPlan, Writer
from tests.long import few_first
from tests.tiny import qwen

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)

LYRICS = "Walking  home,\r\n\tin the rain\n\n[chorus]\nÑandú 雨\n"


EMBEDDED = ["sketch"]
"""The engines that follow the request; a model with random weights does not."""


@pytest.fixture(scope="module", params=few_first(2, [*EMBEDDED, "qwen", "qwen as on a GPU"]))
def writer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Writer:
    if request.param == "sketch":
        return WRITERS.load("sketch")
    folder = qwen(tmp_path_factory.mktemp("qwen"), brisk=True)
    gpu_path = request.param != "qwen"
    return WRITERS.load("qwen", EngineOptions(model=str(folder), precision="fp32", gpu_path=gpu_path))


@pytest.fixture(params=EMBEDDED)
def embedded(request: pytest.FixtureRequest) -> Writer:
    return WRITERS.load(request.param)


def plan(writer: Writer, **fields: object) -> SongPlan:
    return writer.plan(PlanRequest.model_validate({"seed": 1} | fields), ignore_progress)


def test_an_instrumental_of_a_second_can_be_planned(writer: Writer) -> None:
    made = plan(writer, description="slow jazz", instrumental=True, duration_s=1.0)
    assert (made.lyrics, made.voice) == ("", "none")


def test_a_description_becomes_a_whole_plan(writer: Writer) -> None:
    made = plan(writer, description="a slow folk song about the sea")
    assert made.title
    assert made.lyrics
    assert 3 <= len(made.categories) <= 5
    assert made.cover_prompt
    assert made.tags


def test_own_lyrics_are_kept_to_the_byte(writer: Writer) -> None:
    assert plan(writer, description="punk", lyrics=LYRICS).lyrics == LYRICS


def test_described_lyrics_take_theme_from_one_text_and_style_from_the_other(embedded: Writer) -> None:
    made = plan(
        embedded,
        description="rave, funk, 140BPM, disco",
        lyrics_about="lyrics about summer nights and dancing",
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


def test_progress_only_rises_from_near_nothing_to_one(writer: Writer) -> None:
    fractions: list[float] = []
    writer.plan(
        PlanRequest(description="a song", seed=1), lambda _stage, fraction: fractions.append(fraction)
    )
    assert fractions == sorted(fractions)
    assert fractions[0] <= 0.05
    assert fractions[-1] == 1.0


def test_a_cancelled_plan_stops_there_and_the_next_is_as_ever(writer: Writer) -> None:
    expected, reported = plan(writer, description="a song"), []

    def stop(_stage: str, fraction: float) -> None:
        reported.append(fraction)
        raise Cancelled

    with pytest.raises(Cancelled):
        writer.plan(PlanRequest(description="a song", seed=1), stop)
    assert len(reported) == 1
    assert plan(writer, description="a song") == expected


def test_plans_of_several_threads_are_what_they_are_alone(writer: Writer) -> None:
    alone = [plan(writer, description="a song", seed=seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as threads:
        together = threads.map(lambda seed: plan(writer, description="a song", seed=seed), range(4))
        assert list(together) == alone


@pytest.mark.parametrize("description", ["🎉🎂", "雨の夜", "песня о море", "؟؟", "...", "zz"])
def test_a_description_that_names_nothing_readable_is_said(embedded: Writer, description: str) -> None:
    made = plan(embedded, description=description)
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
