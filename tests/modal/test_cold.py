"""How long a song takes where containers start slowly, from its request to the answer."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from statistics import median

import httpx
import pytest

from tests.modal import engines
from tests.modal.calls import Call
from tests.modal.deployed import Deployed, deployed, engines_in
from tests.service.test_generation import describe
from tests.storage.s3 import s3_server

pytestmark = [
    pytest.mark.alone,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"),
]

HERE = engines.__name__
CLASSES = ("LyricsEngine.*", "MusicEngine.*", "CoverEngine.*")
COLD_S = 15.0
WORK_S = engines.PLAN_S + engines.MUSIC_S
PACE = float(os.environ.get("SONGWRIGHT_TEST_PACE", "0.4"))
"""Seconds that stand for one; 1 for the real figures."""
ENV = engines_in(HERE, "Paced")


TRIP_S = 0.02
"""What reading a song through the deployment takes on two idle cores."""
MOST_SLOWER = 3.0


@dataclass
class Made:
    """A song's seconds, from its request to the answer, and those of its parts by the stand-in's clock."""

    took_s: float
    trips_s: list[float]
    """What it took to read the song, again and again, as soon as it was done."""
    plan_s: float
    music_s: float

    @property
    def in_steps_s(self) -> float:
        """What the two steps took beyond their engines' work: records, files, the wait for the cover."""
        return self.plan_s + self.music_s - PACE * WORK_S

    def around_s(self, cold_s: float = 0.0) -> float:
        """What the service took around the steps and a wait of ``cold_s`` for containers."""
        return self.took_s - cold_s - self.plan_s - self.music_s


def made(app: Deployed, seed: int) -> Made:
    since = len(app.control.calls)
    with app.client as client:
        began_s = time.monotonic()
        answer = client.post("/generate-from-description", json=describe(audio_duration=5, seed=seed))
        took_s = time.monotonic() - began_s
        trips_s = [trip_s(client, answer.json()["id"]) for _ in range(5)]
    assert answer.json()["status"] == "done", answer.text
    steps = {call.function.name: call for call in app.control.calls[since:] if call.method == "step"}
    return Made(took_s, trips_s, worked_s(steps["LyricsEngine.*"]), worked_s(steps["MusicEngine.*"]))


def trip_s(client: httpx.Client, song_id: str) -> float:
    began_s = time.monotonic()
    client.get(f"/songs/{song_id}").raise_for_status()
    return time.monotonic() - began_s


def worked_s(call: Call) -> float:
    """The seconds in the container, as Modal's client notes them with the output."""
    output = call.inputs[0].output
    assert output
    return output.output_created_at - output.input_started_at


def cold_s(app: Deployed) -> float:
    """The seconds from the call that woke the first engine until it and the songs' own function took inputs.
    The stand-in builds the containers' files meanwhile, one after the other."""
    woken = next(call for call in app.control.calls if call.function.name == "LyricsEngine.*")
    containers = (app.control.containers(name, alive=False)[0] for name in ("LyricsEngine.*", "produce"))
    ready_s = max(each.started + each.start_s for each in containers)
    return ready_s + time.time() - time.monotonic() - woken.created


def test_a_first_song_waits_for_one_cold_start_and_a_warm_one_for_none() -> None:
    """What the service adds, around the steps and in them, does not scale with ``PACE``: the slack is 0.05 of
    the real times for each, and as many times more, up to three, as reading a song is slower here and now
    than on idle cores. Of warm songs the median counts: one in three may meet whatever else the machine does.

    At commit 194c7c7, at 1, a first song took 51.2 s (1.77) and a warm one 15.5 s (1.11); now 29.9 s (1.03)
    and 14.3 s (1.02). Without the wakes, at 0.4, it adds 8.3 s around the steps of a first song, of 2.0
    allowed."""
    cold = dict.fromkeys(CLASSES, COLD_S * PACE)
    paced = {engines.PACE: str(PACE)}
    with s3_server() as s3, deployed(s3, ENV, cold_start_s=cold, container_env=paced) as app:
        with app.client as client:
            client.get("/health")
        # The stand-in builds an image's tree of files for its first container, which Modal has done by then.
        app.control.invoke("VisionEngine.*", method="wake").result(60.0)
        first = made(app, 1)
        first_cold_s = cold_s(app)
        warm = [made(app, seed) for seed in (2, 3, 4)]
        containers = app.control.containers(alive=False)
        started = [f"{each.function.name} {each.start_s:.1f} s" for each in containers]
    names = [each.function.name for each in containers]
    around_s = first.around_s(first_cold_s), median(song.around_s() for song in warm)
    in_steps_s = first.in_steps_s, median(song.in_steps_s for song in warm)
    trip = median(trip_s for song in (first, *warm) for trip_s in song.trips_s)
    slower = min(max(trip / TRIP_S, 1.0), MOST_SLOWER)
    print(
        f"at {PACE:g}: {first.took_s:.2f} s, of which {first_cold_s:.2f} cold, then "
        f"{[round(song.took_s, 2) for song in warm]}; "
        f"around the steps {around_s}, in them {in_steps_s}; at 1: "
        f"{1 + (around_s[0] + in_steps_s[0]) / (COLD_S + WORK_S):.3f} and "
        f"{1 + (around_s[1] + in_steps_s[1]) / WORK_S:.3f}; a trip {trip:.3f} s; {started}"
    )
    assert around_s[0] <= slower * 0.05 * (COLD_S + WORK_S)
    assert around_s[1] <= slower * 0.05 * WORK_S
    assert max(in_steps_s) <= slower * 0.05 * WORK_S
    # A wake and a step are not two containers.
    assert {name: names.count(name) for name in CLASSES} == dict.fromkeys(CLASSES, 1)
