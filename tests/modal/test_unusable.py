"""Containers whose engine cannot be used: they say why, once, and make room for the next.

The stand-in restores a container in place: what an old snapshot lacks is held in ``test_engine_host``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import EngineUnavailable
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import new_songs
from tests import tiny
from tests.modal.deployed import SKETCH, Deployed, deployed
from tests.storage.s3 import S3, s3_server

pytestmark = [
    pytest.mark.alone,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"),
]
TAG = "CoverEngine.*"
LOADED_S = 120.0


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with s3_server() as server:
        yield server


@pytest.fixture
def app(s3: S3, tmp_path: Path) -> Iterator[Deployed]:
    """With a painter whose weights nobody has fetched yet."""
    env = {
        **SKETCH,
        "SONGWRIGHT_ART__ENGINE": "sdxl_turbo",
        "SONGWRIGHT_ART__DEVICE": "cpu",
        "SONGWRIGHT_MODAL__WEIGHTS": str(tmp_path / "weights"),
    }
    with deployed(s3, env) as app:
        yield app


@pytest.mark.long
def test_a_container_without_weights_answers_and_ends_and_the_next_has_them(app: Deployed) -> None:
    control = app.control
    song = new_songs(Brief(description="a song"))[0].model_dump_json()
    result, error = control.invoke(TAG, "cover", song, method="step").result(LOADED_S)
    assert (result, type(error)) == ("", EngineUnavailable)
    assert "'stabilityai/sdxl-turbo'" in str(error)
    assert str(error).endswith("run: modal run main.py::prefetch")
    (container,) = control.containers(TAG, alive=False)
    control.wait(lambda: not container.alive, what="the container to end")
    assert (container.exit_code, container.taken) == (0, 1)
    lines = {line for line in container.log.splitlines() if "cannot be loaded" in line}
    assert lines == {f"engine 'sdxl_turbo' cannot be loaded: {error}"}

    hub = control.volume("sdxl-turbo-models") / "hub" / "models--stabilityai--sdxl-turbo"
    tiny.sdxl(hub / "snapshots" / ("a" * 40))
    (hub / "refs").mkdir()
    (hub / "refs" / "main").write_text("a" * 40)
    said = control.invoke(TAG, method="wake").result(LOADED_S)
    assert said.startswith("sdxl_turbo 1: stabilityai/sdxl-turbo")
    assert len(control.containers(TAG)) == 1
