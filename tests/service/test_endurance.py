"""A day in fast motion: after thousands of songs, and all that clients do beside them, the service holds no
more memory, descriptors, threads or temporary files than after the first few hundred."""

from __future__ import annotations

import io
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from PIL import Image

from tests.service.receiver import receiving
from tests.service.server import Server, ended, serving
from tests.service.test_generation import ASYNC, describe
from tests.vision.photos import shot

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc"),
]

WHOLE = "SONGWRIGHT_TEST_DAY" in os.environ  # make test-endurance
SONGS = {"quick": 2000, "sketch": 200} if WHOLE else {"quick": 200}
"""By the engines that make them; fewer of the embedded engines' say nothing: they warm up for longer."""
CLIENTS = 8
LOOKS = 10
WARM = 4
"""Of so many looks the first are not judged: pools fill, caches come to their size."""
MIB = 2**20
MOST_BYTES = 16 * MIB
MOST_HANDLES = 4
SKETCH = {f"SONGWRIGHT_{craft}__ENGINE": "sketch" for craft in ("LYRICS", "MUSIC", "ART", "VISION")}


@dataclass(frozen=True)
class Look:
    """What the service and its engines hold together."""

    processes: int
    resident_bytes: int
    descriptors: int
    threads: int
    temporary: int
    """Files in its temporary folder, and halves of writes in its home."""


def look(server: Server, temporary: Path) -> Look:
    assert server.process
    parent = psutil.Process(server.process.pid)
    processes = [parent, *parent.children(recursive=True)]
    return Look(
        processes=len(processes),
        resident_bytes=sum(process.memory_info().rss for process in processes),
        descriptors=sum(process.num_fds() for process in processes),
        threads=sum(process.num_threads() for process in processes),
        temporary=sum(1 for _ in temporary.rglob("*")) + sum(1 for _ in server.home.rglob(".part-*")),
    )


def photo() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(shot("sea")).resize((320, 240)).save(buffer, "JPEG")
    return buffer.getvalue()


class Visitor:
    """What clients do, one after the other, with song ``number``; each way ends with the song's end."""

    def __init__(self, client: httpx.Client, hook: str) -> None:
        self._client = client
        self._hook = hook
        self._photo = photo()
        self._ways: tuple[Callable[[int], str], ...] = (
            self._wait,
            self._listen,
            self._listen_a_while,
            self._cancel,
            self._delete,
            self._ask_twice,
            self._be_called,
            self._download,
            self._plan_first,
            self._send_photo,
            self._make_mistakes,
            self._make_music,
        )
        self.seen: Counter[str] = Counter()

    def __call__(self, number: int) -> None:
        way = self._ways[number % len(self._ways)]
        self.seen[f"{way.__name__}: {way(number)}"] += 1

    def _ask(self, number: int, headers: dict[str, str] = ASYNC, **fields: Any) -> dict[str, Any]:
        body = describe(f"song {number}", audio_duration=5, instrumental=True, seed=number, **fields)
        answer = self._client.post("/generate-from-description", json=body, headers=headers)
        assert answer.is_success, answer.text
        song: dict[str, Any] = answer.json()
        return song

    def _end(self, song_id: str) -> str:
        return str(ended(self._client, song_id, 120.0)["status"])

    def _wait(self, number: int) -> str:
        return str(self._ask(number, {})["status"])

    def _listen(self, number: int) -> str:
        song_id = self._ask(number)["id"]
        with self._client.stream("GET", f"/songs/{song_id}/events") as stream:
            kinds = [line for line in stream.iter_lines() if line.startswith("event:")]
        return kinds[-1]

    def _listen_a_while(self, number: int) -> str:
        song_id = self._ask(number)["id"]
        with self._client.stream("GET", f"/songs/{song_id}/events") as stream:
            next(stream.iter_lines())
        return self._end(song_id)

    def _cancel(self, number: int) -> str:
        song_id = self._ask(number)["id"]
        answer = self._client.post(f"/songs/{song_id}/cancel")
        assert answer.status_code in (200, 409), answer.text
        return "ended" if self._end(song_id) in ("cancelled", "done") else "lost"

    def _delete(self, number: int) -> str:
        song_id = self._ask(number)["id"]
        status = self._end(song_id)
        assert self._client.delete(f"/songs/{song_id}").status_code == 204
        return status

    def _ask_twice(self, number: int) -> str:
        key = {"Idempotency-Key": f"key-{number}"}
        first, second = (self._ask(number, ASYNC | key)["id"] for _ in range(2))
        assert first == second
        return self._end(first)

    def _be_called(self, number: int) -> str:
        return self._end(self._ask(number, webhook=self._hook)["id"])

    def _download(self, number: int) -> str:
        song = self._ask(number, {})
        package = self._client.get(song["urls"]["package"]).raise_for_status()
        assert package.content.startswith(b"PK")
        return str(song["status"])

    def _plan_first(self, number: int) -> str:
        body = describe(f"song {number}", audio_duration=5, instrumental=True)
        plan = self._client.post("/plan", json=body).raise_for_status().json()
        return self._end(self._ask(number, plan=plan)["id"])

    def _send_photo(self, number: int) -> str:
        fields = {"audio_duration": "5", "instrumental": "true", "seed": str(number)}
        files = {"image": ("sea.jpg", self._photo, "image/jpeg")}
        answer = self._client.post("/generate-from-image", data=fields, files=files, headers=ASYNC)
        return self._end(answer.raise_for_status().json()["id"])

    def _make_music(self, number: int) -> str:
        body = {"prompt": f"a hum, {number}", "duration": 1}
        answer = self._client.post("/", json=body).raise_for_status()
        return "done" if answer.content else "empty"

    def _make_mistakes(self, number: int) -> str:
        assert self._client.get("/songs/000000000000000").status_code == 404
        wrong = describe(audio_duration=-1)
        assert self._client.post("/generate-from-description", json=wrong).status_code == 422
        stranger = {"Authorization": "Bearer nobody-knows-this-token"}
        assert self._client.get("/songs", headers=stranger).status_code in (401, 429)
        self._client.get("/songs?limit=20").raise_for_status()
        quote = self._client.post("/quote", json=describe(audio_duration=5, instrumental=True))
        assert quote.is_success, quote.text
        return self._end(self._ask(number)["id"])


def looks(server: Server, temporary: Path, songs: int) -> Iterator[Look]:
    """``LOOKS`` of them, while clients have ``songs`` made."""
    with receiving() as receiver, server.client() as client, ThreadPoolExecutor(CLIENTS) as clients:
        visitor = Visitor(client, receiver.url)
        for part in range(LOOKS):
            list(clients.map(visitor, range(songs * part // LOOKS, songs * (part + 1) // LOOKS)))
            until = time.monotonic() + 10.0
            while any(server.home.glob("open/*")) and time.monotonic() < until:  # webhooks under way
                time.sleep(0.05)
            yield look(server, temporary)
        print(dict(visitor.seen))
        outcomes = {outcome.partition(": ")[2] for outcome in visitor.seen}
        assert outcomes <= {"done", "ended", "event: end", "event: done"}, visitor.seen
        assert len(receiver.got) >= songs // len(visitor.seen) // 2


@pytest.mark.long
@pytest.mark.parametrize(("engines", "songs"), SONGS.items())
def test_nothing_grows_in_a_day(tmp_path: Path, engines: str, songs: int) -> None:
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    temporary.mkdir()
    variables = {"TMPDIR": str(temporary), "SONGWRIGHT_WEBHOOKS__ALLOW_PRIVATE": "true"}
    variables |= SKETCH if engines == "sketch" else {"SONGWRIGHT_VISION__ENGINE": "sketch"}
    with serving(home, **variables) as server:
        began = time.monotonic()
        seen = list(looks(server, temporary, songs))
        took_s = time.monotonic() - began
        names = sorted(path.name[:5] for path in temporary.rglob("*"))
        assert server.stop() == 0
    assert not list(temporary.iterdir())
    for one in seen:
        print(one)
    print(f"{songs} songs with {engines} engines in {took_s:.0f} s")
    warm, last = seen[WARM], seen[-1]
    grown = min(one.resident_bytes for one in seen[-3:]) - max(
        one.resident_bytes for one in seen[1 : WARM + 1]
    )
    print(f"grown by {grown / MIB:.1f} MiB, {last.descriptors - warm.descriptors} descriptors")
    assert grown < MOST_BYTES
    assert last.processes == warm.processes
    assert last.descriptors <= max(one.descriptors for one in seen[: WARM + 1]) + MOST_HANDLES
    assert last.threads <= max(one.threads for one in seen[: WARM + 1]) + MOST_HANDLES
    assert last.temporary == 2
    assert names == ["liste", "pymp-"]  # where the fork server listens, until the end


def test_what_is_left_over_is_seen(tmp_path: Path) -> None:
    with serving(tmp_path / "home", ready=False) as server:
        with suppress(FileExistsError):
            (tmp_path / "temporary").mkdir()
        before = look(server, tmp_path / "temporary")
        (tmp_path / "temporary" / "left").write_bytes(b"x")
        (server.home / ".part-1").write_bytes(b"x")
        assert look(server, tmp_path / "temporary").temporary == before.temporary + 2
