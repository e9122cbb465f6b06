"""The kernels that read a GPU's slots to where their songs are, in Triton's interpreter: held to a reference
in float64, to the bytes that they may read, and to one song's numbers in any company; and compiled for a real
card, which need not be here."""

from __future__ import annotations

import logging
import math
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torch import Tensor

from music.musicgen.decoder import Shape
from music.musicgen.gpu import attention
from music.musicgen.gpu.attention import Attention, Masked, attention_on
from music.musicgen.gpu.slots import COLUMNS, TEXT
from tests.long import few_first

if find_spec("triton") is None:
    pytest.skip("Triton has no wheels for this system", allow_module_level=True)

from music.musicgen.gpu.reading import BLOCK, PART, Reading

ROOT = Path(__file__).parents[2]
SLOTS = 8
SHAPES = {  # of the published decoders
    "small": Shape(24, 1024, 16, 4, 2048),
    "medium": Shape(48, 1536, 24, 4, 2048),
    "large": Shape(48, 2048, 32, 4, 2048),
}
FURTHEST = {torch.float32: 1e-6, torch.float16: 2e-3, torch.bfloat16: 2e-2}


def kept(heads: int, columns: int, width: int, dtype: torch.dtype, rows: int = 2) -> tuple[Tensor, Tensor]:
    """Queries, as the product gives them with keys and values beside them, and a cache's keys and values."""
    drawn = torch.Generator().manual_seed(heads * columns + width)
    qkv = torch.randn(rows, SLOTS, 3, heads, width, generator=drawn).to(dtype)
    cache = torch.randn(2, rows, SLOTS, heads, columns, width, generator=drawn).to(dtype)
    return qkv[:, :, 0], cache


def expected(queries: Tensor, cache: Tensor, ends: Tensor) -> Tensor:
    """By the definition, slot by slot; of a free one zeros."""
    made = torch.zeros(queries.shape, dtype=torch.float64)
    for slot, end in enumerate(ends.tolist()):
        if end:
            keys, values = cache[:, :, slot, :, :end].double()
            scores = torch.einsum("rhw,rhcw->rhc", queries[:, slot].double(), keys)
            weights = (scores / math.sqrt(queries.shape[-1])).softmax(-1)
            made[:, slot] = torch.einsum("rhc,rhcw->rhw", weights, values)
    return made


@pytest.mark.parametrize("way", [Reading, Masked])
@pytest.mark.parametrize("dtype", FURTHEST, ids=str)
@pytest.mark.parametrize(("heads", "columns", "width"), [(3, 60, 16), (1, 600, 64), (2, 300, 24)])
def test_attention_is_what_its_definition_says(
    heads: int, columns: int, width: int, dtype: torch.dtype, way: Attention
) -> None:
    queries, cache = kept(heads, columns, width, dtype)
    edges = [1, 0, BLOCK, BLOCK + 1, PART, PART + 1, columns - 1, columns]
    ends = torch.tensor([min(end, columns) for end in edges])
    found = way(ends, columns, dtype)(queries, cache[0], cache[1])
    assert found.shape == queries.shape
    assert found.dtype == dtype
    assert found.isfinite().all()
    taken = ends > 0
    error = (found.double() - expected(queries, cache, ends))[:, taken].abs().max().item()
    assert error < FURTHEST[dtype], error
    if way is Reading:
        assert not found[:, ~taken].any()


@pytest.mark.parametrize("dtype", FURTHEST, ids=str)
def test_a_song_alone_and_among_eight_has_the_same_bits_and_nothing_else_is_read(dtype: torch.dtype) -> None:
    columns = PART + 60
    queries, cache = kept(1, columns, 16, dtype, rows=1)
    ends = torch.tensor([1, 70, PART, PART + 1, columns, 300, 64, 0])
    together = Reading(ends, columns, dtype)(queries, cache[0], cache[1])
    for slot, end in enumerate(ends.tolist()):
        alone = torch.full_like(cache, math.nan)  # wherever a kernel reads more than it may, this shows
        alone[:, :, slot, :, :end] = cache[:, :, slot, :, :end]
        only = torch.zeros_like(ends)
        only[slot] = end
        found = Reading(only, columns, dtype)(queries, alone[0], alone[1])
        assert torch.equal(found[:, slot], together[:, slot]), slot
        assert found.isfinite().all()


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bytes of each load that a kernel makes."""
    from triton.runtime.interpreter import InterpreterBuilder

    bytes_read: list[int] = []
    load = InterpreterBuilder.create_masked_load

    def counted(self: object, pointers: object, mask: object, *rest: object) -> object:
        size = pointers.get_element_ty().primitive_bitwidth // 8  # type: ignore[attr-defined]
        bytes_read.append(size * int(mask.data.sum()))  # type: ignore[attr-defined]
        return load(self, pointers, mask, *rest)

    monkeypatch.setattr(InterpreterBuilder, "create_masked_load", counted)
    return bytes_read


def weights_bytes(shape: Shape) -> int:
    """What every step reads of the decoder in fp16, whoever is there: of a layer queries, keys, values and
    out, cross attention's queries and out, up and down; and the heads."""
    square = shape.width**2
    return 2 * (shape.layers * (4 + 2 + 8) * square + shape.codebooks * shape.vocabulary * shape.width)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("position", [1, 100, 750, 1500])
def test_a_song_alone_reads_at_most_a_third_more_than_it_must(
    name: str, position: int, loaded: list[int]
) -> None:
    """All loads of the kernels are counted, for one head of one layer: the others are like it."""
    shape, number = SHAPES[name], 2
    width, text = shape.width // shape.heads, 12
    ends = torch.zeros(SLOTS, dtype=torch.long)
    ends[5] = position + 1
    queries, cache = kept(1, COLUMNS, width, torch.float16)
    Reading(ends, COLUMNS, torch.float16)(queries, cache[0], cache[1])
    ends[5] = text
    queries, cache = kept(1, TEXT, width, torch.float16, rows=1)
    Reading(ends, TEXT, torch.float16)(queries, cache[0], cache[1])
    whole = weights_bytes(shape)
    heads = shape.layers * shape.heads
    read = whole + heads * sum(loaded)
    must = whole + heads * 2 * width * number * (2 * (position + 1) + text)
    before = whole + heads * 2 * width * number * SLOTS * (2 * COLUMNS + TEXT)
    print(f"{name} at {position}: {read / must:.3f} of {must / 1e9:.2f} GB; all slots: {before / must:.2f}")
    assert 1.0 <= read / must < 1.05
    assert before / must > 1.9


def test_eight_songs_read_what_each_reads_alone(loaded: list[int]) -> None:
    queries, cache = kept(1, 600, 16, torch.float16, rows=1)
    ends = torch.tensor([3, 100, 0, 300, 599, 0, 1, 600])
    Reading(ends, 600, torch.float16)(queries, cache[0], cache[1])
    together, alone = sum(loaded), 0
    for slot in range(SLOTS):
        loaded.clear()
        Reading(torch.where(torch.arange(SLOTS) == slot, ends, 0), 600, torch.float16)(queries, *cache)
        alone += sum(loaded)
    # Each program reads where its song is; beside that free slots are not read.
    lookups = 8 * SLOTS * (-(-600 // PART) + 1)
    assert together == alone - (SLOTS - 1) * lookups


def test_a_gpu_has_the_kernel_and_where_it_cannot_run_the_log_says_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    import triton

    cuda = torch.device("cuda")
    assert attention_on(torch.device("cpu")) is Masked
    compiler = tmp_path / "gcc"
    compiler.write_text("")
    compiler.chmod(0o755)
    monkeypatch.delenv("CC", raising=False)
    with caplog.at_level(logging.WARNING):
        monkeypatch.setenv("PATH", str(tmp_path))
        assert attention_on(cuda) is Masked
        assert "TRITON_INTERPRET is set" in caplog.text
        monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
        assert attention_on(cuda) is Masked
        assert "no C compiler: install gcc" in caplog.text
        with monkeypatch.context() as without:
            without.setattr(attention, "find_spec", lambda name: None)
            assert attention_on(cuda) is Masked
            assert "Triton is not installed" in caplog.text
        caplog.clear()
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(triton.knobs.runtime, "interpret", False)
        assert attention_on(cuda) is Reading
    assert not caplog.records


COMPILE = """
import sys
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile
from music.musicgen.gpu.reading import BLOCK, PART, attend_part, join_parts

only = sys.argv[2] == "only"
sizes = {"WIDTH": 64, "LANES": 64, "PART": PART, "BLOCK": BLOCK, "PARTS": 8, "ONLY": only}
numbers = ("heads", "slots", "query_row", "query_slot", "columns", "parts")
kinds = dict.fromkeys(numbers, "i32") | {"scale": "fp32", "ends": "*i64"}
kinds |= dict.fromkeys(("sums", "tops", "totals"), "*fp32") | dict.fromkeys(sizes, "constexpr")
for kernel, warps in ((attend_part, 4), (join_parts, 1))[: 1 if only else 2]:
    names = kernel.arg_names
    signature = {name: kinds.get(name, "*fp16") for name in names}
    given = {name: size for name, size in sizes.items() if name in names}
    pointers = [number for number, name in enumerate(names) if signature[name].startswith("*")]
    even = {(number,): [["tt.divisibility", 16]] for number in pointers}
    target = GPUTarget("cuda", int(sys.argv[1]), 32)
    made = compile(ASTSource(kernel, signature, given, even), target=target, options={"num_warps": warps})
    ptx = made.asm["ptx"]
    print(len(made.asm["cubin"]) > 1000, "v4" in ptx, "atom." in ptx, made.metadata.shared)
"""


@pytest.mark.skipif(shutil.which("gcc") is None, reason="Triton wants a C compiler")
@pytest.mark.parametrize(("way", "kernels"), few_first(1, [("parts", 2), ("only", 1)]))
def test_the_kernels_compile_for_a_card(way: str, kernels: int, tmp_path: Path) -> None:
    """By Triton's own compiler and NVIDIA's assembler, which are in its wheel: for an L40S."""
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    environment |= {"TRITON_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-c", COMPILE, "89", way],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    for line in result.stdout.splitlines():
        is_code, reads_16_bytes_at_once, uses_atomics, shared = line.split()
        assert is_code == reads_16_bytes_at_once == "True"
        assert uses_atomics == "False"  # whose order is chance
        assert int(shared) < 48 * 1024
    assert len(result.stdout.splitlines()) == kernels
