"""The library as both clients see it: looked for, changed, and watched."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from songwright import (
    AsyncClient,
    Client,
    InvalidArgument,
    InvalidCall,
    InvalidRequest,
    LibraryEvent,
    NotFound,
)
from tests.service.server import TOKEN, Server
from tests.songwright.conftest import Connect

NOWHERE = "http://127.0.0.1:9"
QUICK = {"audio_duration": 5}


def test_a_song_is_changed_and_found_by_what_is_its_own(server: Server, connect: Connect) -> None:
    client, order = connect(server.url), uuid4().hex  # of this client's songs
    made = [
        client.wait(client.generate(f"rain {n}", metadata={"order": order, "n": str(n)}, **QUICK))
        for n in range(3)
    ]
    song = client.update(made[0], title="Neon Rain", favourite=True, tags=["demo", "b"])
    assert (song.title, song.favourite, song.tags) == ("Neon Rain", True, ("demo", "b"))
    assert song.metadata == {"order": order, "n": "0"}
    ids = [one.id for one in made]

    def found(**filters: Any) -> list[str]:
        return [each.id for each in client.songs(page_size=2, **filters)]

    assert (
        found(metadata={"order": order})
        == found(metadata={"order": order}, status=["done", "failed"])
        == ids[::-1]
    )
    assert found(metadata={"order": order}, sort="oldest") == ids
    assert sorted(found(metadata={"order": order}, sort="title")) == sorted(ids)
    assert found(metadata={"order": order, "n": "1"}, instrumental=False) == [ids[1]]
    assert found(tag="DEMO", favourite=True, q="neon", metadata={"order": order}) == [ids[0]]
    assert found(metadata={"order": order}, status="failed") == found(genre="polka") == []
    summary = next(each for each in client.songs(tag="demo", metadata={"order": order}))
    assert (summary.title, summary.favourite, summary.tags, summary.task) == (
        "Neon Rain",
        True,
        ("demo", "b"),
        "compose",
    )
    link = client.share(song, expires_s=90)
    page = httpx.get(link.url)
    assert (page.status_code, "Neon Rain" in page.text) == (200, True)
    assert 60 < (link.expires_at - datetime.now(UTC)).total_seconds() <= 90
    assert client.update(song.id, tags=[], metadata={}).metadata == {}
    assert found(metadata={"order": order}) == ids[:0:-1]


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.update("0" * 15),
        lambda client: client.update("0" * 15, favorite=True),
        lambda client: client.update("../x", favourite=True),
        lambda client: client.update("0" * 15, metadata={"a": float("nan")}),
        lambda client: client.share("0" * 15, expires_s=1.5),
        lambda client: list(client.songs(stauts="done")),
        lambda client: list(client.songs(favourite="yes")),
        lambda client: list(client.songs(metadata="a:b")),
        lambda client: list(client.songs(metadata={"a": 1})),
        lambda client: list(client.songs(after="~a/b")),
    ],
)
def test_what_cannot_be_sent_is_a_mistake_in_the_program(
    connect: Connect, call: Callable[[Any], object]
) -> None:
    with pytest.raises((InvalidArgument, InvalidCall)):
        call(connect(NOWHERE))


def test_what_the_service_refuses_is_named(server: Server, connect: Connect) -> None:
    client = connect(server.url)
    with pytest.raises(NotFound):
        client.update("0" * 15, favourite=True)
    with pytest.raises(InvalidRequest, match="tags"):
        client.update("0" * 15, tags=["x" * 41])
    with pytest.raises(InvalidRequest, match="next_cursor"):
        list(client.songs(after="0" * 15, sort="title"))


def test_what_happens_is_watched_from_the_first_song_to_its_end(server: Server) -> None:
    with Client(server.url, TOKEN) as client, Client(server.url, TOKEN) as other:
        seen: list[LibraryEvent] = []
        song_id = ""
        doings: list[Callable[[str], object]] = [
            lambda made: other.update(made, favourite=True),
            other.delete,
        ]
        for event in client.watch():
            if song_id and event.id != song_id:
                continue  # of another test's song
            seen.append(event)
            if event.kind == "reset":
                song_id = other.generate("a song of wind", **QUICK).id
            elif event.kind == "deleted":
                break
            elif event.song and event.song.status == "done" and doings:
                doings.pop(0)(song_id)
    assert not doings
    assert [event.kind for event in seen[:1]] == ["reset"]
    statuses = [event.song.status for event in seen if event.song]
    assert statuses[-1] == "done"

    async def first() -> LibraryEvent | None:
        async with AsyncClient(server.url, TOKEN) as client:
            async for event in client.watch():
                return event
        return None

    assert asyncio.run(first()) == LibraryEvent("reset")
