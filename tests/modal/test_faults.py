"""Songs through the deployed app while containers are killed in every stage, and the network
breaks between them and the bucket, and between them and Modal."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from orchestrator.songs.library import Library
from tests.modal.deployed import Deployed, deployed
from tests.orchestrator.test_cli import QUICK
from tests.service.test_faults import whole
from tests.service.test_generation import ASYNC, describe
from tests.storage.faults import FAULTS, Faults, broken
from tests.storage.s3 import S3, s3_server

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
    pytest.mark.alone,
]

SONGS = int(os.environ.get("SONGWRIGHT_TEST_SONGS", "12"))  # make test-faults: 204
AT_ONCE = 24
KILLED = ("LyricsEngine.*", "MusicEngine.*", "CoverEngine.*", "produce", "web")
KILLS = int(os.environ.get("SONGWRIGHT_TEST_CONTAINER_KILLS", "5"))  # make test-faults: 150
PATIENCE_S = 100.0 + 40.0 * KILLS


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with s3_server() as running:
        yield running


def ask(app: Deployed, number: int) -> str | None:
    """Asks for song ``number``, with a key of its own; None where it was not answered, or not taken."""
    try:
        with app.client as client:
            answer = client.post(
                "/generate-from-description",
                json=describe(f"song {number}", audio_duration=5, instrumental=number % 4 > 0),
                headers=ASYNC | {"Idempotency-Key": f"song-{number}"},
            )
    except httpx.TransportError:
        return None
    if answer.status_code in (
        500,
        502,
        503,
    ):  # a web container that was killed; a bucket that was not reached
        return None
    assert answer.status_code in (200, 202), answer.text
    return str(answer.json()["id"])


def look(app: Deployed) -> None:
    """Gives the web function something to be killed in; what it answers is nobody's business."""
    with suppress(httpx.TransportError), app.client as client:
        client.get("/songs")


def drawn(rng: random.Random) -> list[str]:
    """The functions whose containers are killed, one after the other: each as often as the others."""
    return [tag for _ in range(0, KILLS, len(KILLED)) for tag in rng.sample(KILLED, len(KILLED))][:KILLS]


@pytest.mark.long
def test_no_song_is_lost_or_doubled_whatever_dies(s3: S3) -> None:
    seed = int(os.environ.get("SONGWRIGHT_TEST_SEED", random.randrange(2**32)))
    print(f"kills drawn with seed {seed}")
    faults = Faults(share=0.05, seed=20261121, kinds=FAULTS)
    env = {**QUICK, "SONGWRIGHT_MODAL__PACKAGES": "tests", "SONGWRIGHT_MODAL__GPU_CONTAINERS": "1"}
    accepted: dict[int, str] = {}
    with (
        broken(s3.endpoint, faults) as endpoint,
        deployed(s3, env, endpoint=endpoint) as app,
        app.control.faults(unavailable=0.02, reset=0.01, lost=0.01, seed=7),
        ThreadPoolExecutor(6) as askers,
        ThreadPoolExecutor(1) as killer,
    ):
        library = Library(s3.store(app.bucket))
        left, kills = list(range(SONGS)), drawn(random.Random(seed))
        killing: Future[object] | None = None
        until = time.monotonic() + PATIENCE_S
        while (waiting := len(app.keys("open/"))) or left or kills or not (killing and killing.done()):
            assert time.monotonic() < until, (len(left), waiting, kills, app.control.logs()[-3000:])
            if not left and not waiting:
                left.append(len(accepted))  # one more: there is to be work while something is killed
            batch = left[: max(AT_ONCE - waiting, 0)]
            for number, song_id in zip(batch, askers.map(lambda n: ask(app, n), batch), strict=True):
                if song_id:
                    left.remove(number)
                    accepted[number] = song_id
            due = SONGS * (KILLS - len(kills)) // (KILLS + 1)
            if killing and killing.done():
                killing.result()
            if kills and len(accepted) - waiting >= due and (killing is None or killing.done()):
                killing = killer.submit(app.control.kill, kills.pop(0), timeout_s=120.0)
            elif killing and not killing.done():
                list(askers.map(look, [app] * 6))
            time.sleep(0.2)
        assert all(faults.seen[fault] for fault in FAULTS), faults.seen
        whole(library, accepted)
        assert s3.uploads(app.bucket) == 0
        end = time.monotonic() + 60.0
        while app.keys("calls/"):
            assert time.monotonic() < end, app.keys("calls/")
            time.sleep(0.5)
