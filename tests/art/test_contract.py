"""What every painter promises: the sketch engine, and the models on a tiny checkpoint."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from art.contract import PAINTERS, Cover, CoverRequest, Painter
from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled
from tests.inference.engines import checkpoint

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module", params=["sketch", "sdxl_turbo", "diffusion"])
def painter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Painter:
    if request.param == "sketch":
        return PAINTERS.load("sketch")
    folder = checkpoint(request.param, tmp_path_factory.mktemp(request.param))
    loaded: Any = PAINTERS.load(request.param, EngineOptions(model=str(folder)))
    loaded.steps = 4  # thirty take even a tiny model seconds
    return cast(Painter, loaded)


@pytest.fixture
def sketch() -> Painter:
    """For what would take a model, even a tiny one, too long."""
    return PAINTERS.load("sketch")


def paint(painter: Painter, **fields: object) -> Cover:
    base = {"prompt": "a cover", "title": "Neon Rain", "seed": 1, "size": 256}
    return painter.paint(CoverRequest.model_validate(base | fields), ignore_progress)


@pytest.mark.parametrize("size", [256, 384, 1024])
def test_a_cover_has_the_size_that_was_asked_for(sketch: Painter, size: int) -> None:
    pixels = paint(sketch, size=size).pixels
    assert pixels.shape == (size, size, 3)
    assert pixels.dtype == np.uint8
    assert pixels.std() > 10


def test_a_model_is_held_to_the_size_too(painter: Painter) -> None:
    pixels = paint(painter, size=260, titled=False).pixels
    assert pixels.shape == (260, 260, 3)
    assert pixels.dtype == np.uint8
    assert pixels.std() > 1


def test_the_same_request_gives_the_same_pixels_and_another_seed_others(painter: Painter) -> None:
    assert np.array_equal(paint(painter).pixels, paint(painter).pixels)
    assert not np.array_equal(paint(painter).pixels, paint(painter, seed=2).pixels)


def test_another_process_paints_the_same(sketch: Painter) -> None:
    code = (
        "from art.contract import *; from config.engine import ignore_progress; "
        f"cover = PAINTERS.load({sketch.info.name!r}).paint("
        "CoverRequest(prompt='a cover', title='Neon Rain', seed=1, size=256), ignore_progress); "
        "print(int(cover.pixels.astype(int).sum()))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert int(result.stdout) == int(paint(sketch).pixels.astype(int).sum())


def test_covers_of_several_threads_are_what_they_are_alone(painter: Painter) -> None:
    alone = [paint(painter, seed=seed).pixels for seed in range(3)]
    with ThreadPoolExecutor(3) as threads:
        together = list(threads.map(lambda seed: paint(painter, seed=seed).pixels, range(3)))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one, other)


def test_progress_only_rises_and_ends_at_one(painter: Painter) -> None:
    fractions: list[float] = []
    request = CoverRequest(prompt="a cover", title="Neon Rain", seed=1, size=256)
    painter.paint(request, lambda _stage, fraction: fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert fractions[0] <= 0.3
    assert fractions[-1] == 1.0


@pytest.mark.parametrize("after", [1, 2])
def test_a_cancelled_cover_stops_there_and_the_next_is_as_ever(painter: Painter, after: int) -> None:
    expected, reported = paint(painter).pixels, []

    def stop(_stage: str, fraction: float) -> None:
        reported.append(fraction)
        if len(reported) >= after:
            raise Cancelled

    with pytest.raises(Cancelled):
        painter.paint(CoverRequest(prompt="a cover", title="Neon Rain", seed=1, size=256), stop)
    assert len(reported) == after
    assert np.array_equal(paint(painter).pixels, expected)


@pytest.mark.parametrize(
    "title", ["…", "雨の夜", "أغنية", "🎉🎂", "A", "x" * 80, "W" * 40, "one two three " * 5]
)
def test_any_title_can_be_set(sketch: Painter, title: str) -> None:
    cover = paint(sketch, title=title.strip())
    assert cover.pixels.shape == (256, 256, 3)


def test_unknown_genres_and_moods_are_painted_too(sketch: Painter) -> None:
    assert paint(sketch, genre="zydeco fusion", mood="saudade").pixels.std() > 10
