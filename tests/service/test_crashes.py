"""A server that is killed, again and again, and loses nothing."""

import json
import os
import random
import time
from collections import Counter
from pathlib import Path

import httpx

from tests.orchestrator.test_cli import HERE, QUICK, parts_left
from tests.service.server import Server
from tests.service.test_generation import ASYNC, describe

MANY = "SONGWRIGHT_TEST_SONGS" in os.environ  # make test-faults
SONGS, KILLS = (60, 30) if MANY else (24, 10)


def submit(server: Server, number: int) -> str | None:
    """Asks for song ``number``, with a key of its own; None if the server was gone before it answered."""
    headers = ASYNC | {"Idempotency-Key": f"song-{number}"}
    try:
        with server.client() as client:
            response = client.post(
                "/generate-from-description", json=describe(f"song {number}", seed=number), headers=headers
            )
    except httpx.TransportError:
        return None
    assert response.status_code in (200, 202), response.text
    return str(response.json()["id"])


def test_a_server_killed_again_and_again_finishes_every_song_once(tmp_path: Path) -> None:
    rng = random.Random()
    seed = rng.randrange(2**32)
    rng.seed(seed)
    print(f"kills drawn with seed {seed}")
    server = Server(tmp_path, **(QUICK | {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:SteadyComposer"}))
    accepted: dict[int, str] = {}
    left = list(range(SONGS))
    server.start()
    for number in left[: SONGS // 2]:
        song_id = submit(server, number)
        assert song_id
        accepted[number] = song_id
    left = left[SONGS // 2 :]
    for _ in range(KILLS):
        until = time.monotonic() + rng.uniform(0.0, 1.5)
        while time.monotonic() < until:
            # Meanwhile somebody goes on asking; what was not answered is asked again with the same key.
            if left and (song_id := submit(server, left[0])):
                accepted[left.pop(0)] = song_id
            time.sleep(rng.uniform(0.0, 0.2))
        server.kill()
        server.start()
    try:
        for number in left:
            song_id = submit(server, number)
            assert song_id
            accepted[number] = song_id
        with server.client() as client:
            end = time.monotonic() + 90
            while unfinished := [s for s in listed(client) if s["status"] not in ("done", "failed")]:
                assert time.monotonic() < end, f"{len(unfinished)} songs are not finished"
                time.sleep(0.1)
    finally:
        server.kill()

    songs = [json.loads(path.read_text()) for path in tmp_path.glob("songs/*/song.json")]
    assert len(songs) == SONGS
    assert {song["id"] for song in songs} == set(accepted.values())
    assert Counter(song["status"] for song in songs) == {"done": SONGS}
    assert {song["seed"] for song in songs} == set(range(SONGS))
    for song in songs:
        assert [moment["status"] for moment in song["history"]].count("done") == 1
        assert song["owner"] is None
        for asset in song["assets"].values():
            assert (tmp_path / asset["key"]).stat().st_size == asset["size_bytes"]
    assert sum(len(song["history"]) > 4 for song in songs) > KILLS // 6, "the kills hit songs at work"
    assert not list((tmp_path / "open").glob("*"))
    assert not parts_left(tmp_path)


def listed(client: httpx.Client) -> list[dict[str, str]]:
    found: list[dict[str, str]] = client.get("/songs?limit=100").raise_for_status().json()["songs"]
    return found
