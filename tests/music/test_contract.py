"""What every composer promises: the sketch engine, and the models on tiny checkpoints."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled
from music.contract import COMPOSERS, Audio, Composer, MusicRequest
from tests.inference.engines import checkpoint
from tests.long import few_first

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(
    scope="module",
    params=few_first(
        5,
        [
            "sketch",
            "musicgen",
            "musicgen_melody",
            "acestep",
            "acestep on a GPU's path",
            "musicgen on a GPU's path",
        ],
    ),
)
def composer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Composer:
    if request.param == "sketch":
        return COMPOSERS.load("sketch")
    name, _, way = request.param.partition(" on ")
    folder = checkpoint(name, tmp_path_factory.mktemp(name))
    return COMPOSERS.load(name, EngineOptions(model=str(folder), gpu_path=bool(way)))


def request(**more: object) -> MusicRequest:
    usual: dict[str, Any] = {"prompt": "lofi", "lyrics": "[verse]\nla la", "seed": 1, "duration_s": 5.0}
    return MusicRequest.model_validate(usual | {"infer_step": 4} | more)


@lru_cache(maxsize=16)
def made(composer: Composer, seed: int) -> Audio:
    return composer.compose(request(seed=seed), ignore_progress)


def test_a_song_is_stereo_and_as_long_as_asked_to_the_sample(composer: Composer) -> None:
    audio = made(composer, 1)
    assert audio.samples.shape == (2, 5 * audio.rate_hz)
    assert audio.samples.dtype == np.float32
    assert 0.0 < np.abs(audio.samples).max() <= 1.0
    assert np.isfinite(audio.samples).all()


@pytest.mark.parametrize("duration_s", [1.0, 1.5, 2.0])
def test_a_second_or_two_without_words_is_as_long_as_asked(composer: Composer, duration_s: float) -> None:
    short = request(duration_s=duration_s, lyrics="", voice="none")
    audio = composer.compose(short, ignore_progress)
    assert audio.samples.shape == (2, round(duration_s * audio.rate_hz))
    assert np.isfinite(audio.samples).all()
    assert np.abs(audio.samples).max() > 0.0
    assert audio.tempo_bpm is None or audio.tempo_bpm > 0


def test_the_same_seed_gives_the_same_bytes_and_another_others(composer: Composer) -> None:
    again = composer.compose(request(), ignore_progress).samples
    assert again.tobytes() == made(composer, 1).samples.tobytes()
    assert again.tobytes() != made(composer, 2).samples.tobytes()


def test_progress_only_rises_from_near_nothing_to_one(composer: Composer) -> None:
    seen: list[float] = []
    composer.compose(request(), lambda _, fraction: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[0] <= 0.05
    assert seen[-1] == 1.0


@pytest.mark.parametrize("after", [1, 3])
def test_a_cancelled_song_stops_there_and_the_next_is_as_ever(composer: Composer, after: int) -> None:
    reported: list[float] = []

    def stop(_: str, fraction: float) -> None:
        reported.append(fraction)
        if len(reported) >= after:
            raise Cancelled

    with pytest.raises(Cancelled):
        composer.compose(request(), stop)
    assert len(reported) == after
    assert (
        composer.compose(request(), ignore_progress).samples.tobytes() == made(composer, 1).samples.tobytes()
    )


def test_songs_of_several_threads_are_what_they_are_alone(composer: Composer) -> None:
    alone = [made(composer, seed).samples for seed in (1, 2, 3)]
    with ThreadPoolExecutor(3) as threads:
        together = list(
            threads.map(lambda seed: composer.compose(request(seed=seed), ignore_progress).samples, (1, 2, 3))
        )
    for one, other in zip(alone, together, strict=True):
        assert one.tobytes() == other.tobytes()


def test_what_it_says_of_itself_is_whole(composer: Composer) -> None:
    info = composer.info
    assert info.name in COMPOSERS
    assert info.version
    assert info.licence
    assert bool(info.model) == (info.name != "sketch")


def test_no_craft_imports_torch_before_a_model_is_asked_for() -> None:
    code = (
        "import sys\n"
        "from art.contract import PAINTERS\n"
        "from lyrics.contract import WRITERS\n"
        "from music.contract import COMPOSERS\n"
        "for registry in (PAINTERS, WRITERS, COMPOSERS):\n"
        "    registry.load('sketch')\n"
        "    registry.check('sketch')\n"
        "print([name for name in ('torch', 'transformers', 'diffusers') if name in sys.modules])\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert result.stdout.strip() == "[]", result.stderr
