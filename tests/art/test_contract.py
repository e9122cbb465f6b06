"""What every embedded painter promises; a model is held to it on a tiny checkpoint, in a file of its own."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from art.contract import PAINTERS, Cover, CoverRequest, Painter
from config.engine import ignore_progress
from config.errors import Cancelled

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(params=["sketch"])
def painter(request: pytest.FixtureRequest) -> Painter:
    return PAINTERS.load(request.param)


def paint(painter: Painter, **fields: object) -> Cover:
    base = {"prompt": "a cover", "title": "Neon Rain", "seed": 1, "size": 256}
    return painter.paint(CoverRequest.model_validate(base | fields), ignore_progress)


@pytest.mark.parametrize("size", [256, 384, 1024])
def test_a_cover_has_the_size_that_was_asked_for(painter: Painter, size: int) -> None:
    pixels = paint(painter, size=size).pixels
    assert pixels.shape == (size, size, 3)
    assert pixels.dtype == np.uint8
    assert pixels.std() > 10


def test_the_same_request_gives_the_same_pixels_and_another_seed_others(painter: Painter) -> None:
    assert np.array_equal(paint(painter).pixels, paint(painter).pixels)
    assert not np.array_equal(paint(painter).pixels, paint(painter, seed=2).pixels)


def test_another_process_paints_the_same(painter: Painter) -> None:
    code = (
        "import hashlib; from art.contract import *; from config.engine import ignore_progress; "
        f"cover = PAINTERS.load({painter.info.name!r}).paint("
        "CoverRequest(prompt='a cover', title='Neon Rain', seed=1, size=256), ignore_progress); "
        "print(int(cover.pixels.astype(int).sum()))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert int(result.stdout) == int(paint(painter).pixels.astype(int).sum())


def test_threads_do_not_disturb_each_other(painter: Painter) -> None:
    with ThreadPoolExecutor(4) as pool:
        covers = list(pool.map(lambda seed: paint(painter, seed=seed).pixels, [1, 2, 1, 2]))
    assert np.array_equal(covers[0], covers[2])
    assert np.array_equal(covers[1], covers[3])


def test_progress_only_rises_and_ends_at_one(painter: Painter) -> None:
    fractions: list[float] = []
    request = CoverRequest(prompt="a cover", title="Neon Rain", seed=1, size=256)
    painter.paint(request, lambda _stage, fraction: fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_a_caller_who_has_gone_stops_it(painter: Painter) -> None:
    def gone(_stage: str, fraction: float) -> None:
        if fraction > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        painter.paint(CoverRequest(prompt="a cover", title="Neon Rain", seed=1, size=256), gone)


@pytest.mark.parametrize(
    "title", ["…", "雨の夜", "أغنية", "🎉🎂", "A", "x" * 80, "W" * 40, "one two three " * 5]
)
def test_any_title_can_be_set(painter: Painter, title: str) -> None:
    cover = paint(painter, title=title.strip())
    assert cover.pixels.shape == (256, 256, 3)


def test_unknown_genres_and_moods_are_painted_too(painter: Painter) -> None:
    assert paint(painter, genre="zydeco fusion", mood="saudade").pixels.std() > 10
