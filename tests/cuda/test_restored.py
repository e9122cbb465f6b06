"""A GPU that comes after the model was loaded, as after a memory snapshot, is found, whatever the engine.

Played by ``driver.c``: the number of devices, their facts and free memory, so that torch's own CUDA starts up
as on a GPU. Not played: memory and kernels. So what is held here ends where the first tensor would move:
``_move`` of each engine is only written down.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
if torch.version.cuda is None:
    pytest.skip("with CUDA's wheels, in an environment of their own: make test-cuda", allow_module_level=True)

from tests.cuda.driver import Driver, built  # noqa: E402 - needs what is looked for above
from tests.inference.engines import CHECKPOINTS, checkpoint, registry_of  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)
ENGINES = [name for name in CHECKPOINTS if name != "diffusion"]  # sdxl_turbo's own class


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Driver:
    return built(tmp_path_factory.mktemp("driver"))


def test_without_a_snapshot_in_mind_the_first_answer_holds(driver: Driver) -> None:
    """So the driver is heard at all, and torch keeps what it was told."""
    code = (
        "import os, torch; first = torch.cuda.is_available(); "
        "open(os.environ['DRIVER_DEVICE'], 'w').close(); print(first, torch.cuda.is_available())"
    )
    assert driver.run("-c", code).split() == ["False", "False"]
    assert driver.questions.read_text().splitlines() == ["cudaGetDeviceCount"]


@pytest.mark.parametrize("name", ENGINES)
def test_a_gpu_that_comes_after_loading_is_found(name: str, driver: Driver, tmp_path: Path) -> None:
    folder = checkpoint(name, tmp_path / "checkpoint")
    arguments = (registry_of(name).craft, name, str(folder), str(tmp_path))
    found = json.loads(driver.run("-m", "tests.cuda.restored", *arguments).splitlines()[-1])
    print(f"{name}: asked {found['loading']}, then: {found['said']}")
    assert re.match(rf"{name} \d+: {re.escape(str(folder))}", found["said"])
    assert re.search(r" on cuda(, turbo)?$", found["said"])
    assert found["moved"] == ["cuda"]
    assert found["available"]
    assert found["counts"] == [1, 1]
    assert found["device"] == "NVIDIA L4"
    assert found["loading"] == []
