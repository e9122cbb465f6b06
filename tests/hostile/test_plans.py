"""Plans that nobody waits for any more, and more of them than anybody can read: no song is held by them."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from orchestrator.server.service import MOST_PLANS
from tests.hostile.figures import resisted
from tests.hostile.hanging import sent
from tests.service.server import Server, ended, serving

SONG = {"full_described_song": "a calm song about rain", "audio_duration": 5, "instrumental": True}
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    variables = {"SONGWRIGHT_LYRICS__ENGINE": "tests.hostile.writers:SlowWriter"}
    with serving(tmp_path_factory.mktemp("home"), timed=True, **variables) as running:
        yield running


def asked(client: httpx.Client, path: str, body: dict[str, object]) -> socket.socket:
    """A request whose answer has not been read."""
    return sent(client.build_request("POST", path, json=body))


def song_s(client: httpx.Client) -> float:
    """The seconds until a song is done."""
    began = time.monotonic()
    song = client.post("/generate-from-description", json=SONG, headers=ASYNC).raise_for_status().json()
    assert ended(client, song["id"])["status"] == "done"
    return time.monotonic() - began


def test_plans_whose_clients_have_gone_hold_no_song(server: Server) -> None:
    with server.client() as client:
        usual_s = song_s(client)
        paths = ("/plan", "/plan", "/plan", "/quote")
        waiting = [asked(client, paths[n % 4], SONG | {"seed": n}) for n in range(400)]
        for connection in waiting:
            connection.close()
        with_plans_s = song_s(client)
        # Nothing is left of them: a plan is written as soon as it is asked for.
        assert client.post("/plan", json=SONG).status_code == 200
    assert with_plans_s < usual_s + 3.0
    assert server.slow == []
    resisted(
        "400 requests for plans and quotes, their clients gone at once",
        limit=f"{MOST_PLANS} plans at once, each ended with its client; half of a writer's places",
        figure=f"a song meanwhile in {with_plans_s:.1f} s, alone {usual_s:.1f} s",
    )


def answered(waiting: list[socket.socket], timeout_s: float = 0.0) -> list[socket.socket]:
    """Those that have an answer to read."""
    return select.select(waiting, [], [], timeout_s)[0]


def test_a_plan_too_many_is_refused_and_songs_go_first(server: Server) -> None:
    with server.client() as client:
        usual_s = song_s(client)
        waiting = [asked(client, "/plan", SONG | {"seed": n}) for n in range(60)]
        until = time.monotonic() + 5
        while len(answered(waiting)) < 30 and time.monotonic() < until:
            time.sleep(0.01)
        full = [connection.recv(5000).decode() for connection in answered(waiting)]
        with_plans_s = song_s(client)
        pending = len(waiting) - len(answered(waiting))
        for connection in waiting:
            connection.close()
    full = [answer for answer in full if " 429 " in answer]
    assert 30 <= len(full) <= 60 - MOST_PLANS
    assert all("retry-after: " in answer.lower() for answer in full)
    assert pending, "the song has waited for all the plans before it"
    assert with_plans_s < usual_s + 3.0
    assert server.slow == []
    resisted(
        "60 plans at once, all waited for",
        limit=f"{MOST_PLANS} written or waiting, then 429 with Retry-After; songs go first",
        figure=f"{len(full)} refused; a song meanwhile in {with_plans_s:.1f} s, alone {usual_s:.1f} s",
    )


def test_a_plan_that_is_being_written_ends_with_its_client(server: Server) -> None:
    with server.client() as client:
        connection = asked(client, "/plan", SONG | {"full_described_song": "endless"})
        held = client.build_request("POST", "/plan", json=SONG, timeout=1.0)
        with pytest.raises(httpx.ReadTimeout):
            client.send(held)  # it waits behind the endless one
        connection.close()
        began = time.monotonic()
        assert client.post("/plan", json=SONG).status_code == 200
        waited_s = time.monotonic() - began
    assert waited_s < 3.0
    assert server.slow == []
    resisted(
        "a plan without end, its client gone while it is written",
        limit="writing ends with its client",
        figure=f"the next plan in {waited_s:.1f} s",
    )
