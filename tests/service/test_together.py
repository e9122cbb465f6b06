"""Several songs in one engine process: how they share it, and what one that goes wrong costs the others."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.engine import Report
from music.contract import Audio, MusicRequest
from tests.orchestrator.engines import HangingComposer, HumComposer
from tests.service.server import Server, ended, serving
from tests.service.test_generation import ASYNC, describe

HERE = "tests.service.test_together"


class MixedComposer(HangingComposer):
    """Hangs with seed 13; another is at work until the process is ended, and done in the next."""

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        self.hung = getattr(self, "hung", False) or request.seed == 13
        while self.hung and request.seed != 13:
            report("beside one that hangs", 0.5)
            time.sleep(0.02)
        return super().compose(request, report)


class ChoirComposer(HumComposer):
    """Waits until three are in it at once, and says in whose process they were."""

    def __init__(self) -> None:
        self._all_here = threading.Barrier(3)

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        report("gathering", 0.0)
        if request.seed == 666:
            raise ZeroDivisionError("a bug in one song")
        while request.seed == 1000:
            report("waiting to be cancelled", 0.5)
            time.sleep(0.01)
        self._all_here.wait(20)
        audio = super().compose(request, report)
        return Audio(audio.samples, audio.rate_hz, warnings=(f"process {os.getpid()}",))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    choir = {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:ChoirComposer", "SONGWRIGHT_MUSIC__PROCESSES": "1"}
    with serving(tmp_path, **choir, SONGWRIGHT_MUSIC__TOGETHER="4") as running:
        yield running


def test_songs_are_in_one_process_together_and_one_that_fails_or_is_cancelled_leaves_the_rest(
    server: Server,
) -> None:
    began = time.monotonic()
    with server.client() as client:

        def submit(seed: int) -> str:
            body = describe(f"song {seed}", seed=seed)
            answer = client.post("/generate-from-description", json=body, headers=ASYNC)
            return str(answer.raise_for_status().json()["id"])

        waiting = submit(1000)
        while client.get(f"/songs/{waiting}").json()["progress"].get("music", {}).get("fraction") != 0.5:
            time.sleep(0.02)
        failing = submit(666)
        others = [submit(seed) for seed in (1, 2)]
        failed = ended(client, failing)
        assert failed["status"] == "failed"
        assert client.post(f"/songs/{waiting}/cancel").json()["status"] == "cancelled"
        others.append(submit(3))
        songs = [ended(client, song_id) for song_id in others]
        assert [song["status"] for song in songs] == ["done"] * 3
        warnings_of_deaths = {
            warning for song in songs for warning in song["warnings"] if warning.startswith("process ")
        }
        assert len(warnings_of_deaths) == 1, warnings_of_deaths
        audio = [song["assets"]["audio"]["sha256"] for song in songs]
        assert len(set(audio)) == 3
        # Each waited for the others in the engine, and yet all together had no more of it than the time that
        # went by; what the failed one had counts too.
        shares = [song["costs"]["music"]["seconds"] for song in (failed, *songs)]
        assert 0 < sum(shares) <= time.monotonic() - began


def test_who_shares_a_process_that_is_ended_for_another_song_is_tried_again_and_not_blamed(
    tmp_path: Path,
) -> None:
    mixed = {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:MixedComposer", "SONGWRIGHT_MUSIC__PROCESSES": "1"}
    with serving(tmp_path, **mixed, SONGWRIGHT_MUSIC__TOGETHER="3") as server, server.client() as client:

        def at_work(seed: int) -> str:
            answer = client.post("/generate-from-description", json=describe(seed=seed), headers=ASYNC)
            song_id = str(answer.raise_for_status().json()["id"])
            while "music" not in client.get(f"/songs/{song_id}").json()["progress"]:
                time.sleep(0.02)
            return song_id

        hanging, innocent = at_work(13), at_work(1)
        assert client.post(f"/songs/{hanging}/cancel").json()["status"] == "cancelled"
        song = ended(client, innocent)
    assert song["status"] == "done"
    assert song["crashes"] == {}
