"""SDXL Turbo and other diffusion models on a tiny checkpoint, held to the painters' contract."""

from pathlib import Path

import numpy as np
import pytest

from art.contract import PAINTERS, CoverRequest, Painter
from config.engine import EngineOptions, ignore_progress
from config.errors import EngineUnavailable
from tests.tiny import klein, sdxl

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {"sdxl": sdxl(tmp_path_factory.mktemp("sdxl"))}
    return made | {"klein": klein(tmp_path_factory.mktemp("klein"))}


@pytest.fixture(
    scope="module",
    params=[("sdxl_turbo", "sdxl"), ("diffusion", "sdxl"), ("diffusion", "klein")],
    ids=lambda pair: "-".join(pair),
)
def chosen(request: pytest.FixtureRequest) -> tuple[str, str]:
    """An engine and its checkpoint."""
    pair: tuple[str, str] = request.param
    return pair


@pytest.fixture(scope="module", params=[False, True], ids=["cpu", "gpu_path"])
def painter(request: pytest.FixtureRequest, chosen: tuple[str, str], folders: dict[str, Path]) -> Painter:
    engine, kind = chosen
    options = EngineOptions(model=str(folders[kind]), device="cpu", gpu_path=request.param)
    return PAINTERS.load(engine, options)


def request(**more: object) -> CoverRequest:
    usual = {"prompt": "a red boat", "title": "Sea", "seed": 1, "size": 256, "titled": False}
    return CoverRequest.model_validate(usual | more)


def made(painter: Painter, **more: object) -> np.ndarray:  # type: ignore[type-arg]
    return painter.paint(request(**more), ignore_progress).pixels


def test_the_request_decides_and_nothing_else(painter: Painter) -> None:
    first = made(painter)
    assert first.shape == (256, 256, 3)
    assert first.dtype == np.uint8
    assert first.std() > 1
    assert np.array_equal(first, made(painter))
    assert not np.array_equal(first, made(painter, seed=2))
    assert not np.array_equal(first, made(painter, prompt="a green hill"))


def test_the_title_is_set_on_it_when_asked(painter: Painter) -> None:
    plain, titled = made(painter), painter.paint(request(titled=True), ignore_progress)
    box = titled.title_box
    assert box
    changed = np.abs(plain.astype(int) - titled.pixels).max(axis=2)[
        box.top : box.bottom, box.left : box.right
    ]
    assert (changed > 20).mean() > 0.1


def test_weights_whose_covers_may_not_be_sold_name_others_that_may() -> None:
    with pytest.raises(EngineUnavailable, match="does not allow it - use SONGWRIGHT_ART__ENGINE=diffusion"):
        PAINTERS.load("sdxl_turbo", EngineOptions(model="stabilityai/sdxl-turbo", commercial=True))
