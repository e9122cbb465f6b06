"""A deployment on a bucket that other services, other deployments and people use as well."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from orchestrator.jobs.lease import Holder, LeaseClient
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Moment, Owner, Song, Status, new_id, new_songs
from tests.modal.deployed import ROOT, TOKEN, Deployed, deployed, until
from tests.orchestrator.test_cli import QUICK
from tests.service.test_generation import ASYNC, describe
from tests.storage.s3 import s3_server

pytestmark = [
    pytest.mark.alone,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]

ENV = {**QUICK, "SONGWRIGHT_VISION__ENGINE": "sketch", "SONGWRIGHT_MODAL__PACKAGES": "tests"}
OTHER = "another"
OLD = timedelta(minutes=10)


@pytest.fixture(scope="module")
def app() -> Iterator[Deployed]:
    with s3_server() as s3, deployed(s3, ENV, snapshots=False) as app:
        yield app


@pytest.fixture
def library(app: Deployed) -> Library:
    return Library(app.s3.store(app.bucket))


def ask(app: Deployed, name: str = "songwright") -> httpx.Response:
    url = app.control.app(name).functions["web"].web_url
    headers = {"Authorization": f"Bearer {TOKEN}", **ASYNC}
    body = describe(audio_duration=5)
    return httpx.post(f"{url}/generate-from-description", json=body, headers=headers, timeout=60.0)


def left(library: Library, owner: Owner | None, status: Status = Status.PLANNING) -> Song:
    """A song that was begun a while ago."""
    song = new_songs(Brief(description="a song", duration_s=5.0), owner=owner)[0]
    then = datetime.now(UTC) - OLD
    history = (Moment(status=Status.QUEUED, at=then), Moment(status=status, at=then))
    facts = {"created_at": then, "updated_at": then, "history": history, "status": status}
    return library.save(song.model_copy(update=facts))


def produced(app: Deployed, since: int) -> list[Any]:
    return [call for call in app.control.calls[since:] if call.function.name == "produce"]


def test_a_live_service_keeps_the_deployment_from_its_bucket(app: Deployed, library: Library) -> None:
    service = LeaseClient(library.store, Holder("laptop 1", "songwright serve on laptop", 45.0))
    assert service.acquire(force=True) is None
    song, since = left(library, Owner(host="laptop", pid=7, service=True)), len(app.control.calls)
    answer = ask(app)
    assert answer.status_code == 503, answer.text
    assert "the bucket is that of songwright serve on laptop" in answer.json()["detail"]
    assert "not been heard of for 90 s" in answer.json()["detail"]
    app.control.invoke("patrol").result(60.0)
    assert app.control.invoke("produce", song.id).result(60.0) == "left"
    assert library.load(song.id) == song
    assert len(produced(app, since)) == 1
    service.release()  # as when it is stopped
    app.control.invoke("patrol").result(60.0)
    until(lambda: library.load(song.id).status is Status.DONE, what="what the service left")
    assert ask(app).status_code == 202
    other = service.other()
    assert other
    assert (other.name, other.renewal_s) == ("the deployment 'songwright' on Modal", 0.0)


def test_a_song_that_somebody_makes_on_their_own_machine_is_left_to_them(
    app: Deployed, library: Library
) -> None:
    theirs, ours = left(library, Owner(host="laptop", pid=7)), left(library, None)
    since = len(app.control.calls)
    app.control.invoke("patrol").result(60.0)
    until(lambda: library.load(ours.id).status is Status.DONE, what="the song that nobody makes")
    assert library.load(theirs.id) == theirs
    assert len(produced(app, since)) == 1
    library.delete(theirs.id)


def test_an_order_that_is_delivered_twice_is_one_song(app: Deployed, library: Library) -> None:
    song_id, brief = new_id(), Brief(description="one song", duration_s=5.0).model_dump_json()
    before = set(library.ids())
    orders = [app.control.invoke("order", brief, song_id) for _ in range(2)]
    for order in orders:
        order.result(60.0)
    assert set(library.ids()) - before == {song_id}
    song = library.load(song_id)
    assert song.status is Status.DONE
    assert song.sibling_ids == (song_id,)


@pytest.mark.long
def test_another_deployment_has_the_bucket_once_it_takes_it(app: Deployed, library: Library) -> None:
    assert ask(app).status_code == 202
    env = app.env | {"SONGWRIGHT_MODAL__APP": OTHER}
    app.control.deploy(ROOT / "main.py", env=env, cwd=ROOT)
    refused = ask(app, OTHER)
    assert refused.status_code == 503
    assert "the bucket is that of the deployment 'songwright' on Modal" in refused.json()["detail"]
    assert "modal run main.py::take_over" in refused.json()["detail"]
    until(lambda: not app.keys("open/"), what="every song to be settled")
    said = app.control.run(f"{ROOT / 'main.py'}::take_over", env=env, cwd=ROOT)
    assert "the bucket is this deployment's now" in said
    assert ask(app, OTHER).status_code == 202
    late = ask(app)
    assert late.status_code == 503
    assert f"the deployment '{OTHER}' on Modal" in late.json()["detail"]
