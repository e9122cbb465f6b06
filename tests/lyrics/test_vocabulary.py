"""The writer with Qwen2's own vocabulary: what grammars and masks cost, and plans drawn by chance from it."""

import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
import xgrammar
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from config.engine import EngineOptions, ignore_progress
from inference.text.constrained import Text
from inference.text.grammars import Grammars
from lyrics.contract import PlanRequest, SongPlan
from lyrics.qwen.engine import QwenWriter
from lyrics.qwen.grammar import INSTRUMENTAL, LENGTHS, OWN, WRITTEN, grammars, limits, plan_of, sections_for
from tests.qwen_vocabulary import LOGITS, qwen2_tokenizer
from vision.contract import Scene
from vision.qwen_vl.grammar import grammar as scene_grammar
from vision.qwen_vl.grammar import limits as scene_limits
from vision.qwen_vl.grammar import scene_of

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)

PLAN = """title: The Sea Knows My Name
genre: folk
mood: calm
tags: waltz, acoustic guitar, slow, female vocal
voice: female
cover: A lone boat on a grey sea at dawn, gulls above the water
categories: Folk, Acoustic, Calm
energy: 3
tempo: 92
key: D minor
metre: 3/4
language: en

# verse
The harbour sleeps beneath the grey
I count the boats that slip away
雨の夜 und über
so

# chorus
The sea knows my name
It calls me the same

# verse
And still the water has no end
It takes me round another bend

# chorus

# end"""
"""As a model writes it; a line of it in another script."""


@pytest.fixture(scope="module")
def tokenizer(pytestconfig: pytest.Config) -> PreTrainedTokenizerFast:
    return qwen2_tokenizer(pytestconfig)


@pytest.fixture(scope="module")
def rules(tokenizer: PreTrainedTokenizerFast) -> Grammars:
    return Grammars(tokenizer, LOGITS, grammars() | {"scene": scene_grammar()})


def cpu_s(began: float) -> float:
    return time.process_time() - began


def test_the_tokenizer_is_qwen2s(tokenizer: PreTrainedTokenizerFast) -> None:
    assert len(tokenizer) == 151646
    assert tokenizer.convert_tokens_to_ids("<|im_end|>") == 151645
    assert tokenizer("Hello, world! 2024").input_ids == [9707, 11, 1879, 0, 220, 17, 15, 17, 19]


def test_all_grammars_of_an_engine_are_ready_within_two_seconds(tokenizer: PreTrainedTokenizerFast) -> None:
    assert len(grammars()) == 3
    for sources in (grammars(), {"scene": scene_grammar()}):
        took = []
        for _ in range(2):  # other programs run beside this one: the quicker counts
            began = time.process_time()
            Grammars(tokenizer, LOGITS, sources)
            took.append(cpu_s(began))
        print(f"{', '.join(sources)}: {min(took):.2f} s")
        assert min(took) < 2.0


def test_the_masks_of_a_plan_take_less_than_a_tenth_of_a_second(
    tokenizer: PreTrainedTokenizerFast, rules: Grammars
) -> None:
    tokens = tokenizer(PLAN).input_ids
    mask = xgrammar.allocate_token_bitmask(1, LOGITS)
    runs = []
    for _ in range(3):  # other programs run beside this one: the quickest counts
        text = Text(torch.arange(3), rules.rules(WRITTEN, limits(60.0)), 1, 0)
        runs.append([])
        while not text.done:
            began = time.process_time()
            text.allow(mask, 0)
            runs[-1].append(cpu_s(began))
            text.add(tokens[len(text.written)])
        assert text.written == tokens
    total, worst = min(map(sum, runs)), max(map(min, zip(*runs, strict=True)))
    print(f"{len(runs[0])} of {len(tokens)}: masks {1000 * total:.1f} ms, the longest {1000 * worst:.2f} ms")
    assert len(runs[0]) > 80
    assert total < 0.1
    assert worst < 0.003


def written(
    rules: Grammars, tokenizer: PreTrainedTokenizerFast, kind: str, duration_s: float, seed: int
) -> str:
    """What a model writes whose logits are all the same: any token that may follow is as likely."""
    rng = Random(seed)
    bounds = scene_limits() if kind == "scene" else limits(duration_s)
    text = Text(torch.arange(3), rules.rules(kind, bounds), seed, 0)
    mask = xgrammar.allocate_token_bitmask(1, LOGITS)
    while not text.done:
        text.allow(mask, 0)
        bits = np.unpackbits(mask[0].numpy().view(np.uint8), bitorder="little")
        while not bits[token := rng.randrange(LOGITS)]:  # a few at first: of most strings, most may follow
            if bits.sum() < LOGITS // 4:
                token = int(rng.choice(bits.nonzero()[0]))
                break
        text.add(token)
        assert len(text.written) < 4096
    return str(tokenizer.decode(text.written, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def fields(said: str) -> dict[str, list[str]]:
    """Each value by its name, the items of a list, and the lines."""
    head, _, sections = said.partition("\n\n")
    found = dict(line.split(": ", 1) for line in head.splitlines())
    lists = {name: found[name].split(", ") for name in ("tags", "categories", "elements") if name in found}
    lines = [line for line in sections.splitlines() if line and not line.startswith("#")]
    return {name: [value] for name, value in found.items()} | lists | {"lines": lines}


@pytest.mark.long
def test_plans_drawn_by_chance_are_all_whole_and_within_their_bounds(
    tokenizer: PreTrainedTokenizerFast, rules: Grammars
) -> None:
    found: dict[str, list[int]] = {name: [] for name in LENGTHS}
    scripts: set[str] = set()
    for seed in range(48):
        kind, duration_s = (WRITTEN, OWN, INSTRUMENTAL, WRITTEN)[seed % 4], (10.0, 30.0, 60.0)[seed % 3]
        said = written(rules, tokenizer, kind, duration_s, seed)
        plan = plan_of(said, lyrics="mine" if kind == OWN else "", instrumental=kind == INSTRUMENTAL)
        SongPlan.model_validate(plan.model_dump())
        parts = fields(said)
        for name, counts in found.items():
            counts += map(len, parts[name])
        assert 3 <= len(parts["tags"]) <= 6
        assert 3 <= len(parts["categories"]) <= 5
        if kind == WRITTEN:
            sections = plan.lyrics.split("\n\n")
            assert 1 <= len(sections) <= sections_for(duration_s)
            assert all(2 <= section.strip().count("\n") <= 8 for section in sections)
            lyrics = plan.lyrics
            scripts |= {unicodedata.name(sign, "").partition(" ")[0] for sign in lyrics if sign.isalpha()}
        assert plan.title.strip() == plan.title != ""
    for name, (fewest, most) in LENGTHS.items():
        assert fewest <= min(found[name]), name
        assert max(found[name]) == most, name  # the last character is not lost
    assert {"LATIN", "CJK", "CYRILLIC", "ARABIC", "HANGUL", "THAI"} <= scripts


def test_scenes_drawn_by_chance_are_all_whole(tokenizer: PreTrainedTokenizerFast, rules: Grammars) -> None:
    for seed in range(10):
        said = written(rules, tokenizer, "scene", 0.0, seed)
        Scene.model_validate(scene_of(said).model_dump())
        assert 20 <= len(fields(said)["description"][0]) <= 220
        assert all(3 <= len(element) <= 40 for element in fields(said)["elements"])


def test_an_engine_writes_with_it_what_it_writes_alone(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    """The whole way, with random weights behind the true vocabulary: logits for tokens that do not exist."""
    torch.manual_seed(20261128)
    config = Qwen2Config(
        vocab_size=LOGITS, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=32768, eos_token_id=151645, pad_token_id=151643,
    )  # fmt: skip
    Qwen2ForCausalLM(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)

    class Four(QwenWriter):
        batch_size = 4

    writer = Four.from_options(EngineOptions(model=str(tmp_path), gpu_path=True))
    assert writer.info.precision == "bf16"
    wishes = [PlanRequest(description="a song", instrumental=True, seed=seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as threads:
        plans = list(threads.map(lambda wish: writer.plan(wish, ignore_progress), wishes))
    assert plans[0] == writer.plan(wishes[0], ignore_progress)
    assert len({plan.title for plan in plans}) == 4
