"""A chat model as the writer, on a tiny checkpoint: it knows nothing; its plans are whole all the same."""

import re
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
import xgrammar
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import AutoModelForCausalLM, Qwen2Config, Qwen2ForCausalLM

from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled, EngineFailed, InvalidRequest
from inference.text.batch import draw_tokens
from inference.text.constrained import Text
from inference.text.slots import COLUMNS, ROOM, BatchedSlots, Feed, SeparateSlots, slots_for
from lyrics.contract import GENRES, MOODS, WRITERS, PlanRequest, SongPlan, Writer
from lyrics.qwen.engine import QwenWriter
from lyrics.qwen.grammar import INSTRUMENTAL, METRES, SECTIONS, limits, plan_of, sections_for
from lyrics.qwen.prompts import messages
from tests.long import few_first, soak_after
from tests.tiny import qwen

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
def brisk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return qwen(tmp_path_factory.mktemp("brisk"), brisk=True)


@pytest.fixture(scope="module")
def wide(brisk: Path) -> Writer:
    """One that writes many plans at a time, quickly."""

    class Wide(QwenWriter):
        batch_size = 64

    return Wide.from_options(EngineOptions(model=str(brisk), precision="fp32"))


KINDS: list[dict[str, object]] = [*[{"instrumental": True}, {"lyrics": OWN}] * 4, {}, {"duration_s": 20.0}]


@pytest.mark.parametrize("first", few_first(1, soak_after(1, range(0, 1000, 125))))
def test_a_thousand_plans_of_random_weights_are_all_whole(wide: Writer, first: int) -> None:
    wishes = [request(seed, **KINDS[seed % len(KINDS)]) for seed in range(first, first + 125)]
    with ThreadPoolExecutor(80) as threads:
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
    assert len({found.cover_prompt for found in plans}) > 118
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


def test_a_cancelled_plan_stops_within_a_token_and_the_next_is_as_ever(
    writer: QwenWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, steps, at_the_end = plan(writer), [0], [0]
    step = writer._batch._slots.step

    def slow(feeds: Mapping[int, Feed]) -> None:
        steps[0] += 1
        time.sleep(0.02)  # a real model is as slow: there is time to leave between two steps
        step(feeds)

    def stop(_: str, fraction: float) -> None:
        if fraction > 0.02:
            at_the_end[0] = steps[0]
            raise Cancelled

    with monkeypatch.context() as patch:
        patch.setattr(writer._batch._slots, "step", slow)
        with pytest.raises(Cancelled):
            writer.plan(request(), stop)
        for thread in threading.enumerate():
            if thread.name == "qwen":
                thread.join(5.0)
    assert 0 < at_the_end[0] < 100
    assert steps[0] <= at_the_end[0] + 1
    assert len(writer._batch._free) == writer.batch_size
    assert plan(writer) == expected


WISHES: list[dict[str, object]] = [
    {"instrumental": True},
    {"lyrics": OWN, "description": "two words"},
    {"lyrics": OWN * 80, "description": "a song whose prompt makes the cache grow"},
    {"instrumental": True, "description": "slow folk about a very long road home, with fiddle and banjo"},
    {},
]


@pytest.mark.parametrize(
    ("precision", "path"),
    few_first(2, soak_after(2, [("fp32", "cpu"), ("bf16", "gpu"), ("fp32", "gpu"), ("bf16", "cpu")])),
)
def test_a_plan_is_the_same_alone_and_among_others(brisk: Path, precision: str, path: str) -> None:
    options = EngineOptions(model=str(brisk), precision=precision, gpu_path=path == "gpu")
    writer, other = (QwenWriter.from_options(options) for _ in range(2))
    wishes = [request(seed, **WISHES[seed % len(WISHES)]) for seed in range(10)]
    alone = [writer.plan(wish, ignore_progress) for wish in reversed(wishes)]
    rooms, most = recorded(other)
    with ThreadPoolExecutor(10) as pool:  # more than go at a time: the last ones wait, and join later
        together = list(pool.map(lambda wish: other.plan(wish, ignore_progress), wishes))
    assert together == alone[::-1]
    assert 2 * ROOM in rooms
    assert max(most) == other.batch_size
    assert other._batch._slots._room == ROOM  # the memory is given back


def recorded(writer: QwenWriter) -> tuple[set[int], set[int]]:
    """The room that the cache has, and the number of texts, at each of the steps to come."""
    slots = writer._batch._slots
    rooms: set[int] = set()
    counts: set[int] = set()
    step = slots.step

    def recording(feeds: Mapping[int, Feed]) -> None:
        step(feeds)
        rooms.add(slots._room)
        counts.add(len(feeds))

    slots.step = recording
    return rooms, counts


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


def test_a_grammar_that_fails_ends_its_own_plan_alone(
    writer: QwenWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = [plan(writer, seed) for seed in range(3)]
    add = Text.add

    def failing(text: Text, token: int) -> None:
        if text is broken and len(text.written) >= 20:
            raise RuntimeError("the grammar is broken")
        add(text, token)

    monkeypatch.setattr(Text, "add", failing)
    broken = Text(torch.arange(30), writer._grammars.rules(INSTRUMENTAL, limits(10.0)), 1, 0)
    with ThreadPoolExecutor(4) as threads:
        bad = threads.submit(writer._batch.write, broken, lambda: None)
        good = [threads.submit(plan, writer, seed) for seed in range(3)]
        assert "the grammar is broken" in str(bad.exception())
        assert [future.result() for future in good] == alone
    assert len(broken.written) >= 20


def test_a_step_that_fails_ends_every_plan_in_it_and_none_after(
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


def test_the_cache_counts_in_the_memory_that_is_needed(folder: Path) -> None:
    place = QwenWriter.placed(EngineOptions(model=str(folder), precision="bf16"))
    keys_and_values, layers, heads, width, number_bytes = 2, 2, 2, 8, 2
    places = ROOM + COLUMNS + 1
    cache = keys_and_values * layers * heads * width * number_bytes * QwenWriter.batch_size * places
    assert place.needed == place.weights // 2 + cache


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_texts_logits_are_the_same_to_the_bit_whatever_else_a_step_reads(dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    config = Qwen2Config(
        vocab_size=256,
        hidden_size=512,
        intermediate_size=1024,
        num_hidden_layers=1,
        num_attention_heads=8,
        num_key_value_heads=2,
    )
    model = Qwen2ForCausalLM(config).eval().to(dtype)
    text, long = torch.randint(256, (100,)).tolist(), torch.randint(256, (600,))

    def rows(slot: int, others: Mapping[int, int], feeds: Sequence[tuple[int, int]]) -> Tensor:
        """The logits after each of the last twenty tokens. Each feed has so many of them, then wrong ones and
        leaves among which is the one that follows."""
        slots = BatchedSlots(model, 8, graphed=False)
        for other, length in others.items():
            slots.begin(other, long[:length], 10)
        slots.begin(slot, torch.tensor(text[:80]), 10)
        found = {}
        beside = dict.fromkeys(others, Feed((7,)))
        for count, wrong in feeds:
            place = 80 + len(found)
            chain = text[place : place + count]
            after = text[place + count : place + count + 1]
            leaves = [(0, 5), (1, 9), *((count, token) for token in after)] if wrong else []
            slots.step({slot: Feed((*chain, *[3] * wrong), tuple(leaves)), **beside})
            for column in range(count):
                found[place + column] = slots.logits({slot: column})[slot].clone()
            slots.drop(slot, wrong)
            if wrong and after:
                leaf = slots.logits({slot: count + wrong + len(leaves) - 1})[slot].clone()
                slots.step({slot: Feed((*after,)), **beside})
                found[place + count] = slots.logits({slot: 0})[slot].clone()
                assert torch.equal(leaf, found[place + count])
        assert len(found) == 20
        return torch.stack([*found.values()])

    single = [(1, 0)] * 20
    alone = rows(0, {}, single)
    with torch.inference_mode():
        expected = model(torch.tensor([text])).logits[0, 80:].float()
    assert (alone - expected).abs().max() < (1e-5 if dtype == torch.float32 else 0.05)
    assert torch.equal(rows(5, {}, single), alone)
    assert torch.equal(rows(3, {0: 3, 1: 90, 7: 333}, single), alone)
    assert torch.equal(rows(7, dict(enumerate((600, 1, 2, 30, 511, 512, 513))), single), alone)
    assert torch.equal(rows(2, {}, [(16, 0), (4, 0)]), alone)
    assert torch.equal(rows(6, {0: 513, 2: 40}, [(2, 5), (4, 1), (1, 9), (10, 0)]), alone)
    assert torch.equal(rows(1, {0: 600}, [(4, 3)] * 4), alone)


@pytest.mark.parametrize("window", [None, 8])
def test_steps_give_what_transformers_gives(folder: Path, window: int | None) -> None:
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    if window:  # layers that forget are not for slots
        config = Qwen2Config.from_pretrained(
            folder, use_sliding_window=True, sliding_window=window, layer_types=["sliding_attention"] * 2
        )
        model = AutoModelForCausalLM.from_pretrained(folder, config=config).eval()
    slots = slots_for(model, 4, graphed=False)
    assert isinstance(slots, SeparateSlots if window else BatchedSlots)
    texts = {slot: torch.randint(300, (length,)) for slot, length in ((0, 5), (2, 30), (3, 12))}
    for slot, text in texts.items():
        slots.begin(slot, text[:-3], 10)
    for place in (-3, -2, -1):
        slots.step({slot: Feed((int(text[place]),)) for slot, text in texts.items()})
    logits = slots.logits(dict.fromkeys(texts, 0))
    for slot, text in texts.items():
        with torch.inference_mode():
            expected = model(text[None]).logits[0, -1]
        assert (logits[slot] - expected).abs().max() < 1e-5
        assert expected.std() > 0.01


def test_what_is_drawn_is_allowed_and_as_likely_as_the_model_says() -> None:
    logits = torch.randn(1, 64, generator=torch.Generator().manual_seed(1))
    allowed = torch.tensor([[0b111100, 0]], dtype=torch.int32)
    chances = (torch.arange(2000, dtype=torch.float64) + 0.5) / 2000
    tokens = draw_tokens(logits.repeat(2000, 1), allowed.repeat(2000, 1), chances)
    shares = (logits[0, 2:6] / 0.8).softmax(0)
    counted = torch.bincount(tokens, minlength=64)[2:6] / 2000
    assert counted.sum() == 1.0
    assert (counted - shares).abs().max() < 0.06  # but for the tail that top_p leaves out


@pytest.mark.parametrize("fault", [torch.nan, torch.inf])
@pytest.mark.parametrize("place", [3, 40], ids=["allowed", "forbidden"])
def test_nothing_is_drawn_from_what_is_no_number(fault: float, place: int) -> None:
    logits = torch.randn(3, 64, generator=torch.Generator().manual_seed(1))
    logits[0, 5] = -torch.inf  # never that one
    logits[1, place] = fault
    logits[2, :] = -torch.inf
    allowed = torch.tensor([[0b111100, 0]] * 3, dtype=torch.int32)
    tokens = draw_tokens(logits, allowed, torch.full((3,), 0.999, dtype=torch.float64)).tolist()
    assert tokens[0] in (2, 3, 4)
    assert tokens[1:] == [-1, -1]


@pytest.mark.parametrize(("precision", "path"), [("fp32", "cpu"), ("fp16", "gpu")])
def test_logits_that_are_no_numbers_are_an_error_and_no_plan(folder: Path, precision: str, path: str) -> None:
    options = EngineOptions(model=str(folder), precision=precision, gpu_path=path == "gpu")
    writer = QwenWriter.from_options(options)
    # As where half precision runs over: from one layer on.
    writer._model.model.layers[1].mlp.down_proj.weight.data.fill_(torch.inf)
    with pytest.raises(EngineFailed) as raised:
        plan(writer)
    for part in ("'qwen'", str(folder), precision, "are not numbers", "PRECISION to bf16 or fp32"):
        assert part in str(raised.value)


def test_who_has_no_numbers_ends_alone(writer: QwenWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = [plan(writer, seed) for seed in range(3)]
    logits = writer._batch._slots.logits
    broken = Text(torch.arange(30), writer._grammars.rules(INSTRUMENTAL, limits(10.0)), 1, 0)

    def failing(columns: Mapping[int, int]) -> Tensor:
        found = logits(columns)
        if broken.slot is not None and len(broken.written) >= 20:
            found = found.clone()
            found[broken.slot] = torch.nan
        return found

    monkeypatch.setattr(writer._batch._slots, "logits", failing)
    with ThreadPoolExecutor(4) as threads:
        bad = threads.submit(writer._batch.write, broken, lambda: None)
        good = [threads.submit(plan, writer, seed) for seed in range(3)]
        assert isinstance(bad.exception(), EngineFailed)
        assert [future.result() for future in good] == alone
    assert 20 <= len(broken.written) < 40


@pytest.mark.parametrize("precision", few_first(1, ["fp32", "bf16"]))
def test_the_path_of_a_gpu_writes_the_same_plans(brisk: Path, precision: str) -> None:
    """The step as one graph over the whole room, and loading before there is a GPU: here both run on a
    processor, all but the replay itself."""
    model = {"model": str(brisk), "precision": precision}
    wishes = [request(1, instrumental=True), request(2, lyrics=OWN), request(3)]
    writers = [
        QwenWriter.from_options(EngineOptions(**model)),
        QwenWriter.from_options(EngineOptions(**model, gpu_path=True)),
        QwenWriter.from_options(EngineOptions(**model, staged=True)),
    ]
    writers[2].move_to_gpu("cpu")
    eager, graphed, staged = ([writer.plan(wish, ignore_progress) for wish in wishes] for writer in writers)
    assert graphed == eager
    assert staged == eager
    for writer, recorded in zip(writers, (False, True, True), strict=True):
        assert writer._place.gpu_path is recorded
        assert writer._batch._slots._graphed is recorded


class Waits(TorchDispatchMode):
    """Notes the operations that make a processor wait for a GPU: a number fetched, a size that depends on
    values, a copy from one to the other. On a processor it sees the same operations."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(
        self, operation: Any, types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> object:
        name = str(operation)
        if re.search("_local_scalar|nonzero|masked_select|unique|_to_copy|copy_|index.Tensor|equal", name):
            self.seen.append(name)
        return operation(*args, **(kwargs or {}))


def test_nothing_in_a_step_waits_for_the_device(folder: Path) -> None:
    slots = BatchedSlots(AutoModelForCausalLM.from_pretrained(folder).eval(), 4, graphed=True)
    slots.begin(2, torch.arange(10), 50)
    slots.step({2: Feed((1, 2), ((1, 3),))})
    logits = slots.logits({2: 1})
    assert slots._graph is not None
    allowed, chances = torch.full((4, 64), -1, dtype=torch.int32), torch.rand(4, dtype=torch.float64)
    with torch.inference_mode(), Waits() as waits:
        slots._graph.replay()
        tokens = draw_tokens(logits, allowed, chances)
    assert waits.seen == []
    with waits:
        tokens.tolist()
        tokens.max().item()
    assert waits.seen  # it does see what waits


def test_what_is_written_is_compiled_when_the_engine_loads(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = QwenWriter.from_options(EngineOptions(model=str(folder), precision="fp32", staged=True))

    def late(*_: object, **__: object) -> None:
        raise AssertionError("compiled after loading")

    monkeypatch.setattr(xgrammar, "GrammarCompiler", late)
    monkeypatch.setattr(xgrammar.GrammarCompiler, "compile_grammar", late, raising=False)
    monkeypatch.setattr(xgrammar.TokenizerInfo, "from_huggingface", late)
    writer.move_to_gpu("cpu")
    for duration_s in (10.0, 30.0):
        for more in ({}, {"lyrics": OWN}, {"instrumental": True}):
            checked(plan(writer, duration_s=duration_s, **more))


def test_what_the_user_names_holds(writer: Writer) -> None:
    found = plan(
        writer, description="a waltz at 93 BPM in D minor with a male vocal and fiddle, no drums, energy 9"
    )
    assert (found.tempo_bpm, found.tempo_fixed, found.key, found.metre) == (93.0, True, "D minor", "3/4")
    assert (found.voice, found.energy) == ("male", 9)
    assert "fiddle" in found.instruments
    assert "drums" in found.exclude
    assert not plan(writer).tempo_fixed
    assert plan(writer, description="an instrumental folk song").lyrics == ""


def test_a_picture_of_hardly_more_than_spaces_is_replaced() -> None:
    head = "title: t\ngenre: folk\nmood: calm\ntags: a, b , c\ncover: {}\ncategories: A, B, C\nenergy: 1\n"
    rest = "tempo: 90\nkey: A minor\nmetre: 4/4\nlanguage: en\n"
    for written, found in (
        ("ab" + " " * 30 + "c", "cover of a calm folk song"),
        ("a  blue   boat", "a blue boat"),
    ):
        plan = plan_of(head.format(written) + rest, lyrics="", instrumental=True)
        assert plan.cover_prompt == found
        assert plan.tags == ("a", "b", "c")


def test_the_model_reads_what_the_user_said() -> None:
    (_, said) = messages(request(description="slow folk", lyrics_about="leaving home", duration_s=60.0))
    assert "slow folk" in said["content"]
    assert "leaving home" in said["content"]
    assert "5 sections" in said["content"]
    (_, said) = messages(request(lyrics=OWN))
    assert OWN in said["content"]


def test_more_than_the_model_can_read_is_refused(writer: Writer) -> None:
    with pytest.raises(InvalidRequest, match="shorten it: this model reads 28672"):
        plan(writer, lyrics=OWN * 2000)
