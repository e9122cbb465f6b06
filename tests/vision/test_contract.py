"""What every reader promises: the sketch engine, and a vision-language model on a tiny checkpoint."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled, InvalidRequest
from lyrics import contract as lyrics
from tests.inference.engines import checkpoint
from tests.long import few_first
from tests.vision.photos import shot
from vision.contract import GENRES, MOODS, READERS, ImageRequest, Reader, Scene
from vision.pixels import Pixels

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module", params=few_first(2, ["sketch", "qwen_vl", "qwen_vl as on a GPU"]))
def reader(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    if request.param == "sketch":
        return READERS.load("sketch")
    folder = checkpoint("qwen_vl", tmp_path_factory.mktemp("qwen_vl"))
    gpu_path = request.param != "qwen_vl"
    return READERS.load("qwen_vl", EngineOptions(model=str(folder), precision="fp32", gpu_path=gpu_path))


def scene(reader: Reader, pixels: Pixels, seed: int = 1) -> Scene:
    return reader.read(ImageRequest(pixels, seed), ignore_progress)


def test_the_names_are_those_that_the_writers_know() -> None:
    assert GENRES == lyrics.GENRES
    assert MOODS == lyrics.MOODS


@pytest.mark.parametrize("kind", ["day", "night", "noise"])
def test_a_photo_becomes_a_whole_scene(reader: Reader, kind: str) -> None:
    found = scene(reader, shot(kind))
    assert Scene.model_validate_json(found.model_dump_json()) == found
    assert found.mood in MOODS
    assert set(found.genres) <= set(GENRES)
    assert len(set(found.genres)) == len(found.genres)
    assert all(element == " ".join(element.split()) != "" for element in found.elements)
    assert len(found.description) >= 10


def test_the_same_photo_and_seed_give_the_same_scene_and_others_another(reader: Reader) -> None:
    first = scene(reader, shot("day"))
    assert scene(reader, shot("day")) == first
    assert any(scene(reader, shot("day"), seed) != first for seed in range(2, 6))
    assert scene(reader, shot("night")) != first


@pytest.mark.parametrize("size", [(16, 16), (16, 300), (333, 17), (1200, 900)])
def test_any_size_can_be_read(reader: Reader, size: tuple[int, int]) -> None:
    if reader.info.name != "sketch" and max(size) > 1000:
        size = (300, 200)  # even a tiny model takes a second for a thousand patches
    pixels = np.random.default_rng(5).integers(0, 256, (*size, 3), np.uint8)
    assert scene(reader, pixels).elements


def test_progress_only_rises_and_ends_at_one(reader: Reader) -> None:
    fractions: list[float] = []
    reader.read(ImageRequest(shot("sea"), 1), lambda _stage, fraction: fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0


@pytest.mark.parametrize("after", [1, 2])
def test_a_cancelled_reading_stops_there_and_the_next_is_as_ever(reader: Reader, after: int) -> None:
    expected, reported = scene(reader, shot("sea")), []

    def stop(_stage: str, fraction: float) -> None:
        reported.append(fraction)
        if len(reported) >= after:
            raise Cancelled

    with pytest.raises(Cancelled):
        reader.read(ImageRequest(shot("sea"), 1), stop)
    assert len(reported) == after
    assert scene(reader, shot("sea")) == expected


def test_photos_of_several_threads_are_what_they_are_alone(reader: Reader) -> None:
    wishes = [(shot(kind), seed) for seed, kind in enumerate(("sea", "city", "fog", "day", "noise"))]
    alone = [scene(reader, *wish) for wish in wishes]
    with ThreadPoolExecutor(len(wishes)) as threads:
        together = list(threads.map(lambda wish: scene(reader, *wish), wishes))
    assert together == alone


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((64, 64), np.uint8),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((64, 64, 3), np.float32),
        np.zeros((8, 64, 3), np.uint8),
    ],
    ids=["grey", "four channels", "floats", "tiny"],
)
def test_what_is_no_photo_is_refused(reader: Reader, pixels: Pixels) -> None:
    with pytest.raises(InvalidRequest, match="image"):
        scene(reader, pixels)


def test_nothing_of_a_model_is_imported_before_it_is_asked_for() -> None:
    code = (
        "import sys; from vision.contract import READERS; READERS.load('sketch'); "
        "print([name for name in ('torch', 'transformers', 'xgrammar') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert result.stdout.strip() == "[]"
