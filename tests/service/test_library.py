"""The library over HTTP: what users change of songs, how songs are found, and the one stream of events."""

import json
import socket
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from queue import Empty, Queue
from typing import Any

import httpx
import pytest

from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Status
from storage.local import LocalStore
from tests.hostile.wire import connected, head
from tests.orchestrator.songs import made_song
from tests.page.engines import HOLD
from tests.service.server import Server, ended, holding, serving
from tests.service.test_generation import ASYNC, describe
from tests.service.test_songs import until
from tests.vision.photos import file_of, shot

HELD = {"SONGWRIGHT_MUSIC__ENGINE": "tests.page.engines:HeldComposer", "SONGWRIGHT_LISTENER_LIMIT": "4"}
CROSS = {"SONGWRIGHT_CORS_ORIGINS": "https://page.example"}
Event = dict[str, Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home"), **HELD, **CROSS) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as connected:
        yield connected


@pytest.fixture
def held(server: Server) -> Iterator[Callable[[], None]]:
    with holding(server.home / HOLD) as let_go:
        yield let_go


def submit(client: httpx.Client, words: str = "a song of rain", **fields: Any) -> str:
    answer = client.post("/generate-from-description", json=describe(words, **fields), headers=ASYNC)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def cursor_of(sort: str, key: object) -> str:
    """As the service packs one."""
    packed = json.dumps([sort, key, "0" * 15]).encode()
    return "~" + urlsafe_b64encode(packed).decode().rstrip("=")


def found(client: httpx.Client, **query: Any) -> list[str]:
    """The ids of all pages of two."""
    ids: list[str] = []
    cursor = ""
    while cursor is not None:
        answer = client.get("/songs", params={"limit": 2, "cursor": cursor, **query})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        ids += [song["id"] for song in page["songs"]]
        cursor = page["next_cursor"]
    assert page["total"] == len(ids)
    return ids


def in_state(client: httpx.Client, status: str) -> list[str]:
    """The ids of songs whose states may be changing, of one answer."""
    page = client.get("/songs", params={"status": status}).raise_for_status().json()
    return [song["id"] for song in page["songs"]]


def joined(client: httpx.Client, headers: dict[str, str]) -> httpx.Response:
    """The stream of events, once the server has seen that those who left are gone."""
    end = time.monotonic() + 30
    while True:
        response = client.send(client.build_request("GET", "/events", headers=headers), stream=True)
        if response.status_code != 503 or time.monotonic() > end:
            return response
        response.close()
        time.sleep(0.05)


@contextmanager
def listening(server: Server, last_id: str = "") -> Iterator[Queue[Event]]:
    """The events of the library as they come, the first one read already; at the end None."""
    events: Queue[Any] = Queue()
    begun = threading.Event()
    headers = {"Last-Event-ID": last_id} if last_id else {}
    with server.client() as client, closing(joined(client, headers)) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")

        def read() -> None:
            block: Event = {}
            with suppress(httpx.TransportError, httpx.StreamError):
                for line in response.iter_lines():
                    begun.set()
                    if line:
                        name, _, value = line.partition(": ")
                        block[name] = value
                    elif block:
                        if "event" in block:
                            events.put(block | {"data": json.loads(block["data"])})
                        block = {}
            events.put(None)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        assert begun.wait(30)
        yield events
        # Closing alone is not leaving: the system keeps the connection while the thread reads it.
        with suppress(OSError):  # the server may have ended it
            response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def next_of(events: "Queue[Event]", kind: str, song_id: str = "", **facts: Any) -> Event:
    """The next event of this kind, about this song, with these facts; others before it are passed over."""
    end = time.monotonic() + 60
    seen = []
    while True:
        try:
            event = events.get(timeout=max(end - time.monotonic(), 0.01))
        except Empty:
            raise AssertionError(f"no {kind} of {song_id} with {facts} among {seen}") from None
        assert event is not None, seen
        data = event["data"]
        seen.append((event["event"], data.get("id"), data.get("status")))
        about = not song_id or data.get("id") == song_id
        if event["event"] == kind and about and facts.items() <= data.items():
            return event


def test_what_users_change_stays_whatever_the_song_is_doing(
    server: Server, client: httpx.Client, held: Callable[[], None]
) -> None:
    """One song runs, one waits, and both are renamed and tagged; then they end, and are again."""
    songs = [submit(client, f"a song of rain {n}", metadata={"order": "17", "n": str(n)}) for n in range(8)]
    running, waiting = until(lambda: in_state(client, "composing"))[-1], in_state(client, "queued")[0]
    assert found(client, metadata="order:17") == songs[::-1]
    assert found(client, metadata=["order:17", "n:3"]) == [songs[3]]
    listed = {song["id"]: song for song in client.get("/songs").json()["songs"]}
    assert listed[waiting]["queue_position"] > 0

    def at_half() -> bool:
        (song,) = client.get("/songs", params={"metadata": f"n:{songs.index(running)}"}).json()["songs"]
        return bool(song["progress"].get("music", {}).get("fraction") == 0.5)

    until(at_half)

    for song_id in (running, waiting):
        answer = client.patch(
            f"/songs/{song_id}", json={"title": " Neon\n Rain\u200b", "tags": ["A", "a", "b "]}
        )
        assert answer.status_code == 200, answer.text
        assert (answer.json()["title"], answer.json()["tags"]) == ("Neon Rain", ["A", "b"])
        assert answer.json()["metadata"]["order"] == "17"
        assert client.get(f"/songs/{song_id}").json()["title"] == "Neon Rain"
    # Many at once, beside what the song's maker writes: the last one holds, and none of the rest is lost.
    others = [
        threading.Thread(
            target=client.patch, args=(f"/songs/{running}",), kwargs={"json": {"favourite": True}}
        )
        for _ in range(4)
    ]
    for other in others:
        other.start()
    held()
    for other in others:
        other.join()
    for song_id in (running, waiting):
        song = ended(client, song_id)
        assert (song["status"], song["title"], song["tags"]) == ("done", "Neon Rain", ["A", "b"])
        assert song["favourite"] is (song_id == running)
        assert song["plan"]["title"] != song["title"]
    for name, file in (("audio", "Neon Rain.wav"), ("package", "Neon Rain.zip")):
        named = client.head(f"/songs/{running}/{name}").headers["content-disposition"]
        assert file in named, named
    assert found(client, tag="B", sort="oldest") == sorted((running, waiting), reverse=True)
    assert found(client, favourite="true") == [running]
    client.patch(f"/songs/{running}", json={"tags": ["Caf\u00e9"], "metadata": {"order": " 17 ", "n": "x"}})
    assert (
        found(client, tag=" Cafe\u0301") == found(client, metadata="order: 17", tag="Caf\u00e9") == [running]
    )
    stored = json.loads((server.home / "songs" / running / "song.json").read_text())
    assert stored["favourite"] is True

    answer = client.patch(
        f"/songs/{waiting}", json={"title": "Zebra", "favourite": True, "metadata": {}, "tags": []}
    )
    assert answer.json()["metadata"] == {}
    for song_id in songs:
        ended(client, song_id)
    assert found(client, favourite="true", sort="title") == [running, waiting]
    assert found(client, favourite="true", sort="updated") == [waiting, running]
    assert waiting not in found(client, metadata="order:17")
    assert found(client, q="zebra") == [waiting]
    everything = found(client)
    assert sorted(found(client, sort="duration")) == sorted(found(client, sort="title")) == everything
    assert found(client, status=["done", "failed"], instrumental="false") == everything
    genre = client.get(f"/songs/{running}").json()["categories"][0]
    assert running in found(client, genre=genre.upper())
    assert found(client, genre="polka") == found(client, status="cancelled") == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"status": "nope"}, "status"),
        ({"sort": "random"}, "sort"),
        ({"metadata": "order"}, "send key:value"),
        ({"cursor": "~abc"}, "next_cursor"),
        ({"cursor": cursor_of("duration", 10**30), "sort": "duration"}, "next_cursor"),
        ({"cursor": cursor_of("title", "\ud800"), "sort": "title"}, "next_cursor"),
        ({"favourite": "perhaps"}, "favourite"),
        ({"q": ["a", "b"]}, "2 times"),
        ({"stauts": "done"}, "did you mean status?"),
    ],
)
def test_a_search_that_cannot_be_is_refused_by_its_field(
    client: httpx.Client, query: dict[str, Any], said: str
) -> None:
    answer = client.get("/songs", params=query)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "send at least one of title, favourite, tags, metadata"),
        ({"favorite": True}, "did you mean favourite?"),
        ({"title": "\u200b"}, "send a title"),
        ({"title": None}, "title: null"),
        ({"title": "x" * 81}, "at most 80"),
        ({"tags": ["x" * 41]}, "tags.0"),
        ({"tags": ["x"] * 21}, "at most 20"),
        ({"metadata": {"a:b": "x"}}, "no colon"),
        ({"metadata": {str(n): "x" for n in range(17)}}, "at most 16"),
        ({"metadata": {"a": "x" * 201}}, "at most 200"),
        ({"metadata": {"a": 1}}, "send text in quotes"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_field(
    client: httpx.Client, body: dict[str, Any], said: str
) -> None:
    answer = client.patch(f"/songs/{'0' * 15}", json=body)
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["detail"]
    if "metadata" in body:
        answer = client.post("/generate-from-description", json=describe("rain", **body))
        assert answer.status_code == 422, answer.text
        assert said in answer.json()["detail"]


def test_a_form_carries_metadata_as_json(client: httpx.Client) -> None:
    files = {"image": ("x.png", file_of(shot("day"), "PNG"), "image/png")}
    fields = {"audio_duration": "5", "metadata": '{"order": "f-1"}'}
    answer = client.post("/generate-from-image", data=fields, files=files, headers=ASYNC)
    assert answer.status_code == 202, answer.text
    assert found(client, metadata="order:f-1") == [answer.json()["id"]]
    for wrong in ("order", "[]", '{"order": 1}', "[" * 5000):
        answer = client.post("/generate-from-image", data=fields | {"metadata": wrong}, files=files)
        assert (answer.status_code, answer.json()["detail"][:8]) == (422, "metadata")


def test_a_page_of_another_site_that_may_read_may_change(client: httpx.Client) -> None:
    asked = {"Origin": "https://page.example", "Access-Control-Request-Method": "PATCH"}
    answer = client.options("/songs/x", headers=asked)
    assert answer.status_code == 200
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert client.patch(f"/songs/{'0' * 15}", json={"favourite": True}).status_code == 404


def test_an_equal_request_with_other_metadata_is_another_song(client: httpx.Client) -> None:
    def ask(**metadata: str) -> tuple[str, bool]:
        body = describe("the same again", seed=7, metadata=metadata)
        answer = client.post("/generate-from-description", json=body).raise_for_status().json()
        return answer["id"], answer["cached"]

    first, _ = ask(order="1")
    assert ask(order="1") == (first, True)
    assert ask(order="2")[1] is False
    assert found(client, metadata="order:1") == [first]


def test_one_stream_tells_of_every_song_and_goes_on_where_it_broke_off(
    server: Server, client: httpx.Client, held: Callable[[], None]
) -> None:
    with listening(server) as events:
        next_of(events, "reset")
        songs = [submit(client, f"a song of wind {n}") for n in range(5)]
        first, last = songs[0], songs[-1]
        told = next_of(events, "song", first)["data"]
        assert told.keys() == client.get("/songs").json()["songs"][0].keys()
        place = next_of(events, "song", last, status="queued")["data"]["queue_position"]
        assert place >= 1
        until(lambda: client.get(f"/songs/{first}").json()["status"] == "composing")
        client.patch(f"/songs/{last}", json={"title": "Gale"})
        at = next_of(events, "song", last, title="Gale")["id"]
    # What happens while it is away: it ends, is marked, and another is deleted.
    held()
    for song_id in songs:
        ended(client, song_id)
    client.patch(f"/songs/{first}", json={"favourite": True})
    client.delete(f"/songs/{songs[1]}")
    with listening(server, at) as events:
        newest: dict[str, Event] = {}
        while not (
            newest.keys() >= {first, songs[1], last}
            and newest[songs[1]]["event"] == "deleted"
            and newest[first]["data"]["favourite"]
            and newest[last]["data"]["status"] == "done"
        ):
            event = events.get(timeout=60)
            assert event["event"] != "reset"
            newest[event["data"]["id"]] = event
        assert newest[first]["data"]["status"] == "done"
        # Another process makes songs in the same library, and deletes one.
        other = Library(LocalStore(server.home))
        theirs = made_song(3, {}, {}, status=Status.COMPOSING, description="of another process")
        other.save(theirs)
        next_of(events, "song", theirs.id, status="composing")
        other.save(theirs.changed(status=Status.DONE))
        next_of(events, "song", theirs.id, status="done")
        other.delete(theirs.id)
        next_of(events, "deleted", theirs.id)
    for unknown in ("x-1", "99", at.partition("-")[0] + "-9999999"):
        with listening(server, unknown) as events:
            assert events.get(timeout=60)["event"] == "reset"


def test_a_song_moves_in_the_queue_for_all_to_see(
    server: Server, client: httpx.Client, held: Callable[[], None]
) -> None:
    songs = [submit(client, f"a song of snow {n}") for n in range(6)]
    last = songs[-1]
    place = until(lambda: client.get(f"/songs/{last}").json()["queue_position"])
    with listening(server) as events:
        next_of(events, "reset")
        waiting = next(s for s in songs if client.get(f"/songs/{s}").json()["status"] == "queued")
        if waiting != last:
            client.post(f"/songs/{waiting}/cancel")
            next_of(events, "song", last, queue_position=place - 1)
        held()
        next_of(events, "song", last, status="done")


def test_a_listener_that_leaves_is_counted_no_more(
    server: Server, client: httpx.Client, held: Callable[[], None]
) -> None:
    """As a page that is loaded again and again: three times as often as may listen."""
    song = submit(client)
    for path in ("/events", f"/songs/{song}/events") * 6:
        page = connected(server, head(path))
        assert page.recv(12) == b"HTTP/1.1 200"
        page.close()
    held()
    ended(client, song)


def test_the_listener_too_many_is_told_to_come_back_and_a_stop_ends_all_streams(server: Server) -> None:
    with listening(server) as one, listening(server) as two, listening(server), listening(server):
        with server.client() as client:
            answer = client.get("/events")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
            assert client.head("/events").status_code == 200
            assert client.get("/events", headers={"Authorization": "Bearer wrong"}).status_code == 401
        for events in (one, two):
            next_of(events, "reset")
        assert server.stop() == 0
        for events in (one, two):
            while events.get(timeout=60):
                pass  # what was told before the end
    assert not [line for line in server.lines if "Traceback" in line]
