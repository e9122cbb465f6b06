"""Two thousand clients that follow one song, and those that come too many."""

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from orchestrator.jobs.feed import Feed
from orchestrator.server.api.responses.listeners import Listeners
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status, new_songs
from storage.local import LocalStore
from tests.hostile.figures import resisted
from tests.hostile.pulse import Pulse, pulse
from tests.hostile.wire import connected, head, sockets
from tests.page.engines import HOLD
from tests.service.server import TOKEN, Server, serving
from tests.service.test_generation import ASYNC, describe

__all__ = ["sockets"]

pytestmark = pytest.mark.usefixtures("sockets")
HELD = {"SONGWRIGHT_MUSIC__ENGINE": "tests.page.engines:HeldComposer"}
MOST = 2000


class Crowd:
    """Clients that read events; how many have seen what."""

    def __init__(self, server: Server, song_id: str) -> None:
        self._server = server
        self._request = head(f"/songs/{song_id}/events")
        self.begun = 0
        self.ended = 0

    async def listen(self) -> None:
        parts = urlsplit(self._server.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(self._request)
        while line := await reader.readline():
            if line.startswith(b"retry:"):
                self.begun += 1
            if line == b"event: end\n":
                self.ended += 1
                break
        writer.close()

    async def gather(self, count: int) -> list[asyncio.Task[None]]:
        """``count`` of them, all listening."""
        tasks = []
        for number in range(count):
            tasks.append(asyncio.create_task(self.listen()))
            if number % 20 == 0:
                await asyncio.sleep(0.02)
        async with asyncio.timeout(30):
            while self.begun < count:  # noqa: ASYNC110 - each of them counts
                await asyncio.sleep(0.05)
        return tasks


@pytest.mark.long
@pytest.mark.alone
def test_two_thousand_listeners_all_see_the_end_and_others_are_answered(tmp_path: Path) -> None:
    hold = tmp_path / HOLD
    hold.touch()
    with serving(tmp_path, timed=True, **HELD) as server, server.client() as client:
        song = client.post("/generate-from-description", json=describe(), headers=ASYNC).json()
        crowd = Crowd(server, song["id"])

        async def listen() -> tuple[float, Pulse]:
            tasks = await crowd.gather(MOST)
            with pulse(server) as health:
                await asyncio.sleep(2.0)  # in which each is reminded of
                began = time.monotonic()
                await asyncio.to_thread(hold.unlink)
                async with asyncio.timeout(30):
                    await asyncio.gather(*tasks)
                return time.monotonic() - began, health

        took_s, health = asyncio.run(listen())
        assert crowd.ended == MOST
        assert server.slow == []
    assert health.at(0.99) < 100, health.ms[-20:]
    resisted(
        "2,000 clients follow one song",
        limit="2,000 listeners (`SONGWRIGHT_LISTENER_LIMIT`), woken 10 at a time",
        figure=f"all have its end after {took_s:.1f} s; /health in {health.at(0.5):.0f} ms, 99% in "
        f"{health.at(0.99):.0f} ms",
    )


def test_the_listener_too_many_is_told_when_to_come_back_and_a_place_is_given_back(tmp_path: Path) -> None:
    hold = tmp_path / HOLD
    hold.touch()
    limits = {"SONGWRIGHT_LISTENER_LIMIT": "20", "API_BEARER_TOKEN": f"{TOKEN},another-{TOKEN}"}
    with serving(tmp_path, timed=True, **limits, **HELD) as server, server.client() as client:
        song = client.post("/generate-from-description", json=describe(), headers=ASYNC).json()
        url = f"/songs/{song['id']}/events"
        listening = [connected(server, head(url)) for _ in range(10)]  # half: another token has its own
        for connection in listening:
            assert connection.recv(20).startswith(b"HTTP/1.1 200")
        with client.stream("GET", url) as refused:
            assert refused.status_code == 503
            assert b"urn:songwright:problem:too-many-listeners" in refused.read()
            assert int(refused.headers["retry-after"]) > 0
        with server.client(f"another-{TOKEN}") as other, other.stream("GET", url) as answer:
            assert answer.status_code == 200
        for connection in listening:
            connection.close()
        until = time.monotonic() + 5
        while True:
            with client.stream("GET", url) as answer:
                if answer.status_code == 200:
                    break
            assert time.monotonic() < until
            time.sleep(0.05)
        hold.unlink()
        assert server.slow == []
    resisted(
        "more listeners than may be",
        limit="503 with `Retry-After`; half of the places for one token where there are several",
        figure="the eleventh of ten; a place is free again as soon as its client has gone",
    )


@pytest.mark.long
def test_a_listener_that_does_not_read_is_dropped(tmp_path: Path) -> None:
    """By the system, which alone notices: a few events fill no buffer that the service could see."""
    (tmp_path / HOLD).touch()
    variables = {"SONGWRIGHT_WRITE_TIMEOUT_S": "3", "SONGWRIGHT_LISTENER_LIMIT": "10"}
    with serving(tmp_path, timed=True, **variables, **HELD) as server, server.client() as client:
        song = client.post("/generate-from-description", json=describe(), headers=ASYNC).json()
        url = f"/songs/{song['id']}/events"
        deaf = head("/health") * 10 + head(url)  # with answers in front that fill the window
        for _ in range(10):
            connected(server, deaf, window=1)
        began = time.monotonic()
        for expected in (503, 200):
            while True:
                with client.stream("GET", url) as answer:
                    if answer.status_code == expected:
                        break
                assert time.monotonic() - began < 9, expected
                if expected == 503:
                    connected(server, deaf, window=1)  # for one that was refused while this had a place
                time.sleep(0.05)
        assert server.slow == []
    resisted(
        "listeners that do not read",
        limit="`SONGWRIGHT_WRITE_TIMEOUT_S`, here 3 s, kept by the system",
        figure=f"dropped after {time.monotonic() - began:.1f} s, and their places free",
    )


def test_one_look_a_second_serves_all_who_follow_a_song_made_elsewhere(tmp_path: Path) -> None:
    library = Library(LocalStore(tmp_path))
    song = library.save(new_songs(Brief(description="x"))[0])
    loads = 0

    async def load(song_id: str) -> Song:
        nonlocal loads
        loads += 1
        return library.load(song_id)

    async def run() -> list[list[str]]:
        feed = Feed(load)

        async def heard() -> list[str]:
            return [event.kind async for event in feed.follow(song.id) if event]

        tasks = [asyncio.create_task(heard()) for _ in range(MOST)]
        await asyncio.sleep(1.5)
        library.save(song.changed(status=Status.FAILED))
        return await asyncio.wait_for(asyncio.gather(*tasks), 10)

    kinds = asyncio.run(run())
    assert kinds == [["status", "status", "end"]] * MOST
    assert loads <= 5
    resisted(
        "2,000 clients follow a song that another process makes",
        limit="one look at its manifest a second, for all of them",
        figure=f"{loads} looks in 3 s",
    )


def test_one_token_of_several_has_half_of_the_places() -> None:
    def taken(listeners: Listeners, holders: str) -> list[bool]:
        with ExitStack() as stack:
            return [stack.enter_context(listeners.place(holder)) for holder in holders]

    both, alone = Listeners(4, tokens=2), Listeners(4)
    for _ in range(2):  # the places are given back
        assert taken(both, "aaabbb") == [True, True, False, True, True, False]
        assert taken(alone, "aaaaa") == [True, True, True, True, False]
