"""PyTorch's own choice of an attention kernel on each card. Its chooser is all there in a wheel with CUDA,
and asks its runtime only what card it is, which ``card.c`` plays. Not played: memory and kernels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
if torch.version.cuda is None:
    pytest.skip("with CUDA's wheels, in an environment of their own: make test-cuda", allow_module_level=True)

import nvidia.cu13  # noqa: E402 - needs what is looked for above
import triton.backends.nvidia  # noqa: E402

from tests.kernels import CARDS, Call, Layout, kernel  # noqa: E402
from tests.music.acestep_calls import calls_of_a_song, pipeline  # noqa: E402

HERE = Path(__file__).parent

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def card_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """From the headers that the wheels bring: triton's have what the runtime's leave out."""
    library = tmp_path_factory.mktemp("card") / "card.so"
    runtime, compiler = (
        Path(next(iter(package.__path__))) for package in (nvidia.cu13, triton.backends.nvidia)
    )
    command = [
        *("gcc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror"),
        *("-I", str(runtime / "include"), "-isystem", str(compiler / "include")),
        *("-o", str(library), str(HERE / "card.c")),
    ]
    subprocess.run(command, check=True)
    return library


@pytest.fixture(scope="module")
def calls() -> dict[str, list[Call]]:
    """Ours, without repetitions, and as diffusers would ask."""
    found: dict[str, list[Call]] = {}
    for name, ours in {"ours": True, "theirs": False}.items():
        seen: list[Call] = []
        for dtype in (torch.bfloat16, torch.float32):
            pipe = pipeline("XL", dtype, ours=ours)
            for duration_s in (180.0, 600.0):
                for asked in calls_of_a_song(pipe, duration_s).values():
                    seen += asked
        found[name] = list(dict.fromkeys(seen))
    return found


def chosen(calls: list[Call], card: int, library: Path) -> list[str]:
    def described(layout: Layout) -> dict[str, Any]:
        dtype = str(layout.dtype).removeprefix("torch.")
        return {"shape": layout.shape, "strides": layout.strides, "dtype": dtype}

    sent = []
    for call in calls:
        tensors = {"query": call.query, "key": call.key, "value": call.value}
        if call.mask is not None:
            tensors["attn_mask"] = call.mask
        sent.append(
            {
                "tensors": {name: described(layout) for name, layout in tensors.items()},
                "causal": call.causal,
                "grouped": call.grouped,
            }
        )
    result = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / "choose.py")],
        input=json.dumps(sent),
        capture_output=True,
        text=True,
        env={**os.environ, "LD_PRELOAD": str(library), "CARD": str(card)},
    )
    assert result.returncode == 0, result.stderr
    names: list[str] = json.loads(result.stdout)
    return names


@pytest.fixture(scope="module", params=sorted(set(CARDS.values())))
def card(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


@pytest.fixture(scope="module")
def answers(card: int, calls: dict[str, list[Call]], card_library: Path) -> dict[str, dict[Call, str]]:
    """Which kernel PyTorch takes for each call."""
    every = [*calls["ours"], *calls["theirs"]]
    names = dict(zip(every, chosen(every, card, card_library), strict=True))
    return {who: {call: names[call] for call in asked} for who, asked in calls.items()}


def test_pytorch_takes_the_kernels_that_our_rules_say(card: int, answers: dict[str, dict[Call, str]]) -> None:
    for asked in answers.values():
        assert asked == {call: kernel(call, card) for call in asked}


def test_no_masked_layer_is_left_with_the_math_kernel(card: int, answers: dict[str, dict[Call, str]]) -> None:
    def masked(who: str) -> list[str]:
        return [
            name
            for call, name in answers[who].items()
            if call.mask is not None and (card >= 80 or call.query.dtype == torch.float32)
        ]

    assert masked("ours")
    assert "math" not in masked("ours")
    assert "math" in masked("theirs")  # diffusers' own, on an H100 in fp32
