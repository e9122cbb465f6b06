"""A chat model as the writer, on a tiny checkpoint: it knows nothing; its plans are whole all the same."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled, EngineUnavailable, InvalidRequest
from lyrics.contract import GENRES, MOODS, WRITERS, PlanRequest, SongPlan, Writer
from lyrics.qwen.grammar import METRES, SECTIONS, sections_for
from lyrics.qwen.prompts import messages
from tests.tiny import musicgen, qwen

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)

OWN = '[verse]\n  Mine,  as it is\t\n\n\nand “so”\r\n[chorus]\nla \\ "la" \u00e9\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return qwen(tmp_path_factory.mktemp("qwen"))


@pytest.fixture(scope="module")
def writer(folder: Path) -> Writer:
    return WRITERS.load("qwen", EngineOptions(model=str(folder), precision="fp32"))


def request(seed: int = 1, **more: object) -> PlanRequest:
    return PlanRequest.model_validate({"description": "a song", "duration_s": 10.0, "seed": seed} | more)


def plan(writer: Writer, seed: int = 1, **more: object) -> SongPlan:
    return writer.plan(request(seed, **more), ignore_progress)


def checked(found: SongPlan) -> None:
    """What a plan of this engine promises beyond the contract's own bounds."""
    SongPlan.model_validate(found.model_dump())
    assert found.genre in GENRES
    assert found.mood in MOODS
    assert found.metre in METRES
    assert re.fullmatch(r"[A-G][#b]? (major|minor|dorian|mixolydian|phrygian|lydian)", found.key)
    assert re.fullmatch("[a-z]{2}", found.language)
    assert 3 <= len(found.tags) <= 6
    assert found.title == " ".join(found.title.split())
    assert len(found.cover_prompt) >= 10


def test_forty_plans_of_random_weights_are_all_whole(writer: Writer) -> None:
    plans = [plan(writer, seed) for seed in range(40)]
    for found in plans:
        checked(found)
        tags = re.findall(r"(?m)^\[([a-z-]+)\]$", found.lyrics)
        assert 1 <= len(tags) <= sections_for(10.0)
        assert set(tags) <= set(SECTIONS)
    assert len({found.title for found in plans}) == 40
    assert len({found.genre for found in plans}) > 5


def test_the_seed_and_the_wish_decide_and_nothing_else(writer: Writer) -> None:
    first = plan(writer)
    assert plan(writer) == first
    assert plan(writer, seed=2) != first
    assert plan(writer, description="another song") != first
    assert plan(writer, lyrics_about="the sea") != first


def test_own_lyrics_stay_as_they_are_to_the_byte(writer: Writer) -> None:
    found = plan(writer, lyrics=OWN)
    checked(found)
    assert found.lyrics == OWN
    assert found.voice != "none"


def test_an_instrumental_has_neither_lyrics_nor_a_voice(writer: Writer) -> None:
    found = plan(writer, instrumental=True)
    checked(found)
    assert found.lyrics == ""
    assert found.voice == "none"


def test_progress_only_rises_and_ends_at_one(writer: Writer) -> None:
    seen: list[float] = []
    writer.plan(request(), lambda _, fraction: seen.append(fraction))
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 1.0)
    assert len(seen) > 200


def test_a_cancelled_plan_stops_within_a_token_and_the_next_is_as_ever(writer: Writer) -> None:
    expected, told = plan(writer), []

    def stop(_: str, fraction: float) -> None:
        told.append(fraction)
        if len(told) == 50:
            raise Cancelled

    with pytest.raises(Cancelled):
        writer.plan(request(), stop)
    assert len(told) == 50
    assert plan(writer) == expected


def test_plans_of_several_threads_are_what_they_are_alone(writer: Writer) -> None:
    alone = [plan(writer, seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda seed: plan(writer, seed), range(4))) == alone


def test_the_model_is_told_what_the_user_said() -> None:
    (_, said) = messages(request(description="slow folk", lyrics_about="leaving home", duration_s=60.0))
    assert "slow folk" in said["content"]
    assert "leaving home" in said["content"]
    assert "5 sections" in said["content"]
    (_, said) = messages(request(lyrics=OWN))
    assert OWN in said["content"]


def test_what_does_not_do_says_what_to_do(writer: Writer, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="say something about the song"):
        plan(writer, description=" \n")
    with pytest.raises(EngineUnavailable, match="not a chat model") as caught:
        WRITERS.load("qwen", EngineOptions(model=str(musicgen(tmp_path))))
    assert "\n" not in str(caught.value)
    with pytest.raises(EngineUnavailable, match="SONGWRIGHT_COMMERCIAL"):
        WRITERS.load("qwen", EngineOptions(model=str(folder), commercial=True))
