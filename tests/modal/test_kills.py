"""Songs through the deployed app, each with one thing that goes wrong at one place of its journey: a
container is killed at the k-th request, the bucket fails at it, an input is given to two containers, a call
is forgotten. Each song is done once, and what an engine has made is never paid twice."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from orchestrator.songs.manifest import Status
from tests.modal import engines
from tests.modal.calls import Call
from tests.modal.deployed import until
from tests.modal.kills import Place, clean, made_once, placed
from tests.service.receiver import receiving
from tests.storage.s3 import s3_server

pytestmark = [
    pytest.mark.alone,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]

SONGS = int(os.environ.get("SONGWRIGHT_TEST_SONGS", "3"))  # make test-faults: 204
TARGETS = ("produce", "produce", "MusicEngine.*", "LyricsEngine.*", "CoverEngine.*", "web")
"""Whose container is killed: most often that which knows of all steps."""
OPERATIONS = 80
"""About as many requests, to the bucket and to Modal, as a song takes from its acceptance to its end."""
FAULTS = ("412", "429", "500", "503", "reset before", "reset after", "half an answer")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with s3_server() as s3, placed(s3, tmp_path_factory.mktemp("runs")) as place:
        yield place


@pytest.mark.long
def test_a_container_killed_at_any_request_costs_no_song_and_no_step_that_ended(place: Place) -> None:
    rng = random.Random(20261128)
    kills = [(TARGETS[n % len(TARGETS)], 1 + rng.randrange(OPERATIONS)) for n in range(SONGS)]
    with receiving() as receiver:
        for seed, (tag, k) in enumerate(kills, 1000):
            place.bomb.set(k, partial(place.kill, tag))
            song = place.finished(place.ask(seed, receiver.url))
            print(f"{tag} killed at request {k}: {place.bomb.seen} requests")
            made_once(place, song, tag)
        place.bomb.set(0, lambda: None)
        clean(place)
        told: dict[str, set[str]] = {}
        for headers, body in receiver.got:
            told.setdefault(json.loads(body)["song"]["id"], set()).add(headers["webhook-id"])
        assert len(told) == len(kills)
        assert all(len(ids) == 1 for ids in told.values()), told


@pytest.mark.long
def test_a_song_killed_between_a_steps_spawning_and_its_calls_id_makes_no_step_twice(place: Place) -> None:
    """Three calls wake the engines, the fourth is the song's, the fifth is the plan's, the next two are the
    music's and the cover's."""
    for k in (5, 6):
        place.bomb.set(k, partial(place.kill, "produce"), only="FunctionMap")
        song = place.finished(place.ask(1900 + k))
        (*_, produced) = (call for call in place.app.control.calls if call.function.name == "produce")
        assert produced.inputs[0].attempts == 2
        made_once(place, song)
    clean(place)


@pytest.mark.long
def test_a_fault_of_the_bucket_at_any_request_costs_nothing(place: Place) -> None:
    rng = random.Random(20261129)
    seeds = range(2000, 2000 + SONGS)

    for seed in seeds:
        fault = rng.choice(FAULTS)
        place.bomb.set(1 + rng.randrange(OPERATIONS), partial(place.faults.coming.append, fault))
        song = place.finished(place.ask(seed))
        made_once(place, song)
    place.bomb.set(0, lambda: None)
    clean(place)


def test_inputs_given_to_two_containers_at_once_are_worked_on_once(place: Place) -> None:
    names = frozenset({"produce", "MusicEngine.*"})
    before = len(place.app.control.calls)
    place.app.control.set(doubled=names)
    with ThreadPoolExecutor(3) as askers:
        asking = partial(place.ask, full_described_song=engines.PATIENT)
        ids = list(askers.map(asking, range(3000, 3002)))
    songs = [place.finished(song_id) for song_id in ids]
    place.app.control.set(doubled=frozenset())
    for song in songs:
        made_once(place, song)
    doubled = [call for call in place.app.control.calls[before:] if call.inputs[0].attempts > 1]
    assert {call.function.name for call in doubled} == names
    clean(place)


@pytest.mark.long
def test_a_step_that_was_spawned_twice_or_forgotten_is_run_once(place: Place) -> None:
    """As where a song's call is lost before it knows the call that it has spawned."""
    control = place.app.control
    spawned = len(control.calls)
    song_id = place.ask(4000)

    def found() -> Call | None:
        steps = (call for call in control.calls[spawned:] if call.method == "step")
        return next((call for call in steps if call.function.name == "MusicEngine.*"), None)

    first = control.wait(found, 60.0)
    assert first
    song = place.library.load(song_id)
    doubles = [
        control.invoke("MusicEngine.*", "music", song.model_dump_json(), method="step") for _ in range(2)
    ]
    outcomes = [double.result(60.0) for double in doubles]
    for result, error in outcomes:
        assert (type(error).__name__ if error else "made") in ("Elsewhere", "made", "Superseded")
        assert type(error).__name__ != "Elsewhere" or result == first.id
    made_once(place, place.finished(song_id))
    clean(place)


def test_a_step_whose_call_modal_forgets_in_the_middle_is_not_run_again(place: Place) -> None:
    control = place.app.control
    song_id = place.ask(4100, full_described_song=engines.PATIENT)
    _, work = control.busy("MusicEngine.*", method="step", timeout_s=60.0)
    until(lambda: engines.begun(place.runs)["music", 4100], what="the engine to begin")
    control.forget(work.call.id)
    made_once(place, place.finished(song_id))
    assert "the music step was lost" in control.logs("produce")
    clean(place)


@pytest.mark.long
def test_a_song_that_kills_its_container_is_tried_three_times_with_waits(place: Place) -> None:
    began = time.monotonic()
    song = place.finished(place.ask(5000, full_described_song=engines.KILLER), 120.0)
    took_s = time.monotonic() - began
    assert song.status is Status.FAILED
    assert song.error
    assert "its container ended 3 times in the middle of this song" in song.error.message
    assert engines.begun(place.runs)["music", 5000] == 3
    assert took_s > 0.7 * (2.0 + 15.0)
    made_once(place, place.finished(place.ask(5001)))
    clean(place)
