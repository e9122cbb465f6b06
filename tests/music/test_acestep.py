"""ACE-Step on tiny checkpoints, turbo and base, held to the composers' contract."""

import numpy as np
import pytest

from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled
from music.contract import COMPOSERS, Composer, MusicRequest
from tests.tiny import acestep

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)


@pytest.fixture(scope="module", params=[True, False], ids=["turbo", "base"])
def composer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Composer:
    folder = acestep(tmp_path_factory.mktemp("acestep"), turbo=request.param)
    return COMPOSERS.load("acestep", EngineOptions(model=str(folder)))


def request(**more: object) -> MusicRequest:
    usual = {"prompt": "lofi", "lyrics": "[verse]\nla la", "seed": 1, "duration_s": 10.0, "infer_step": 4}
    return MusicRequest.model_validate(usual | more)


def made(composer: Composer, **more: object) -> np.ndarray:  # type: ignore[type-arg]
    return composer.compose(request(**more), ignore_progress).samples


def test_the_request_decides_and_nothing_else(composer: Composer) -> None:
    first = made(composer)
    assert first.shape == (2, 480_000)
    assert first.dtype == np.float32
    assert 0.01 < np.abs(first).max() <= 1.0
    assert np.array_equal(first, made(composer))
    changes = [{"seed": 2}, {"prompt": "metal"}, {"lyrics": "[chorus]\nhey"}, {"tempo_bpm": 60.0}]
    changes += [{"key": "F# minor"}, {"metre": "3/4"}, {"language": "de"}, {"infer_step": 3}]
    for change in changes:
        assert not np.array_equal(first, made(composer, **change)), change


def test_guidance_is_heeded_where_the_checkpoint_has_it(composer: Composer) -> None:
    heeded = not np.array_equal(made(composer, guidance_scale=1.0), made(composer, guidance_scale=9.0))
    assert heeded == ("guidance_scale" in composer.info.parameters)


def test_a_cancelled_song_stops_within_a_step_and_the_next_is_as_ever(composer: Composer) -> None:
    expected, told = made(composer), []

    def stop(_: str, fraction: float) -> None:
        told.append(fraction)
        if fraction > 0.2:
            raise Cancelled

    with pytest.raises(Cancelled):
        composer.compose(request(infer_step=8), stop)
    assert len([fraction for fraction in told if fraction > 0.2]) == 1
    assert np.array_equal(made(composer), expected)


def test_a_song_shorter_than_it_makes_is_cut_and_says_so(composer: Composer) -> None:
    audio = composer.compose(request(duration_s=5.0), ignore_progress)
    assert audio.samples.shape == (2, 240_000)
    assert "10 s or more" in audio.warnings[0]
