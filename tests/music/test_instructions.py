"""The instructions that MusicGen's compiled loops are made of: which a processor gets, and that the same
numbers come of all, bit for bit. Each set but the best is tried in a process of its own, which compiles all
that it runs: in a test run the one that differs most, and ``make test-instructions`` tries each with
everything."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from config.engine import EngineOptions
from config.errors import InvalidRequest
from config.settings import load_settings, options_of
from music.musicgen.compiled import compiled_loops
from music.musicgen.decoder import Decoder, Track
from music.musicgen.encodec.codec import Codec
from music.musicgen.sampling import Sampling
from tests.music.test_codec import codes_of, model_of
from tests.music.test_cpu import WIDE, weights_of
from tests.music.test_musicgen import CPU, PRECISIONS, noise_table
from tests.test_architecture import ROOT

if compiled_loops() is None:
    pytest.skip("music/musicgen/cpu is not there", allow_module_level=True)

from music.musicgen.cpu import instructions
from music.musicgen.cpu.instructions import SETS, Instructions, available
from music.musicgen.cpu.layout import NUMBERS, Matrix, Narrow, Thread
from music.musicgen.cpu.packing import arena, packed

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

OTHERS = [each.name for each in available()[1:]]
EVERYTHING = bool(os.environ.get("SONGWRIGHT_TEST_INSTRUCTIONS"))
"""Whether all precisions of all sets are tried: six minutes of a processor."""
BEYOND_AVX2 = r"zmm|%k[0-7]|[xy]mm(1[6-9]|2\d|3[01])"
FOREIGN = {  # what must not be among a set's instructions
    "avx512_vnni": r"vdpbf16ps",
    "avx512": r"vdpbf16ps|vpdp",
    "avx_vnni": BEYOND_AVX2 + "|vdpbf16ps",
    "avx2": BEYOND_AVX2 + "|vdpbf16ps|vpdp",
}
OWN = {
    "avx512_vnni": "vpdpbusd.*zmm",
    "avx512": "zmm",
    "avx_vnni": r"\{vex\}.*vpdpbusd",
    "avx2": "vpmaddubsw",
}
INPUTS, OUTPUTS = 256, 64


def rows_and_weights() -> tuple[torch.Tensor, torch.Tensor]:
    """29 rows, which go through in groups of 8, 4 and 1. Those of ones give sums of int8 that are as large as
    they come."""
    drawn = torch.Generator().manual_seed(3)
    rows, weight = torch.randn(29, INPUTS, generator=drawn), torch.randn(OUTPUTS, INPUTS, generator=drawn)
    rows[3], rows[4], weight[5], weight[6] = 1.0, -1.0, 1.0, -1.0
    return rows, weight


def products() -> dict[str, Any]:
    """By precision, what the loops make of ``rows_and_weights`` as they take them."""
    from music.musicgen.cpu.loops.arithmetic import narrowed
    from music.musicgen.cpu.loops.products import product

    made, (rows, weight) = {}, rows_and_weights()
    for precision in PRECISIONS:
        numbers, addresses = NUMBERS[precision], list[int]()
        kept = arena([packed(weight, numbers)], addresses)
        narrow = Narrow(np.zeros((29, INPUTS), numbers), np.zeros(29, np.float32))
        for number in range(29):
            narrowed(rows.numpy()[number], narrow, number)
        out = np.zeros((29, OUTPUTS), np.float32)
        product(Matrix(addresses[0], OUTPUTS, INPUTS), narrow, 29, out, Thread(0, 1, 0))
        made |= {precision: out, f"{precision} inputs": narrow.numbers}
        del kept
    return made | {"int8 scales": narrow.scales}


def sounds_and_logits() -> dict[str, Any]:
    """What a decoder and an EnCodec of compiled loops make. Every loop is run in int8, whose arithmetic
    differs most between sets; each other precision takes as long to compile again."""
    made, table = {}, noise_table(WIDE.codebooks)
    for precision in PRECISIONS if EVERYTHING else ("int8",):
        decoder = Decoder(weights_of(WIDE), WIDE, precision, CPU)
        texts = [torch.randn(5 + n, 256, generator=torch.Generator().manual_seed(n)) for n in range(3)]
        songs = [Track(decoder, text, 40, Sampling(top_k=9), lambda step: table[step]) for text in texts]
        logits = [decoder.step(songs) for _ in range(40)]
        made[precision] = torch.stack(logits).numpy()
    codec = Codec(model_of(num_filters=32), narrow=True)
    return made | {"sound": codec([codes_of(70)])[0].numpy()}


def write(instructions_name: str, what: str, path: str) -> None:
    """``products`` or ``sounds_and_logits`` of this process into a file, and their loop's assembly beside."""
    compiled_loops(instructions_name)
    made = {"products": products, "sounds_and_logits": sounds_and_logits}[what]()
    from music.musicgen.cpu.loops.advance import advance
    from music.musicgen.cpu.loops.products import product

    loop = product if what == "products" else advance
    Path(path).with_suffix(".s").write_text("\n".join(loop.inspect_asm().values()))
    np.savez(path, **made)


def by(name: str, what: str, folder: Path) -> tuple[dict[str, Any], str]:
    """What ``write`` writes in another process, compiled anew."""
    path = folder / "made.npz"
    command = [sys.executable, "-W", "ignore", "-c"]
    command.append(
        f"from tests.music.test_instructions import write; write({name!r}, {what!r}, {str(path)!r})"
    )
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder)}
    subprocess.run(command, env=environment, cwd=ROOT, check=True, timeout=600)
    with np.load(path) as made:
        return dict(made), path.with_suffix(".s").read_text()


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found.keys() == expected.keys()
    for name, numbers in expected.items():
        assert np.isfinite(numbers).all()
        assert numbers.std() > 0
        assert np.array_equal(found[name], numbers), name


def assert_made_of(name: str, assembly: str) -> None:
    assert len(assembly) > 10_000
    assert re.search(OWN[name], assembly)
    assert not re.search(FOREIGN[name], assembly)


@pytest.mark.skipif(not available(), reason="there are no loops for this processor")
def test_products_are_those_of_whole_and_real_numbers() -> None:
    made, (rows, weight) = products(), rows_and_weights()
    exact = rows.double() @ weight.double().t()
    assert np.allclose(made["fp32"], exact, rtol=0, atol=1e-4)
    exact = rows.bfloat16().double() @ weight.bfloat16().double().t()
    assert np.allclose(made["bf16"], exact, rtol=0, atol=1e-4)
    scales = (weight.abs().amax(1) / 127.0).numpy()
    whole = (weight / torch.from_numpy(scales)[:, None]).round().numpy().astype(np.int64)
    inputs = made["int8 inputs"].astype(np.int64) - 128
    assert inputs.min() == -127
    assert inputs.max() == 127
    sums = (inputs @ whole.T).astype(np.float32)
    assert np.abs(sums).max() == 127 * 127 * INPUTS
    assert np.array_equal(made["int8"], sums * (scales[None] * made["int8 scales"][:, None]))


def others(here: str = "") -> list[Any]:
    """The other sets for ``parametrize``: ``here`` is tried in every run of the tests."""
    beyond = [pytest.mark.skipif(not EVERYTHING, reason="make test-instructions tries it"), pytest.mark.long]
    return [pytest.param(name, marks=() if name == here else beyond) for name in OTHERS]


# avx512_vnni is not among them: its int8 is that of avx512_bf16, and its bf16 that of avx512.
@pytest.mark.parametrize("name", others("avx2"))
def test_products_by_other_instructions_are_the_same(name: str, tmp_path: Path) -> None:
    made, assembly = by(name, "products", tmp_path)
    assert_same(made, products())
    assert_made_of(name, assembly)


@pytest.mark.parametrize("name", others())
def test_songs_by_other_instructions_are_the_same(name: str, tmp_path: Path) -> None:
    made, assembly = by(name, "sounds_and_logits", tmp_path)
    assert_same(made, sounds_and_logits())
    assert_made_of(name, assembly)


AVX2 = ("avx", "avx2", "fma", "f16c")
AVX512 = (*AVX2, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")


@pytest.mark.parametrize(
    ("processor", "features", "expected"),
    [
        ("AMD Zen 5", (*AVX512, "avx512vnni", "avx512bf16", "avxvnni"), "avx512_bf16"),
        ("AMD Zen 4, Intel Sapphire Rapids", (*AVX512, "avx512vnni", "avx512bf16"), "avx512_bf16"),
        ("Intel Ice Lake, Cascade Lake", (*AVX512, "avx512vnni"), "avx512_vnni"),
        ("Intel Skylake-X", AVX512, "avx512"),
        ("Intel Xeon Phi", (*AVX2, "avx512f", "avx512cd", "avx512er", "avx512pf"), "avx2"),
        ("Intel Alder Lake and later", (*AVX2, "avxvnni"), "avx_vnni"),
        ("AMD Zen to Zen 3, Intel Haswell", AVX2, "avx2"),
        ("Intel Sandy Bridge", ("avx",), None),
        ("another kind", (), None),
    ],
)
def test_a_processor_gets_the_best_that_it_has(
    processor: str, features: tuple[str, ...], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instructions, "_features", lambda: dict.fromkeys(features, True) | {"sse4a": False})
    monkeypatch.setattr(instructions._Chosen, "instructions", None)
    found = available()
    assert (found[0].name if found else None) == expected, processor
    if expected:
        assert instructions.in_use().name == expected
    else:
        with pytest.raises(RuntimeError, match="no compiled loops for this processor"):
            instructions.in_use()


def test_what_a_set_leaves_is_nothing_that_it_needs() -> None:
    for each in SETS:
        assert not any(feature.startswith(each.leaves) for feature in each.needs if each.leaves)


def test_other_instructions_than_the_processors_are_refused_with_those_that_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(instructions, "_features", lambda: dict.fromkeys(AVX2, True))
    monkeypatch.setattr(instructions._Chosen, "instructions", None)
    for name in ("avx512", "sse9"):
        with pytest.raises(InvalidRequest, match=f"{name}.*this processor has: auto, avx2$"):
            compiled_loops(name)


def test_a_process_has_loops_of_one_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "_features", lambda: dict.fromkeys(AVX512, True))
    chosen: Instructions = SETS[-3]
    assert chosen.name == "avx512"
    monkeypatch.setattr(instructions._Chosen, "instructions", None)
    compiled_loops()
    monkeypatch.setattr(instructions, "_restrict_compiler", lambda *_, **__: None)
    compiled_loops("avx512")
    compiled_loops("avx512")
    compiled_loops()
    assert instructions.in_use() == chosen
    with pytest.raises(InvalidRequest, match="this process uses avx512 already"):
        compiled_loops("avx2")


def test_the_setting_reaches_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONGWRIGHT_MUSIC__INSTRUCTIONS", "avx2")
    assert options_of(load_settings(), "music").instructions == "avx2"
    assert EngineOptions().instructions == "auto"
