"""What is lost in mid-song and found again, and what runs on a schedule: genuine containers of the deployed
app, with the engines of the tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from orchestrator.modal.call_records import CallRecord, CallRecords, StepRun
from orchestrator.server.bucket_keys import KEY
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Moment, Owner, Song, Status, Webhook, new_songs
from tests.modal.control import Control
from tests.modal.deployed import ROOT, Deployed, deployed, until
from tests.orchestrator.test_cli import HERE, QUICK
from tests.service.receiver import receiving, verified
from tests.service.test_generation import ASYNC, describe
from tests.storage.s3 import S3, s3_server

pytestmark = [
    pytest.mark.alone,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]

ENV = {
    **QUICK,
    "SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:PatientComposer",
    "SONGWRIGHT_VISION__ENGINE": "sketch",
    "SONGWRIGHT_MODAL__PACKAGES": "tests",
    "SONGWRIGHT_MODAL__WARM": "0 8 * * 1-5",
    "SONGWRIGHT_WEBHOOKS__ALLOW_PRIVATE": "true",
}
ENGINES = ("LyricsEngine.*", "MusicEngine.*", "CoverEngine.*", "VisionEngine.*")
OLD = timedelta(minutes=10)


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with s3_server() as running:
        yield running


@pytest.fixture(scope="module")
def app(s3: S3) -> Iterator[Deployed]:
    with deployed(s3, ENV, snapshots=False) as app:
        yield app


def library_of(app: Deployed) -> Library:
    return Library(app.s3.store(app.bucket))


def steps(app: Deployed, since: int = 0) -> list[str]:
    """The engines' calls after so many calls, by class: each is paid for."""
    engines = [call for call in app.control.calls[since:] if call.function.name in ENGINES]
    return sorted(call.function.name for call in engines if call.method == "step")


def queued(library: Library, age: timedelta = OLD) -> Song:
    """A song that was accepted a while ago, and is still to be made."""
    song = new_songs(Brief(description="a lost song", duration_s=5.0))[0]
    then = datetime.now(UTC) - age
    moments = (Moment(status=Status.QUEUED, at=then), Moment(status=Status.PLANNING, at=then))
    facts = {"created_at": then, "updated_at": then, "history": moments, "status": Status.PLANNING}
    return library.save(song.model_copy(update={**facts, "owner": Owner(host="modal", pid=0, service=True)}))


def finished(library: Library, song_id: str) -> Song:
    song: Song = until(lambda: (song := library.load(song_id)).status.finished and song, what="the song")
    return song


def test_a_song_whose_calls_modal_has_forgotten_is_taken_up_by_the_patrol(app: Deployed) -> None:
    """Its own call's id and that of its step are of another time: Modal answers NOT_FOUND for both."""
    library, since = library_of(app), len(app.control.calls)
    song = queued(library)
    marks = CallRecords(library.store)
    assert marks.replace(song.id, CallRecord(call_id="fc-forgotten", at=datetime.now(UTC) - OLD), None)
    marks.replace_run(song.id, "plan", StepRun(call_id="fc-forgotten-too"), None)
    app.control.invoke("patrol").result(60.0)
    assert finished(library, song.id).status is Status.DONE
    assert steps(app, since) == ["CoverEngine.*", "LyricsEngine.*", "MusicEngine.*"]
    until(lambda: not app.keys("calls/"), what="the marks to go")


def test_the_patrol_ends_at_once_where_nothing_is_unfinished(app: Deployed) -> None:
    until(lambda: not app.keys("open/"), what="every song to be settled")
    since = len(app.control.calls)
    assert app.control.invoke("patrol").result(60.0) is None
    assert [call.function.name for call in app.control.calls[since:]] == ["patrol"]
    patrol = app.control.functions["patrol"]
    assert patrol.schedule == "Period(minutes=5)"
    assert patrol.gpu is None
    assert patrol.min_containers == 0
    assert patrol.max_containers == 1
    assert patrol.scaledown_window_s == 2


def test_a_killed_songs_steps_are_taken_up_and_made_once(app: Deployed) -> None:
    since = len(app.control.calls)
    with app.client as client:
        asked = client.post("/generate-from-description", json=describe(audio_duration=120), headers=ASYNC)
        song_id, library = asked.json()["id"], library_of(app)
        app.control.busy("MusicEngine.*", method="step", timeout_s=60.0)
        until(lambda: app.keys(f"calls/{song_id}.music"), what="the step's id")
        until(lambda: library.load(song_id).status is Status.COMPOSING, what="the plan to be stored")
        app.control.kill("produce")
        song = finished(library, song_id)
    assert song.status is Status.DONE, song.error
    assert song.was_interrupted
    assert steps(app, since) == ["CoverEngine.*", "LyricsEngine.*", "MusicEngine.*"]


def test_two_runners_of_a_song_make_it_once(app: Deployed) -> None:
    """Modal gave the song to another while the first was only cut off: one of them writes its end."""
    library, since = library_of(app), len(app.control.calls)
    song = queued(library)
    assert CallRecords(library.store).replace(
        song.id, CallRecord(call_id="fc-other", at=datetime.now(UTC)), None
    )
    first = app.control.invoke("produce", song.id)
    app.control.busy("MusicEngine.*", method="step", timeout_s=60.0)
    until(lambda: app.keys(f"calls/{song.id}.music"), what="the step's id")
    second = app.control.invoke("produce", song.id)
    ends = {first.result(60.0), second.result(60.0)}
    assert "done" in ends
    assert ends <= {"done", "superseded"}
    assert library.load(song.id).status is Status.DONE
    assert steps(app, since) == ["CoverEngine.*", "LyricsEngine.*", "MusicEngine.*"]


def test_a_cancelled_song_stops_its_step_though_its_own_call_is_lost(app: Deployed) -> None:
    """Nobody but the mark knows of the step: whoever spawned it is gone."""
    library = library_of(app)
    whole = next(song for song in library.songs() if song.status is Status.DONE)
    facts = {"status": Status.COMPOSING, "plan": whole.plan, "owner": None}
    song = library.save(queued(library).model_copy(update=facts))
    marks = CallRecords(library.store)
    assert marks.replace(song.id, CallRecord(call_id="fc-lost", at=datetime.now(UTC)), None)
    call = app.control.invoke("MusicEngine.*", "music", song.model_dump_json(), method="step")
    marks.replace_run(song.id, "music", StepRun(call_id=call.id, number=1), None)
    container, work = app.control.busy("MusicEngine.*", method="step", timeout_s=60.0)
    with app.client as client:
        assert client.post(f"/songs/{song.id}/cancel").json()["status"] == "cancelled"
    app.control.wait(lambda: work.id not in container.running, 20.0, "the musician to be free")
    assert work.status == "terminated"
    assert not app.keys(f"calls/{song.id}")


def test_a_webhook_and_its_signed_addresses_lead_to_the_deployment(app: Deployed) -> None:
    with receiving() as receiver, app.client as client:
        asked = describe(audio_duration=5, webhook=receiver.url)
        song = client.post("/generate-from-description", json=asked).json()
        until(lambda: receiver.got, what="the webhook")
        secret = json.loads(app.read(KEY))["webhook-secret"]
        body = verified(secret, *receiver.got[0])
    assert body["song"]["id"] == song["id"]
    package = body["song"]["urls"]["package"]
    assert package.startswith(app.control.web_url("web") + "/"), package
    # Signed in the song's own container, and good in the web function's, without a token.
    answer = httpx.get(package, timeout=60.0)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")


@pytest.mark.parametrize(("attempts", "quiet", "told"), [(1, OLD, True), (5, OLD, False)])
def test_the_patrol_tells_those_whose_next_attempt_is_overdue(
    app: Deployed, attempts: int, quiet: timedelta, *, told: bool
) -> None:
    """Two seconds after a first attempt; half an hour after a fifth."""
    library = library_of(app)
    with receiving() as receiver:
        song = queued(library)
        hook = Webhook(url=receiver.url, attempts=attempts, error="it answered 503")
        then = datetime.now(UTC) - quiet
        facts = {"status": Status.DONE, "webhook": hook, "owner": None, "updated_at": then}
        library.save(song.model_copy(update=facts))
        app.control.invoke("patrol").result(60.0)
        assert len(receiver.got) == told
        stored = library.load(song.id).webhook
        assert stored
        assert stored.attempts == attempts + told
        assert bool(stored.delivered_at) == told
    library.delete(song.id)


def until_s(control: Control, seconds: float) -> None:
    """Moves the end of the warm window."""
    script = (
        f"import modal, time; modal.Dict.from_name('songwright-warmth')['until'] = time.time() + {seconds}"
    )
    assert control.python("-c", script).returncode == 0


def kept(app: Deployed) -> list[int]:
    return [app.control.functions[name].min_containers for name in (*ENGINES, "web", "produce")]


@pytest.mark.long
def test_engines_are_warm_for_a_window_and_let_go_after_it(app: Deployed) -> None:
    control = app.control
    assert control.functions["warm"].schedule == "Cron('0 8 * * 1-5', UTC)"
    control.invoke("warm").result(90.0)
    assert kept(app) == [1] * 6
    assert all(control.containers(name) for name in ENGINES)
    control.invoke("patrol").result(60.0)
    assert kept(app) == [1] * 6  # within the window
    until_s(control, -1.0)
    control.invoke("patrol").result(60.0)
    assert kept(app) == [0] * 6


@pytest.mark.long
def test_a_deployment_within_the_window_leaves_the_engines_warm(app: Deployed) -> None:
    """It sets the autoscalers back to what the app declares."""
    until_s(app.control, 600.0)
    app.control.deploy(ROOT / "main.py", env=app.env, cwd=ROOT)
    assert kept(app) == [0] * 6
    app.control.invoke("patrol").result(60.0)
    assert kept(app) == [1] * 6
