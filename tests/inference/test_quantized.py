"""Weights of eight and four bits: how near they are to the wide ones, what they take, and plans with them."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

from config.engine import EngineOptions, ignore_progress
from config.errors import EngineUnavailable, InvalidRequest
from inference import loading
from inference.quantized.formats import BYTES, is_quantized
from inference.quantized.linear import Int4Linear, Int8Linear, quantize
from lyrics.contract import WRITERS, PlanRequest, SongPlan
from lyrics.qwen.engine import QwenWriter
from tests import tiny

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "models.md"
KINDS = {"int8": Int8Linear, "int4": Int4Linear}
FURTHEST = {"int8": 0.012, "int4": 0.12}
"""Of normal weights, the norm of the error by the norm of the result: a step is 1/127 of the largest weight
of an output, or 1/15 of the range of 128 weights."""


@pytest.mark.parametrize("precision", KINDS)
@pytest.mark.parametrize(("inputs", "outputs"), [(32, 64), (64, 32), (96, 16), (256, 48), (640, 128)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_narrow_layer_is_near_the_wide_one(precision: str, inputs: int, outputs: int, bias: bool) -> None:  # noqa: FBT001 - a parameter
    torch.manual_seed(inputs + outputs)
    wide = nn.Linear(inputs, outputs, bias=bias, dtype=torch.bfloat16)
    nn.init.normal_(wide.weight, std=0.05)
    narrow = KINDS[precision](wide)
    for rows in (1, 8, 100):
        x = torch.randn(2, rows, inputs, dtype=torch.bfloat16)
        with torch.inference_mode():
            found, exact = narrow(x).float(), wide.float()(x.float())
        wide.to(torch.bfloat16)
        assert found.shape == (2, rows, outputs)
        assert (found - exact).norm() / exact.norm() < FURTHEST[precision]


@pytest.mark.parametrize("precision", KINDS)
def test_rows_are_the_same_in_any_company_of_a_step(precision: str) -> None:
    torch.manual_seed(1)
    narrow = KINDS[precision](nn.Linear(128, 64, dtype=torch.bfloat16))
    x = torch.randn(8, 1, 128, dtype=torch.bfloat16)
    with torch.inference_mode():
        together = narrow(x)
        other = x.clone()
        other[1:] = torch.randn(7, 1, 128)
        assert torch.equal(narrow(other)[0], together[0])


def test_layers_are_narrowed_and_all_else_stays() -> None:
    model = nn.ModuleDict({
        "model": nn.ModuleDict({
            "embed_tokens": nn.Embedding(64, 32),
            "layers": nn.ModuleList([nn.ModuleDict({"up": nn.Linear(32, 64), "odd": nn.Linear(32, 5)})]),
            "visual": nn.ModuleDict({"layers": nn.ModuleList([nn.Linear(32, 32)])}),
        }),
        "lm_head": nn.Linear(32, 64),
    }).to(torch.bfloat16)  # fmt: skip
    quantize(model, "int8")
    narrow = {name for name, module in model.named_modules() if isinstance(module, Int8Linear)}
    assert narrow == {"model.layers.0.up"}
    assert is_quantized("model.layers.0.up.weight")
    assert is_quantized("layers.3.mlp.down_proj.weight")
    assert not is_quantized("lm_head.weight")
    assert not is_quantized("visual.layers.0.weight")


def test_four_bits_are_laid_out_once_and_only_for_one_kind_of_device() -> None:
    narrow = Int4Linear(nn.Linear(128, 32, dtype=torch.bfloat16))
    fresh = copy.deepcopy(narrow).to("meta")
    assert fresh.codes is not None
    with torch.inference_mode():
        narrow(torch.zeros(1, 128, dtype=torch.bfloat16))
    assert narrow.codes is None
    assert narrow.to("cpu") is narrow
    with pytest.raises(RuntimeError, match="load the model anew"):
        narrow.to("meta")


def plans(writer: QwenWriter) -> list[SongPlan]:
    requests = [PlanRequest(description="a song about owls", duration_s=12.0, seed=seed) for seed in (1, 2)]
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(lambda request: writer.plan(request, ignore_progress), requests))


@pytest.mark.parametrize("precision", KINDS)
def test_a_writer_plans_with_narrow_weights_the_same_alone_and_among_others(
    precision: str, tmp_path: Path
) -> None:
    """A real architecture with random weights, saved and loaded from disk, on the path of a GPU."""
    folder = tiny.qwen(tmp_path / "qwen", brisk=True, width=64, dtype=torch.bfloat16)
    writer = QwenWriter.from_options(EngineOptions(model=str(folder), precision=precision, gpu_path=True))
    assert writer.info.precision == precision
    assert f"in {precision} on cpu" in writer.info.summary
    layers = [module for module in writer._model.modules() if isinstance(module, KINDS[precision])]
    assert len(layers) == 7, "q, k, v, o, gate, up and down of one layer"
    together = plans(writer)
    assert together[0] != together[1]
    alone = PlanRequest(description="a song about owls", duration_s=12.0, seed=2)
    assert writer.plan(alone, ignore_progress) == together[1]


def test_the_memory_that_it_says_it_needs_is_what_its_weights_take(tmp_path: Path) -> None:
    folder = tiny.qwen(tmp_path / "qwen", width=128, dtype=torch.bfloat16)
    needed = {}
    for precision in ("bf16", *KINDS):
        options = EngineOptions(model=str(folder), precision=precision)
        cache = QwenWriter.extra_memory(folder, number_bytes=2)
        needed[precision] = QwenWriter.placed(options).needed - cache
        model = QwenWriter.from_options(options)._model
        held = sum(
            tensor.numel() * tensor.element_size()
            for tensor in {id(each): each for each in (*model.parameters(), *model.buffers())}.values()
        )
        assert needed[precision] == pytest.approx(held, rel=0.03), precision
    assert needed["int4"] < needed["int8"] < needed["bf16"]
    assert set(KINDS) == set(BYTES)


def test_other_precisions_are_named(tmp_path: Path) -> None:
    folder = tiny.qwen(tmp_path / "qwen", brisk=True)
    with pytest.raises(InvalidRequest, match="use auto or one of: fp32, bf16, fp16, int8, int4"):
        QwenWriter.from_options(EngineOptions(model=str(folder), precision="int2"))


PUBLISHED: dict[str, tuple[type[Any], Any]] = {
    "Qwen/Qwen2-7B-Instruct": (
        Qwen2ForCausalLM,
        Qwen2Config(
            vocab_size=152064, hidden_size=3584, intermediate_size=18944, num_hidden_layers=28,
            num_attention_heads=28, num_key_value_heads=4,
        ),
    ),
    **{
        name: (
            Qwen3ForCausalLM,
            Qwen3Config(
                vocab_size=151936, hidden_size=width, intermediate_size=inner, num_hidden_layers=layers,
                num_attention_heads=heads, num_key_value_heads=8, head_dim=128, tie_word_embeddings=tied,
            ),
        )
        for name, width, inner, layers, heads, tied in (
            ("Qwen/Qwen3-1.7B", 2048, 6144, 28, 16, True),
            ("Qwen/Qwen3-4B-Instruct-2507", 2560, 9728, 36, 32, True),
            ("Qwen/Qwen3-8B", 4096, 12288, 36, 32, False),
            ("Qwen/Qwen3-14B", 5120, 17408, 40, 40, False),
        )
    },
}  # fmt: skip
"""The sizes in each model's ``config.json`` at the hub."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_memory_in_the_document_is_that_of_the_published_sizes(name: str) -> None:
    (row,) = [line for line in DOCUMENT.read_text().splitlines() if line.startswith(f"| `{name}`")]
    written = [float(cell.split()[0]) for cell in row.split(" | ")[2:]]
    kind, config = PUBLISHED[name]
    with torch.device("meta"):
        tensors = dict(kind(config).named_parameters())
    narrow = sum(tensor.numel() for name, tensor in tensors.items() if is_quantized(name))
    wide = sum(tensor.numel() for name, tensor in tensors.items() if not is_quantized(name))
    heads = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    caches = config.num_hidden_layers * 2 * config.num_key_value_heads * heads * 8 * 2048 * 2
    sizes = [(narrow + wide) * 2, *(narrow * BYTES[each] + wide * 2 for each in ("int8", "int4")), caches]
    assert written[0] == round((narrow + wide) / 1e9, 2)
    assert written[1:] == [round(size / 1e9, 1) for size in sizes]
    if needs := WRITERS.spec("qwen").models.get(name):
        assert needs.kept == round(wide / 1e9, 2)


def test_narrowing_needs_room_for_the_model_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny.qwen(tmp_path / "qwen", width=128, dtype=torch.bfloat16)
    options = EngineOptions(model=str(folder), precision="int4")
    monkeypatch.setattr(loading, "free_memory", lambda: 100_000)
    with pytest.raises(EngineUnavailable, match="of memory on cpu, to be narrowed to int4, and"):
        QwenWriter.placed(options)
