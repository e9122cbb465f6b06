"""A deployed app whose containers are killed, and whose bucket fails, at a request of one's choice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status
from tests.modal import engines
from tests.modal.deployed import Deployed, deployed, engines_in, until
from tests.service.test_generation import ASYNC, describe
from tests.storage.faults import Faults, broken
from tests.storage.s3 import S3

HERE = engines.__name__
ENV = {
    **engines_in(HERE),
    "SONGWRIGHT_WEBHOOKS__ALLOW_PRIVATE": "true",
}
_POLLS = {"ContainerHeartbeat", "FunctionGetOutputs", "FunctionGetInputs", "FunctionGetDynamicConcurrency"}


@dataclass
class Bomb:
    """Goes off at the k-th request to Modal or to the bucket once it is set; with ``only``, of that kind."""

    k: int = 0
    action: Callable[[], None] = lambda: None
    only: str = ""
    seen: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, k: int, action: Callable[[], None], only: str = "") -> None:
        with self.lock:
            self.k, self.action, self.only, self.seen = k, action, only, 0

    def tick(self, name: str) -> None:
        with self.lock:
            self.seen += self.only in ("", name)
            due = self.seen == self.k and self.only in ("", name)
        if due:
            self.action()


class Broken(Faults):
    """A fault at a request of one's choice; no other."""

    def __init__(self, bomb: Bomb) -> None:
        super().__init__(0.0, 0, watch=lambda method, _path: bomb.tick(method))
        self.coming: list[str] = []

    def next(self, method: str, path: str) -> str:
        super().next(method, path)
        return self.coming.pop() if self.coming else ""


@dataclass
class Place:
    app: Deployed
    bomb: Bomb
    faults: Broken
    runs: Path

    @property
    def library(self) -> Library:
        return Library(self.app.s3.store(self.app.bucket))

    def kill(self, tag: str) -> None:
        """The containers of the function that are at work; in whatever thread."""
        for container in self.app.control.containers(tag):
            if container.running:
                container.kill()

    def ask(self, seed: int, webhook: str = "", **fields: Any) -> str:
        """Asks for a song until it is accepted, with the same key each time."""
        body = describe("A Plain Song", audio_duration=5, seed=seed) | fields
        if webhook:
            body["webhook"] = webhook
        headers = ASYNC | {"Idempotency-Key": f"song-{seed}"}

        def accepted() -> str:
            with suppress(httpx.TransportError), self.app.client as client:
                answer = client.post("/generate-from-description", json=body, headers=headers)
                if answer.status_code in (200, 202):
                    return str(answer.json()["id"])
                assert answer.status_code in (500, 502, 503), answer.text
            return ""

        return str(until(accepted, what="the song to be accepted"))

    def finished(self, song_id: str, timeout_s: float = 90.0) -> Song:
        def look() -> Song | None:
            song = self.library.load(song_id)
            return song if song.status.finished else None

        song: Song = until(look, timeout_s, f"song {song_id}\n{self.app.control.logs()[-3000:]}")
        return song


@contextmanager
def placed(s3: S3, folder: Path) -> Iterator[Place]:
    """The app, with engines that keep in ``folder`` what they begin."""
    runs, bomb = folder / "runs.txt", Bomb()
    faults = Broken(bomb)
    with (
        broken(s3.endpoint, faults) as endpoint,
        deployed(s3, ENV, endpoint=endpoint, snapshots=False, container_env={engines.FILE: str(runs)}) as app,
    ):
        app.control.front.watch = lambda name, _task: None if name in _POLLS else bomb.tick(name)
        yield Place(app, bomb, faults, runs)


def made_once(place: Place, song: Song, killed: str = "") -> None:
    """The song is whole, and each engine began it once; that whose container was killed, twice at most."""
    assert song.status is Status.DONE, song.error
    assert [moment.status for moment in song.history].count(Status.DONE) == 1
    for asset in song.assets.values():
        assert place.library.store.stat(asset.key).size_bytes == asset.size_bytes
    crafts = {"LyricsEngine.*": "lyrics", "MusicEngine.*": "music", "CoverEngine.*": "cover"}
    began = engines.begun(place.runs)
    for tag, craft in crafts.items():
        assert 1 <= began[craft, song.brief.seed] <= 1 + (tag == killed), (craft, killed, began)


def clean(place: Place) -> None:
    until(lambda: not place.app.keys("open/") | place.app.keys("calls/"), 90.0, "the marks to go")
