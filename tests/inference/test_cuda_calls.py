"""Loading a model for a memory snapshot does not call CUDA, for any engine: see ``cuda_calls``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.inference.engines import CHECKPOINTS, checkpoint
from tests.long import soak_after

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "name", ["musicgen", "qwen", *soak_after(0, sorted(CHECKPOINTS.keys() - {"musicgen", "qwen"}))]
)
def test_loading_for_a_snapshot_asks_cuda_nothing(name: str, tmp_path: Path) -> None:
    folder = checkpoint(name, tmp_path)
    command = [sys.executable, "-W", "ignore", "-m", "tests.inference.cuda_calls", name, str(folder)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(result.stdout.splitlines()[-1])
    print(f"{name}: {len(found['loading'])} calls of CUDA while it is loaded")
    assert found == {"engine": name, "loading": [], "after": ["cudaGetDeviceCount"]}
