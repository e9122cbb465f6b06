"""A chat model as the writer, on a tiny checkpoint: it knows nothing; its plans are whole all the same."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, Qwen2Config

from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled, EngineUnavailable, InvalidRequest
from lyrics.contract import GENRES, MOODS, WRITERS, PlanRequest, SongPlan, Writer
from lyrics.qwen.batch import drawn
from lyrics.qwen.engine import QwenWriter
from lyrics.qwen.grammar import METRES, SECTIONS, sections_for
from lyrics.qwen.prompts import messages
from lyrics.qwen.slots import Singly, Slots, slots_for
from tests.tiny import musicgen, qwen

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)

OWN = '[verse]\n  Mine,  as it is\t\n\n\nand “so”\r\n[chorus]\nla \\ "la" \u00e9\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return qwen(tmp_path_factory.mktemp("qwen"))


@pytest.fixture(scope="module")
def writer(folder: Path) -> QwenWriter:
    loaded = WRITERS.load("qwen", EngineOptions(model=str(folder), precision="fp32"))
    assert isinstance(loaded, QwenWriter)
    return loaded


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


@pytest.fixture(scope="module")
def wide(folder: Path) -> Writer:
    """One that writes many plans at a time."""

    class Wide(QwenWriter):
        together = 25

    return Wide.from_options(EngineOptions(model=str(folder), precision="fp32"))


@pytest.mark.parametrize("first", range(0, 1000, 125))
def test_a_thousand_plans_of_random_weights_are_all_whole(wide: Writer, first: int) -> None:
    kinds: list[dict[str, object]] = [{"instrumental": True}, {"lyrics": OWN}, {}, {"duration_s": 20.0}]
    wishes = [request(seed, **kinds[seed % len(kinds)]) for seed in range(first, first + 125)]
    with ThreadPoolExecutor(30) as threads:
        plans = list(threads.map(lambda wish: wide.plan(wish, ignore_progress), wishes))
    for wish, found in zip(wishes, plans, strict=True):
        checked(found)
        assert (found.voice == "none") is wish.instrumental
        if wish.instrumental or wish.lyrics:
            assert found.lyrics == wish.lyrics
            continue
        tags = re.findall(r"(?m)^\[([a-z-]+)\]$", found.lyrics)
        assert 1 <= len(tags) <= sections_for(wish.duration_s)
        assert set(tags) <= set(SECTIONS)
    assert len({found.title for found in plans}) == 125
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
    assert len(seen) > 100


def test_a_cancelled_plan_stops_within_a_token_and_the_next_is_as_ever(
    writer: QwenWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, told, steps = plan(writer), [], []
    step = writer._batch._slots.step
    monkeypatch.setattr(
        writer._batch._slots, "step", lambda tokens: (steps.append(len(told)), step(tokens))[1]
    )

    def stop(_: str, fraction: float) -> None:
        told.append(fraction)
        if len(told) == 50:
            raise Cancelled

    with pytest.raises(Cancelled):
        writer.plan(request(), stop)
    assert len(told) == 50
    assert max(steps) < 50
    assert not writer._batch._writing
    assert plan(writer) == expected


WISHES: list[dict[str, object]] = [
    {"instrumental": True},
    {"lyrics": OWN, "description": "two words"},
    {"lyrics": OWN * 60, "description": "a song whose prompt makes the cache grow"},
    {"instrumental": True, "description": "slow folk about a very long road home, with fiddle and banjo"},
    {},
]


@pytest.mark.parametrize(("precision", "threads"), [("fp32", 1), ("bf16", 2)])
def test_a_plan_is_the_same_alone_and_among_others(folder: Path, precision: str, threads: int) -> None:
    torch.set_num_threads(threads)
    try:
        options = EngineOptions(model=str(folder), precision=precision)
        writer, other = (QwenWriter.from_options(options) for _ in range(2))
        wishes = [request(seed, **WISHES[seed % len(WISHES)]) for seed in range(10)]
        alone = [writer.plan(wish, ignore_progress) for wish in reversed(wishes)]
        with ThreadPoolExecutor(10) as pool:  # more than go at a time: the last ones wait, and join later
            together = list(pool.map(lambda wish: other.plan(wish, ignore_progress), wishes))
        assert together == alone[::-1]
        assert other._batch._slots._length > 1024
    finally:
        torch.set_num_threads(1)


def test_who_leaves_takes_nothing_from_the_others(writer: QwenWriter) -> None:
    alone = [plan(writer, seed) for seed in range(3)]

    def leave(_: str, fraction: float) -> None:
        if fraction > 0.2:
            raise Cancelled

    with ThreadPoolExecutor(6) as threads:
        left = [threads.submit(writer.plan, request(seed), leave) for seed in range(10, 13)]
        stayed = [threads.submit(plan, writer, seed) for seed in range(3)]
        assert [future.result() for future in stayed] == alone
        assert all(isinstance(future.exception(), Cancelled) for future in left)


def test_a_broken_step_fails_every_plan_in_it_and_none_after(
    writer: QwenWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = plan(writer)

    def broken(_: object) -> None:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patch, ThreadPoolExecutor(3) as threads:
        patch.setattr(writer._batch._slots, "step", broken)
        futures = [threads.submit(plan, writer, seed) for seed in range(3)]
        assert all("out of memory" in str(future.exception()) for future in futures)
    assert plan(writer) == expected


@pytest.mark.parametrize("window", [None, 8])
def test_steps_give_what_transformers_gives(folder: Path, window: int | None) -> None:
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    if window:  # layers that forget are not for slots
        config = Qwen2Config.from_pretrained(
            folder, use_sliding_window=True, sliding_window=window, layer_types=["sliding_attention"] * 2
        )
        model = AutoModelForCausalLM.from_pretrained(folder, config=config).eval()
    slots = slots_for(model, 4)
    assert isinstance(slots, Singly if window else Slots)
    texts = {slot: torch.randint(300, (length,)) for slot, length in ((0, 5), (2, 30), (3, 12))}
    for slot, text in texts.items():
        slots.begin(slot, text[:-3])
    for place in (-3, -2, -1):
        logits = slots.step({slot: int(text[place]) for slot, text in texts.items()})
    for slot, text in texts.items():
        with torch.inference_mode():
            expected = model(text[None]).logits[0, -1]
        assert (logits[slot] - expected).abs().max() < 1e-5
        assert expected.std() > 0.01


def test_what_is_drawn_is_allowed_and_as_likely_as_the_model_says() -> None:
    logits = torch.randn(1, 64, generator=torch.Generator().manual_seed(1))
    allowed = torch.tensor([[0b111100, 0]], dtype=torch.int32)
    chances = (torch.arange(2000, dtype=torch.float64) + 0.5) / 2000
    tokens = drawn(logits.repeat(2000, 1), allowed.repeat(2000, 1), chances)
    shares = (logits[0, 2:6] / 0.8).softmax(0)
    counted = torch.bincount(tokens, minlength=64)[2:6] / 2000
    assert counted.sum() == 1.0
    assert (counted - shares).abs().max() < 0.06  # but for the tail that top_p leaves out
    nothing = torch.full((1, 64), torch.nan)
    assert 2 <= int(drawn(nothing, allowed, chances[-1:])) <= 5


def test_what_the_user_names_holds(writer: Writer) -> None:
    found = plan(writer, description="a waltz at 93 BPM in D minor with a male vocal and fiddle, no drums")
    assert (found.tempo_bpm, found.tempo_fixed, found.key, found.metre) == (93.0, True, "D minor", "3/4")
    assert found.voice == "male"
    assert "fiddle" in found.instruments
    assert "drums" in found.exclude
    assert not plan(writer).tempo_fixed
    assert plan(writer, description="an instrumental folk song").lyrics == ""


def test_torch_is_not_imported_before_a_model_is_asked_for() -> None:
    code = "import sys, lyrics.contract; print([n for n in ('torch', 'transformers') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


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
    with pytest.raises(InvalidRequest, match="shorten it: this model reads 28672"):
        plan(writer, lyrics=OWN * 2000)
    with pytest.raises(EngineUnavailable, match="not a chat model") as caught:
        WRITERS.load("qwen", EngineOptions(model=str(musicgen(tmp_path))))
    assert "\n" not in str(caught.value)
    with pytest.raises(EngineUnavailable, match="SONGWRIGHT_COMMERCIAL"):
        WRITERS.load("qwen", EngineOptions(model=str(folder), commercial=True))
