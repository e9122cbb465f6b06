"""The same request with the same seed, several times at once: one song, which all of them get."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.orchestrator.test_cli import HERE
from tests.service.server import TOKEN, Server, ended, serving
from tests.service.test_generation import ASYNC, SLOW, describe

PATH = "/generate-from-description"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A song takes longer than any test here: it has to be cancelled."""
    with serving(tmp_path_factory.mktemp("slow"), **SLOW, SONGWRIGHT_QUEUE_LIMIT="50") as running:
        yield running


def at_once(
    server: Server,
    body: dict[str, Any],
    count: int = 5,
    headers: Callable[[int], dict[str, str]] = lambda _: {},
) -> list[httpx.Response]:
    together = threading.Barrier(count)

    def ask(number: int) -> httpx.Response:
        with server.client() as client:
            together.wait(20)
            return client.post(PATH, json=body, headers=headers(number))

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(ask, range(count)))


def folders(server: Server) -> set[str]:
    return {path.name for path in (server.home / "songs").glob("*")}


def test_five_same_requests_at_once_make_one_song(server: Server) -> None:
    before = folders(server) if (server.home / "songs").exists() else set()
    answers = at_once(server, describe("five at once", seed=5))
    assert [answer.status_code for answer in answers] == [200] * 5
    songs = [answer.json() for answer in answers]
    assert len({song["id"] for song in songs}) == 1
    assert {song["status"] for song in songs} == {"done"}
    assert sorted(song["cached"] for song in songs) == [False, True, True, True, True]
    assert folders(server) - before == {songs[0]["id"]}


def test_variations_are_joined_all_together(server: Server) -> None:
    before = folders(server)
    answers = at_once(server, describe("takes at once", seed=6, variations=3), count=4)
    ids = {answer.json()["sibling_ids"][0] for answer in answers}
    assert len(ids) == 1
    assert folders(server) - before == set(answers[0].json()["sibling_ids"])


def test_only_the_same_request_that_may_be_joined_is(slow: Server) -> None:
    body = describe("one of its kind", seed=7)
    with slow.client() as client:

        def ask(fields: dict[str, Any] | None = None, **headers: str) -> str:
            answer = client.post(PATH, json=body | (fields or {}), headers=ASYNC | headers)
            assert answer.status_code == 202, answer.text
            return str(answer.json()["id"])

        first = ask()
        assert ask() == first
        assert ask(**{"Idempotency-Key": "joined"}) == first
        assert ask(**{"Idempotency-Key": "joined"}) == first
        others = [
            ask({"seed": 8}),
            ask({"seed": -1}),
            ask({"seed": -1}),
            ask({"audio_duration": 6}),
            ask({"instrumental": True}),
            ask({"format": "flac"}),
            ask({"webhook": "https://example.com/hook"}),
            ask(**{"Cache-Control": "no-cache"}),
        ]
        assert len({first, *others}) == len(others) + 1
        assert ask() == first, "what may not be joined does not take its place"
        with_typo = client.post(PATH, json=body | {"colour": "blue"}, headers=ASYNC).json()
        assert with_typo["id"] == first
        assert any("'colour'" in warning for warning in with_typo["warnings"])
        assert not any("'colour'" in warning for warning in client.get(f"/songs/{first}").json()["warnings"])
        for song_id in [first, *others]:
            client.post(f"/songs/{song_id}/cancel")


def test_who_hangs_up_takes_nothing_from_the_others(tmp_path: Path) -> None:
    body = describe("somebody hangs up", seed=9)
    with (
        serving(tmp_path, SONGWRIGHT_MUSIC__ENGINE=f"{HERE}:SlowComposer") as server,
        server.client() as client,
    ):
        where = urlsplit(server.url)
        content = httpx.Request("POST", server.url, json=body).content
        head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        with socket.create_connection((where.hostname or "", where.port or 0)) as first:
            first.sendall(head.encode() + content)
            until = time.monotonic() + 20
            while not (listed := client.get("/songs").json()["songs"]):
                assert time.monotonic() < until
        joined = client.post(PATH, json=body, headers={"Prefer": "wait=1"})
        assert (joined.status_code, joined.json()["id"]) == (202, listed[0]["id"])
        assert joined.headers["Preference-Applied"] == "wait=1"
        assert joined.json()["status"] in ("planning", "composing")
        assert len(folders(server)) == 1


def test_a_song_that_was_cancelled_failed_or_deleted_is_not_joined(slow: Server, tmp_path: Path) -> None:
    body = describe("an end of each kind", seed=10)
    with slow.client() as client:

        def ask() -> str:
            return str(client.post(PATH, json=body, headers=ASYNC).json()["id"])

        first = ask()
        assert client.post(f"/songs/{first}/cancel").json()["status"] == "cancelled"
        second = ask()
        assert second != first
        assert client.delete(f"/songs/{second}").status_code == 204
        third = ask()
        assert third not in (first, second)
        client.post(f"/songs/{third}/cancel")
    with serving(tmp_path, SONGWRIGHT_MUSIC__ENGINE=f"{HERE}:BrokenComposer") as server:
        failed = at_once(server, body)
        assert {answer.status_code for answer in failed} == {500}
        assert len({answer.json()["song_id"] for answer in failed}) == 1
        with server.client() as client:
            again = client.post(PATH, json=body).json()["song_id"]
            assert again not in {answer.json()["song_id"] for answer in failed}


def test_what_was_begun_before_a_restart_is_joined_after_it(tmp_path: Path) -> None:
    body = describe("over a restart", seed=11)
    with serving(tmp_path, **SLOW) as server:
        with server.client() as client:
            first = client.post(PATH, json=body, headers=ASYNC).json()["id"]
        server.kill()
        server.start(ready=True)
        with server.client() as client:
            assert client.post(PATH, json=body, headers=ASYNC).json()["id"] == first
            client.post(f"/songs/{first}/cancel")


def test_a_client_says_how_long_it_waits(slow: Server, server: Server) -> None:
    with slow.client() as client:
        for prefer, least_s, applied in (
            ("wait=0", 0.0, "wait=0"),
            ("wait=1", 1.0, "wait=1"),
            ('WAIT="1"', 1.0, "wait=1"),
            ("respond-async, wait=1", 1.0, "respond-async, wait=1"),
            ("respond-async, wait", 0.0, "respond-async"),
        ):
            began_s = time.monotonic()
            answer = client.post(PATH, json=describe(prefer), headers={"Prefer": prefer})
            took_s = time.monotonic() - began_s
            assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, applied)
            assert least_s <= took_s < least_s + 5.0
            client.post(f"/songs/{answer.json()['id']}/cancel")
    with server.client() as client:
        for prefer, applied in (
            ("wait", None),
            ("wait=60", "wait=60"),
            ("respond-async, wait=60", "wait=60"),
            ("wait=-5, handling=lenient", None),
            ('"; ,=;wait=\\', None),
        ):
            answer = client.post(PATH, json=describe(prefer), headers={"Prefer": prefer})
            assert (answer.status_code, answer.json()["status"]) == (200, "done"), prefer
            assert answer.headers.get("Preference-Applied") == applied
        two = [("Prefer", "wait=60"), ("Prefer", "respond-async")]
        several = client.post(PATH, json=describe("two headers"), headers=two)
        assert several.headers["Preference-Applied"] in ("wait=60", "respond-async, wait=60")
        assert ended(client, several.json()["id"])["status"] == "done"


def test_a_song_that_fails_while_its_client_waits_is_an_error(tmp_path: Path) -> None:
    with (
        serving(tmp_path, SONGWRIGHT_MUSIC__ENGINE=f"{HERE}:BrokenComposer") as server,
        server.client() as client,
    ):
        answer = client.post(PATH, json=describe(), headers={"Prefer": "wait=60"})
        assert (answer.status_code, answer.json()["type"]) == (500, "urn:songwright:problem:engine-failed")
