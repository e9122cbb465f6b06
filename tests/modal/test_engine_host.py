"""The container's end, without a container."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from config.errors import EngineFailed, EngineUnavailable, InvalidRequest, StoreUnavailable
from config.settings import EngineSettings, load
from lyrics.contract import SongPlan
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.modal.engine_host import EngineHost, Outcome, recorded_engine
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import new_songs
from storage.configured import open_store
from storage.r2 import retries
from tests import tiny
from tests.orchestrator.gpus import ENGINE, GpuWriter
from tests.storage.s3 import KEY, S3, SECRET, seaweed_server

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)


class Container:
    """Counts how often it was to be left."""

    def __init__(self) -> None:
        self.left = 0

    async def leave(self) -> None:
        self.left += 1


@pytest.fixture
def container() -> Container:
    return Container()


def settings_of(home: Path, **art: str) -> Deployment:
    return Deployment(home=home, store="local", art=EngineSettings(engine="sdxl_turbo", **art))


def written(home: Path) -> Deployment:
    """With a writer whose GPU fails as the description asks."""
    return Deployment(home=home, store="local", lyrics=EngineSettings(engine=ENGINE, device="cpu"))


def drafts(station: EngineHost, *descriptions: str) -> list[Outcome]:
    async def one_after_the_other() -> list[Outcome]:
        songs = [new_songs(Brief(description=text))[0].model_dump_json() for text in descriptions]
        return [await station.step("draft", song, "") for song in songs]

    return asyncio.run(one_after_the_other())


def errors_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno == logging.ERROR and record.name == "orchestrator.modal.engine_host"
    ]


def test_what_kept_a_model_from_loading_is_told_until_it_is_mended(
    tmp_path: Path, container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    """As where a snapshot was taken before the weights had come."""
    folder = tmp_path / "weights"
    settings = settings_of(tmp_path, model=str(folder), device="cpu")
    station = EngineHost(settings, "art", "sdxl_turbo", container.leave)
    station.load()
    station.settle()
    song = new_songs(Brief(description="a song"))[0].model_dump_json()
    result, error = asyncio.run(station.step("cover", song, "fc-1"))
    assert (result, type(error)) == ("", InvalidRequest)
    assert container.left == 1
    with pytest.raises(InvalidRequest):
        station.summary()
    tiny.sdxl(folder)
    station.settle()
    assert station.summary().startswith("sdxl_turbo")
    assert f"taken without the weights of {folder}" in caplog.text
    assert "run: modal deploy main.py" in caplog.text
    recorded = recorded_engine(open_store(settings), "art")
    assert recorded
    assert recorded.model == str(folder)
    station.close()


def test_weights_that_are_not_in_the_volume_name_the_command_that_fetches_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    settings = settings_of(tmp_path, model="nobody/nothing", device="cpu")
    station = EngineHost(settings, "art", "sdxl_turbo", container.leave)
    station.load()
    station.settle()
    with pytest.raises(EngineUnavailable, match="run: modal run main"):
        station.summary()
    (first, second) = errors_in(caplog)
    assert first == second
    assert "\n" not in first
    for part in ("'sdxl_turbo'", "'nobody/nothing'", "run: modal run main.py::prefetch"):
        assert part in first


def test_an_error_that_nobody_foresaw_ends_no_container_before_its_first_call(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    container: Container,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It would be started again without end. In ``load`` it may even be gone when the container settles."""
    station = EngineHost(written(tmp_path), "lyrics", ENGINE, container.leave)
    with monkeypatch.context() as patch:
        patch.setattr(GpuWriter, "__init__", lambda self: self.never_there)
        station.load()
    assert errors_in(caplog)[0].startswith(
        f"engine {ENGINE!r} cannot be loaded: lyrics engine {ENGINE!r} does not load: Attr"
    )
    station.settle()
    assert station.summary()
    monkeypatch.setattr("orchestrator.modal.engine_host.open_store", lambda _: 1 / 0)
    station.settle()
    assert container.left == 0
    (first, second) = drafts(station, "a waltz", "a waltz")
    assert isinstance(first[1], EngineFailed)
    assert first == second
    assert "ZeroDivisionError" in str(first[1])
    assert container.left == 1
    assert asyncio.run(station.wake()).startswith(f"engine {ENGINE!r} cannot be used: ")


def test_a_song_without_memory_fails_alone(tmp_path: Path, container: Container) -> None:
    station = EngineHost(written(tmp_path), "lyrics", ENGINE, container.leave)
    station.load()
    station.settle()
    (failed, made) = drafts(station, "no memory", "a waltz")
    assert isinstance(failed[1], EngineUnavailable)
    assert "ask for a shorter song" in str(failed[1])
    assert failed[1].spent
    assert SongPlan.model_validate_json(made[0]).title
    assert container.left == 0
    # What the failed work had was let go before the engine gave its memory back.
    assert station._threads.load().held_when_relieved == [0]


def test_an_error_that_cuda_keeps_is_answered_once_and_ends_the_container(
    tmp_path: Path, container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    station = EngineHost(written(tmp_path), "lyrics", ENGINE, container.leave)
    station.load()
    station.settle()
    (bug, lost, later) = drafts(station, "a bug", "illegal", "a waltz")
    assert isinstance(bug[1], EngineFailed)
    assert isinstance(lost[1], EngineUnavailable)
    assert "an illegal memory access was encountered" in str(lost[1])
    assert later == ("", lost[1])
    assert container.left == 1
    assert [line.partition(": ")[0] for line in errors_in(caplog)] == [
        f"engine {ENGINE!r} cannot be used any more",
        f"engine {ENGINE!r}",
    ]


@pytest.fixture(scope="module")
def bucket() -> Iterator[S3]:
    """With keys that are looked at, unlike moto's."""
    with seaweed_server() as server:
        yield server


def test_a_rotated_key_reaches_a_container_that_comes_from_an_older_snapshot(
    bucket: S3,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    container: Container,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(retries, "_FIRST_WAIT_S", 0.02)
    monkeypatch.chdir(tmp_path)
    name = bucket.new_bucket()
    old = {
        "R2_BUCKET_NAME": name,
        "R2_ENDPOINT_URL": bucket.endpoint,
        "R2_REGION": "us-east-1",
        "R2_ACCESS_KEY_ID": "a-key-of-before",
        "R2_SECRET_ACCESS_KEY": "a-secret-of-before",
        "SONGWRIGHT_ART__ENGINE": "sketch",
    }
    for variable, value in old.items():
        monkeypatch.setenv(variable, value)
    station, restored = (EngineHost(load(Deployment), "art", "sketch", container.leave) for _ in range(2))
    station.load()
    restored.load()
    reread = partial(load, Deployment)

    station.settle(reread)  # the key has been taken back, and the secret is not rotated yet
    with pytest.raises(StoreUnavailable, match="InvalidAccessKeyId"):
        station.summary()
    (line,) = errors_in(caplog)
    assert line.startswith(f"engine 'sketch' cannot be used: bucket {name!r} refuses: InvalidAccessKeyId")
    assert line.endswith("set R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY to a token of this account")
    assert "\n" not in line

    # As Modal's client does when it restores a container (_TaskLifecycleManager.memory_restore, 1.6.4).
    monkeypatch.setenv("R2_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("R2_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("SONGWRIGHT_ART__ENGINE", "diffusion")  # what was loaded stays all the same
    restored.settle(reread)
    assert restored.summary().startswith("sketch")
    assert recorded_engine(open_store(load(Deployment)), "art")


def test_a_key_that_is_taken_back_meanwhile_ends_the_container(
    tmp_path: Path, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one reads the secret anew."""
    station = EngineHost(written(tmp_path), "lyrics", ENGINE, container.leave)
    station.load()
    station.settle()

    def refused(*_: object) -> SongPlan:
        raise StoreUnavailable("bucket 'songs' refuses: InvalidAccessKeyId", "set R2_ACCESS_KEY_ID")

    monkeypatch.setattr(GpuWriter, "plan", refused)
    ((_, error), _) = drafts(station, "a waltz", "a waltz")
    assert isinstance(error, StoreUnavailable)
    assert container.left == 1


def test_settings_that_cannot_be_read_any_more_are_named(
    tmp_path: Path, container: Container, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    station = EngineHost(written(tmp_path), "lyrics", ENGINE, container.leave)
    station.load()
    monkeypatch.setenv("R2_ENDPOINT_URL", "no address")
    station.settle(partial(load, Deployment))
    (line,) = errors_in(caplog)
    assert "cannot be used: R2_ENDPOINT_URL: 'no address' - " in line
