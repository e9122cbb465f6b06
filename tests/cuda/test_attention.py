"""PyTorch's own choice of an attention kernel on each card, asked of a PyTorch with CUDA: its chooser is all
there in the wheel, and asks its runtime only what card it is. ``SONGWRIGHT_CUDA_PYTHON`` names a Python that
has one."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.kernels import CARDS, Call, Layout, kernel
from tests.music.acestep_calls import calls_of_a_song, pipeline

HERE = Path(__file__).parent
PYTHON = os.environ.get("SONGWRIGHT_CUDA_PYTHON", "")

pytestmark = [
    pytest.mark.skipif(not PYTHON, reason="needs SONGWRIGHT_CUDA_PYTHON, a Python whose PyTorch has CUDA"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture(scope="module")
def card_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("card")
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    packages = Path(
        subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True).stdout[:-1]
    )
    [header] = packages.glob("nvidia/cu*/include/driver_types.h")
    [declared] = re.findall(
        r"struct __device_builtin__ cudaDeviceProp\s*\{.*?\n\};", header.read_text(), re.DOTALL
    )
    declared = declared.replace("__device_builtin__", "").replace("cudaUUID_t", "struct { char bytes[16]; }")
    (folder / "device.h").write_text(f"#include <stddef.h>\n{declared}\n")
    library = folder / "card.so"
    command = ["cc", "-shared", "-fPIC", "-I", str(folder), "-o", str(library), str(HERE / "card.c")]
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
            for duration_s in (10.0, 180.0, 600.0):
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
        [PYTHON, "-W", "ignore", str(HERE / "choose.py")],
        input=json.dumps(sent),
        capture_output=True,
        text=True,
        env={**os.environ, "LD_PRELOAD": str(library), "CARD": str(card)},
    )
    assert result.returncode == 0, result.stderr
    names: list[str] = json.loads(result.stdout)
    return names


@pytest.mark.parametrize("card", sorted(set(CARDS.values())))
def test_pytorch_takes_the_kernels_that_our_rules_say(
    card: int, calls: dict[str, list[Call]], card_library: Path
) -> None:
    every = [*calls["ours"], *calls["theirs"]]
    assert chosen(every, card, card_library) == [kernel(call, card) for call in every]


@pytest.mark.parametrize("card", sorted(set(CARDS.values())))
def test_no_masked_layer_is_left_with_the_math_kernel(
    card: int, calls: dict[str, list[Call]], card_library: Path
) -> None:
    def masked_math(name: str) -> int:
        asked = [
            call
            for call in calls[name]
            if call.mask is not None and (card >= 80 or call.query.dtype == torch.float32)
        ]
        assert asked
        return chosen(asked, card, card_library).count("math")

    assert masked_math("ours") == 0
    assert masked_math("theirs") > 0  # of diffusers' own, in fp32 on an H100 too
