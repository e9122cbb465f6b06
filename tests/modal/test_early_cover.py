"""A cover that is begun as soon as the plan has its words: genuine containers of the deployed app."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status
from tests.modal.calls import Call
from tests.modal.deployed import Deployed, deployed, until
from tests.orchestrator.hasty import BROKEN, CHANGED, PATIENT, logged
from tests.orchestrator.test_cli import QUICK
from tests.service.test_generation import ASYNC, describe
from tests.storage.s3 import s3_server

pytestmark = [
    pytest.mark.alone,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]

HERE = "tests.orchestrator.hasty"
ENV = {
    **QUICK,
    "SONGWRIGHT_LYRICS__ENGINE": f"{HERE}:HastyWriter",
    "SONGWRIGHT_ART__ENGINE": f"{HERE}:CarefulPainter",
    "SONGWRIGHT_VISION__ENGINE": "sketch",
    "SONGWRIGHT_MODAL__PACKAGES": "tests",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def app(home: Path) -> Iterator[Deployed]:
    container_env = {"SONGWRIGHT_HOME": str(home)}
    with s3_server() as s3, deployed(s3, ENV, snapshots=False, container_env=container_env) as app:
        yield app


def made(app: Deployed, text: str, seed: int) -> Song:
    with app.client as client:
        body = describe(text, audio_duration=5, seed=seed)
        song_id = client.post("/generate-from-description", json=body, headers=ASYNC).json()["id"]
    library = Library(app.s3.store(app.bucket))
    song: Song = until(lambda: (song := library.load(song_id)).status.finished and song, what="the song")
    until(lambda: not app.keys(f"calls/{song_id}"), what="its records to go")
    return song


def covers(app: Deployed, since: int) -> list[Call]:
    calls = app.control.calls[since:]
    return [call for call in calls if call.function.name == "CoverEngine.*" and call.method == "step"]


def test_the_cover_is_made_while_the_plan_is_written(app: Deployed, home: Path) -> None:
    since, asked = len(app.control.calls), dict(app.control.front.calls)
    song = made(app, f"a {PATIENT} song", 1)
    assert song.status is Status.DONE, song.error
    assert logged(1, home) == ["plan begins", "cover begins", "cover ends", "plan ends"]
    assert song.timings_s["cover"] < song.timings_s["lyrics"]
    assert song.assets["audio"].cover_sha256 == song.assets["cover"].sha256
    assert len(covers(app, since)) == 1
    made_requests = {name: count - asked.get(name, 0) for name, count in app.control.front.calls.items()}
    assert (made_requests["QueuePut"], made_requests["QueueGet"]) == (1, 1)


def test_a_plan_with_another_cover_than_was_said_has_its_own(app: Deployed, home: Path) -> None:
    since = len(app.control.calls)
    song = made(app, f"a {CHANGED} song", 2)
    assert song.status is Status.DONE, song.error
    assert len(covers(app, since)) == 2
    assert logged(2, home).count("cover ends") == 2
    data = app.read(song.assets["cover"].key)
    assert len(data) == song.assets["cover"].size_bytes
    alone = made(app, f"a {CHANGED} song", 2)
    assert alone.assets["cover"].sha256 == song.assets["cover"].sha256
    assert song.assets["audio"].cover_sha256 == song.assets["cover"].sha256


def test_a_plan_that_fails_leaves_no_cover(app: Deployed, home: Path) -> None:
    song = made(app, f"a {BROKEN} song", 3)
    assert song.status is Status.FAILED
    assert "cover begins" in logged(3, home)
    assert song.assets == {}
    assert app.keys(f"songs/{song.id}/") == {f"songs/{song.id}/song.json"}
