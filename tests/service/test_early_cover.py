"""A cover that is begun as soon as the plan has its words, in a running service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.modal.deployed import until
from tests.orchestrator.hasty import BROKEN, CHANGED, FRAGILE, LONG, PATIENT, PLAN_S, logged
from tests.service.server import Server, ended, serving
from tests.service.test_generation import ASYNC, describe

HERE = "tests.orchestrator.hasty"
ENGINES = {
    "SONGWRIGHT_LYRICS__ENGINE": f"{HERE}:HastyWriter",
    "SONGWRIGHT_LYRICS__TOGETHER": "3",
    "SONGWRIGHT_MUSIC__TOGETHER": "3",
    "SONGWRIGHT_ART__ENGINE": f"{HERE}:CarefulPainter",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("early"), **ENGINES) as running:
        yield running


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With a writer that says nothing early."""
    engines = ENGINES | {"SONGWRIGHT_LYRICS__ENGINE": f"{HERE}:LateWriter"}
    with serving(tmp_path_factory.mktemp("late"), **engines) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as connected:
        yield connected


def begun(client: httpx.Client, text: str, seed: int) -> str:
    body = describe(text, seed=seed)
    song_id: str = client.post("/generate-from-description", json=body, headers=ASYNC).json()["id"]
    return song_id


def made(server: Server, text: str, seed: int) -> dict[str, Any]:
    with server.client() as client:
        return ended(client, begun(client, text, seed))


def files(server: Server, song: dict[str, Any]) -> set[str]:
    return {path.name for path in (server.home / "songs" / song["id"]).iterdir()}


def sums(song: dict[str, Any]) -> dict[str, str]:
    return {role: asset["sha256"] for role, asset in song["assets"].items()}


def test_the_cover_is_made_while_the_plan_is_written_and_is_the_same(server: Server, late: Server) -> None:
    early, after = (made(each, f"a {PATIENT} song", 1) for each in (server, late))
    assert logged(1, server.home) == ["plan begins", "cover begins", "cover ends", "plan ends"]
    assert logged(1, late.home) == ["plan begins", "plan ends", "cover begins", "cover ends"]
    assert early["status"] == after["status"] == "done"
    assert sums(early) == sums(after)
    # The cover's seconds are its own, not those until the plan was there.
    assert early["costs"]["cover"]["seconds"] <= early["timings_s"]["cover"] + 0.001
    assert early["timings_s"]["cover"] < early["timings_s"]["lyrics"]
    statuses = [moment["status"] for moment in early["history"]]
    assert statuses == ["queued", "planning", "composing", "done"]


def test_a_plan_with_another_cover_than_was_said_has_its_own(server: Server, late: Server) -> None:
    early, after = made(server, f"a {CHANGED} song", 2), made(late, f"a {CHANGED} song", 2)
    assert logged(2, server.home).count("cover begins") == 2
    assert early["status"] == "done"
    assert sums(early) == sums(after)
    assert early["plan"]["mood"] == "epic"
    assert early["costs"]["cover"]["seconds"] > 0.9 * PLAN_S  # of both, each of half a plan at least


def test_a_plan_that_fails_leaves_no_cover(server: Server, client: httpx.Client) -> None:
    song = ended(client, begun(client, f"a {BROKEN} song", 3))
    assert song["status"] == "failed"
    assert song["error"]["step"] == "lyrics"
    assert logged(3, server.home)[:2] == ["plan begins", "cover begins"]  # it may end all the same
    assert set(song["assets"]) == set(song["engines"]) == set(song["timings_s"]) == set()
    until(lambda: files(server, song) == {"song.json"}, 60.0, "the cover to go")
    assert song["costs"]["cover"]["seconds"] > 0  # what it took until then was used


def test_a_song_that_is_cancelled_while_it_is_planned_leaves_no_cover(
    server: Server, client: httpx.Client
) -> None:
    song_id = begun(client, f"a {LONG} song", 4)
    until(lambda: "cover ends" in logged(4, server.home), what="the cover")
    until(lambda: (server.home / "songs" / song_id / "cover.png").exists(), what="its file")
    song = client.post(f"/songs/{song_id}/cancel").json()
    assert song["status"] == "cancelled"
    assert set(song["assets"]) == set()
    until(lambda: files(server, song) == {"song.json"}, 60.0, "the cover to go")


def test_a_painter_that_dies_meanwhile_is_tried_again(server: Server, client: httpx.Client) -> None:
    song = ended(client, begun(client, "a song", FRAGILE))
    assert song["status"] == "done"
    assert song["crashes"] == {"cover": 1}
    assert logged(FRAGILE, server.home).count("cover begins") == 2


def test_covers_of_several_songs_are_their_own(server: Server, late: Server, client: httpx.Client) -> None:
    """Their painter makes one at a time: the last ones come after their plans."""
    ids = [begun(client, f"song {seed}", seed) for seed in (11, 12, 13)]
    songs = [ended(client, song_id) for song_id in ids]
    with late.client() as other:
        ids = [begun(other, f"song {seed}", seed) for seed in (11, 12, 13)]
        assert [sums(song) for song in songs] == [sums(ended(other, song_id)) for song_id in ids]
    assert len({sums(song)["cover"] for song in songs}) == 3
