"""How many steps of the model a plan takes, with Qwen2's own vocabulary; and that what saves them changes
nothing in a plan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled
from inference.text.constrained import Text
from inference.text.slots import BatchedSlots, Feed
from lyrics.contract import CoverWords, PlanRequest, SongPlan
from lyrics.qwen.engine import QwenWriter
from tests.long import few_first
from tests.lyrics.plans import FULL, HOME, HYMN, ROVER, SHORT, as_json, as_lines
from tests.qwen_vocabulary import LOGITS, qwen2_tokenizer
from tests.tiny import qwen

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)
WISH = PlanRequest(
    description="a dreamy synthwave song about neon rain, with a female vocal", duration_s=180.0, seed=1
)


class One(QwenWriter):
    batch_size = 1


@pytest.fixture(scope="module")
def tokenizer(pytestconfig: pytest.Config) -> PreTrainedTokenizerFast:
    return qwen2_tokenizer(pytestconfig)


@pytest.fixture(scope="module")
def writer(tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory) -> QwenWriter:
    folder = tmp_path_factory.mktemp("real")
    torch.manual_seed(20261128)
    config = Qwen2Config(
        vocab_size=LOGITS, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=32768, eos_token_id=151645, pad_token_id=151643,
    )  # fmt: skip
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return One.from_options(EngineOptions(model=str(folder)))


class Wanting:
    """Makes the model want a text: where a token is drawn, that text's next one gets all the weight. Counts
    the model's steps, and the tokens drawn."""

    def __init__(self, writer: QwenWriter, tokens: list[int], patch: pytest.MonkeyPatch) -> None:
        self.steps = self.drawn = 0
        self._tokens = tokens
        self._text: Text | None = None
        slots, batch = writer._batch._slots, writer._batch
        step, logits, join = slots.step, slots.logits, batch.join

        def counted(feeds: Mapping[int, Feed]) -> None:
            self.steps += 1
            step(feeds)

        def joined(text: Text) -> None:
            self._text = text
            join(text)

        def wanting(columns: Mapping[int, int]) -> Tensor:
            assert self._text is not None
            assert self._text.slot is not None
            self.drawn += 1
            place = len(self._text.written)
            assert self._text.written == tokens[:place]  # what was forced is divided as a model would
            found = logits(columns).clone()
            found[self._text.slot, tokens[place]] += 1e4
            return found

        patch.setattr(slots, "step", counted)
        patch.setattr(slots, "logits", wanting)
        patch.setattr(batch, "join", joined)


@pytest.mark.parametrize(
    ("lyrics", "most"),
    few_first(1, [(SHORT, 0.35), (FULL, 0.35), (HOME, 0.35), (ROVER, 0.37), (HYMN, 0.38)]),
    ids=lambda value: str(value)[9:30],
)
def test_a_plan_takes_a_third_of_the_steps(
    writer: QwenWriter,
    tokenizer: PreTrainedTokenizerFast,
    monkeypatch: pytest.MonkeyPatch,
    lyrics: str,
    most: float,
) -> None:
    before = len(tokenizer(as_json(lyrics)).input_ids)
    tokens = tokenizer(as_lines(lyrics)).input_ids
    wanting = Wanting(writer, tokens, monkeypatch)
    plan = writer.plan(WISH, ignore_progress)
    share = wanting.steps / before
    print(f"{before} steps before, {wanting.steps} now: {share:.3f}; {wanting.drawn} tokens were drawn")
    assert plan.lyrics == lyrics  # the chorus is there each time
    assert (plan.title, plan.tempo_bpm, plan.voice) == ("Neon Rain", 104.0, "female")
    assert share <= most


@pytest.fixture(scope="module")
def brisk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return qwen(tmp_path_factory.mktemp("brisk"), brisk=True)


def wishes() -> list[PlanRequest]:
    own = "walking by the river\nwalking by the sea\n" * 4
    return [
        PlanRequest(description="a song", duration_s=20.0, seed=1),
        PlanRequest(description="a song", lyrics=own, duration_s=20.0, seed=2),
        PlanRequest(description="slow folk", instrumental=True, duration_s=20.0, seed=3),
    ]


def plans(writer: QwenWriter) -> list[SongPlan]:
    return [writer.plan(wish, ignore_progress) for wish in wishes()]


def steps(writer: QwenWriter, monkeypatch: pytest.MonkeyPatch) -> list[Mapping[int, Feed]]:
    made: list[Mapping[int, Feed]] = []
    step = writer._batch._slots.step
    monkeypatch.setattr(writer._batch._slots, "step", lambda feeds: (made.append(feeds), step(feeds))[1])
    return made


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_guesses_change_nothing_in_a_plan(
    brisk: Path, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    writers = [
        QwenWriter.from_options(EngineOptions(model=str(brisk), precision=precision)) for _ in range(2)
    ]
    assert isinstance(writers[1]._batch._slots, BatchedSlots)
    guessing, plain = (steps(writer, monkeypatch) for writer in writers)
    monkeypatch.setattr(writers[1]._batch._slots, "guesses", False)
    assert plans(writers[0]) == plans(writers[1])
    assert len(guessing) < 0.9 * len(plain)
    assert any(feed.leaves for feeds in guessing for feed in feeds.values())
    assert not any(feed.leaves for feeds in plain for feed in feeds.values())


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_instructions_are_read_once_and_that_changes_nothing(
    brisk: Path, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, anew = (
        QwenWriter.from_options(EngineOptions(model=str(brisk), precision=precision)) for _ in range(2)
    )
    assert len(kept._instructions) > 100
    read: list[int] = []
    forward = kept._model.forward

    def counted(*args: object, **more: Tensor) -> object:
        read.append(more["input_ids"].shape[-1])
        return forward(*args, **more)

    monkeypatch.setattr(kept._model, "forward", counted)
    ours = plans(kept)
    assert read.count(len(kept._instructions)) == 1
    theirs = []
    for wish in wishes():
        theirs.append(anew.plan(wish, ignore_progress))
        anew._batch._slots._prefixes.clear()
    assert ours == theirs
    assert plans(kept) == ours


@pytest.mark.parametrize("number", range(3))
def test_what_a_cover_needs_is_known_long_before_the_plan(brisk: Path, number: int) -> None:
    writer, wish = (
        QwenWriter.from_options(EngineOptions(model=str(brisk), precision="fp32")),
        wishes()[number],
    )
    fractions = [0.0]
    early: list[tuple[float, CoverWords]] = []
    plan = writer.plan(
        wish,
        lambda _, fraction: fractions.append(fraction),
        lambda words: early.append((fractions[-1], words)),
    )
    ((fraction, words),) = early
    assert fraction < fractions[-1]
    assert plan == writer.plan(wish, ignore_progress)
    assert words == CoverWords.of(plan)


def test_who_raises_at_the_cover_ends_the_plan(brisk: Path) -> None:
    writer = QwenWriter.from_options(EngineOptions(model=str(brisk), precision="fp32"))

    def leave(_: CoverWords) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        writer.plan(wishes()[0], ignore_progress, leave)
    assert writer.plan(wishes()[0], ignore_progress).lyrics
