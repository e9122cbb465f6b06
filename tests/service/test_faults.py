"""The service on a bucket, behind a network that breaks, and killed in the middle of every stage: nothing is
lost, doubled or half there."""

import hashlib
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from orchestrator.songs.library import Library, manifest_key
from orchestrator.songs.manifest import Status
from storage.contract import read
from tests.orchestrator.test_cli import HERE, QUICK
from tests.service.server import Server
from tests.service.test_generation import ASYNC, describe
from tests.storage.faults import FAULTS, SILENCES, Faults, broken
from tests.storage.s3 import KEY, S3, SECRET, s3_server

pytestmark = [
    pytest.mark.alone,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]

SONGS = int(os.environ.get("SONGWRIGHT_TEST_SONGS", "30"))  # make test-faults: 204
AT_ONCE = 24
LONG = {20, 50}
"""Songs of ten minutes, as are all beyond those that were wanted: their audio goes up in parts."""
# Where the service is killed, in this order: as it asks the bucket for this.
STAGES = (
    ("accepted", "PUT", r"/songs/[^/]+/song\.json"),
    ("planned", "PUT", r"/songs/[^/]+/lyrics\.txt"),
    ("composed", "PUT", r"/songs/[^/]+/audio\.wav\?.*partNumber=2"),
    ("painted", "PUT", r"/songs/[^/]+/cover\.png"),
    ("tagged", "GET", r"/songs/[^/]+/audio\.wav"),
    ("closed", "DELETE", r"/open/"),
)
PATIENCE_S = 400.0


class Killer:
    """Kills the server as a request of the armed stage is made."""

    def __init__(self) -> None:
        self.server: Server | None = None
        self.armed: tuple[str, str, str] | None = None
        self.killed = threading.Event()
        self._guard = threading.Lock()

    def __call__(self, method: str, path: str) -> None:
        with self._guard:
            if self.armed and self.armed[1] == method and re.search(self.armed[2], path):
                assert self.server
                assert self.server.process
                self.server.process.kill()
                self.armed = None
                self.killed.set()


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with s3_server() as running:
        yield running


def ask(server: Server, number: int) -> str | None:
    """Asks for song ``number``, with a key of its own; None where it was not answered, or not taken."""
    long = number in LONG or number >= SONGS
    body = describe(f"song {number}", audio_duration=600 if long else 5, instrumental=number % 4 > 0)
    try:
        with server.client() as client:
            answer = client.post(
                "/generate-from-description",
                json=body,
                headers=ASYNC | {"Idempotency-Key": f"song-{number}"},
            )
    except httpx.TransportError:
        return None
    assert answer.status_code in (200, 202, 503), answer.text
    return str(answer.json()["id"]) if answer.status_code != 503 else None


@pytest.mark.long
def test_songs_outlive_a_broken_network_and_kills_in_every_stage(s3: S3, tmp_path: Path) -> None:
    bucket, killer = s3.new_bucket(), Killer()
    faults = Faults(share=0.06, seed=20261121, kinds=FAULTS * 2 + SILENCES, watch=killer)
    library = Library(s3.store(bucket))
    accepted: dict[int, str] = {}
    with broken(s3.endpoint, faults) as endpoint, ThreadPoolExecutor(6) as askers:
        server = killer.server = Server(tmp_path, **variables(endpoint, bucket))
        server.start()
        try:
            left, stages = list(range(SONGS)), list(STAGES)
            until = time.monotonic() + PATIENCE_S
            while (
                (waiting := sum(1 for _ in library.store.list("open/")))
                or left
                or stages
                or killer.armed
                or killer.killed.is_set()
            ):
                assert time.monotonic() < until, (len(left), waiting, killer.armed, list(server.lines)[-20:])
                if killer.killed.is_set():
                    server.kill()
                    killer.killed.clear()
                    server.start()
                if not left and not waiting:
                    left.append(len(accepted))  # one more: there is to be work that can be killed
                batch = left[: max(AT_ONCE - waiting, 0)]
                for number, song_id in zip(batch, askers.map(lambda n: ask(server, n), batch), strict=True):
                    if song_id:
                        left.remove(number)
                        accepted[number] = song_id
                due = SONGS * (len(STAGES) - len(stages)) // (len(STAGES) + 2)
                idle = not killer.armed and not killer.killed.is_set()
                if stages and idle and len(accepted) - waiting > due:
                    killer.armed = stages.pop(0)
                time.sleep(0.2)
            assert not killer.armed
            assert not stages
            assert all(faults.seen[fault] > SONGS // 68 for fault in (*FAULTS, *SILENCES)), faults.seen

            whole(library, accepted)
            assert s3.uploads(bucket) == 0

            # A deletion that is killed in its middle is ended at the next start.
            killer.armed = ("deleted", "DELETE", r"/songs/[^/]+/cover\.png")
            with server.client() as client, pytest.raises(httpx.TransportError):
                # Until it is killed: with a bucket that keeps silent now and then, it may take its time.
                client.delete(f"/songs/{accepted[0]}", timeout=120)
            assert killer.killed.is_set()
            server.kill()
            assert list(library.store.list(f"songs/{accepted[0]}/"))
            server.start(ready=True)
            # It may serve before: a bucket that keeps silent is not waited for.
            deleted = f"songs/{accepted.pop(0)}/"
            until = time.monotonic() + PATIENCE_S
            while list(library.store.list(deleted)) or list(library.store.list("open/")):
                assert time.monotonic() < until, list(library.store.list(deleted))
                time.sleep(0.2)
            assert set(library.ids()) == set(accepted.values())
        finally:
            if server.process and server.process.poll() is None:
                server.kill()


def whole(library: Library, accepted: dict[int, str]) -> None:
    """Every song is there once, done, with what its manifest says, and nothing else is."""
    store = library.store
    assert list(store.list("open/")) == []
    assert list(store.list("check/")) == []
    songs = list(library.songs())
    assert {song.brief.description: song.id for song in songs} == {
        f"song {number}": song_id for number, song_id in accepted.items()
    }
    assert Counter(song.status for song in songs) == {Status.DONE: len(accepted)}
    for song in songs:
        assert [moment.status for moment in song.history].count(Status.DONE) == 1
        assert song.owner is None
        for asset in song.assets.values():
            data = read(store, asset.key)
            assert len(data) == asset.size_bytes, asset.key
            assert hashlib.sha256(data).hexdigest() == asset.sha256, asset.key
    kept = {asset.key for song in songs for asset in song.assets.values()}
    assert set(store.list("songs/")) == kept | {manifest_key(song.id) for song in songs}


def variables(endpoint: str, bucket: str) -> dict[str, str]:
    together = {f"SONGWRIGHT_{craft}__TOGETHER": "8" for craft in ("LYRICS", "MUSIC", "ART")}
    return (
        QUICK
        | together
        | {
            "SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:FineComposer",
            "SONGWRIGHT_ART__ENGINE": f"{HERE}:LastPainter",  # so that audio is tagged after its first trip
            "SONGWRIGHT_MUSIC__PROCESSES": "1",
            "SONGWRIGHT_STORE": "r2",
            "R2_BUCKET_NAME": bucket,
            "R2_ENDPOINT_URL": endpoint,
            "R2_ACCESS_KEY_ID": KEY,
            "R2_SECRET_ACCESS_KEY": SECRET,
            "R2_REGION": "us-east-1",
            "R2_TIMEOUT_S": "2",
        }
    )
