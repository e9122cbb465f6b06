"""The pipeline: what is saved when, what a failure costs, and what a restart takes up."""

import asyncio
import json
import os
import platform
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import EngineFailed, EngineUnavailable
from config.settings import Settings
from orchestrator.pipeline.make_song import make_song
from orchestrator.pipeline.manifest_writer import Superseded
from orchestrator.pipeline.recorder import RunOptions
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library, manifest_key
from orchestrator.songs.manifest import Owner, Song, Status, new_songs
from orchestrator.songs.ownership import may_resume
from orchestrator.songs.stages import Stage, ignore_stages
from orchestrator.workers.in_process import InProcessWorker
from storage.contract import read
from storage.local import LocalStore

HERE = "tests.orchestrator.engines"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(LocalStore(tmp_path))


def worker(library: Library, *, music: str = "HumComposer", art: str = "BlankPainter") -> InProcessWorker:
    settings = Settings.model_validate(
        {
            "lyrics": {"engine": f"{HERE}:PlainWriter"},
            "music": {"engine": f"{HERE}:{music}"},
            "art": {"engine": f"{HERE}:{art}"},
        }
    )
    return InProcessWorker(settings, library.store)


def brief(**fields: object) -> Brief:
    return Brief.model_validate({"description": "A Plain Song", "duration_s": 5.0, "seed": 7} | fields)


def make(song: Song, library: Library, **engines: str) -> Song:
    by = worker(library, **engines)
    try:
        return asyncio.run(make_song(song, by, library, ignore_stages))
    finally:
        by.close()


def test_a_song_is_done_with_every_asset_stored_and_its_facts_in_the_manifest(library: Library) -> None:
    song = make(library.save(new_songs(brief())[0]), library)
    assert song.status is Status.DONE
    assert song.owner is None
    assert library.load(song.id) == song
    assert set(song.assets) == {"audio", "cover", "lyrics", "lrc", "stem:melody", "waveform"}
    for asset in song.assets.values():
        assert library.store.stat(asset.key).size_bytes == asset.size_bytes > 0
    assert song.music is not None
    assert song.music.duration_s == 5.0
    assert {craft: engine.name for craft, engine in song.engines.items()} == {
        "lyrics": "plain",
        "music": "hum",
        "art": "blank",
    }
    assert song.warnings == ("written plainly", "hummed", "one colour")
    assert set(song.timings_s) - {"tags"} == {"lyrics", "music", "cover"}
    assert song.assets["audio"].cover_sha256 == song.assets["cover"].sha256


def test_a_cover_that_is_there_before_the_music_goes_up_with_it(library: Library) -> None:
    song = make(new_songs(brief())[0], library, music="SteadyComposer")
    assert set(song.timings_s) == {"lyrics", "music", "cover"}
    assert song.assets["audio"].cover_sha256 == song.assets["cover"].sha256


def test_a_cover_that_comes_late_makes_the_same_file(library: Library) -> None:
    early = make(new_songs(brief())[0], library, music="SteadyComposer")
    late = make(new_songs(brief())[0], library, art="LastPainter")
    assert "tags" in late.timings_s
    assert late.assets["audio"].sha256 == early.assets["audio"].sha256
    assert late.assets["audio"].cover_sha256 == late.assets["cover"].sha256


def test_a_song_of_an_earlier_version_gets_its_cover_into_the_audio(library: Library) -> None:
    """There, no fact said whether it was inside."""
    song = make(new_songs(brief())[0], library)
    audio = song.assets["audio"]
    before = song.changed(
        status=Status.COMPOSING, assets=song.assets | {"audio": audio.model_copy(update={"cover_sha256": ""})}
    )
    again = make(library.save(before), library, music="BrokenComposer", art="BrokenPainter")
    assert "tags" in again.timings_s
    assert again.assets["audio"] == audio


def test_the_same_brief_makes_the_same_files(library: Library) -> None:
    one, two = (make(new_songs(brief())[0], library) for _ in range(2))
    assert {role: asset.sha256 for role, asset in one.assets.items()} == {
        role: asset.sha256 for role, asset in two.assets.items()
    }


def test_a_variation_shares_its_words_and_differs_in_music(library: Library) -> None:
    takes = [make(new_songs(brief(variations=2))[n], library) for n in range(2)]
    assert takes[0].assets["lyrics"].sha256 == takes[1].assets["lyrics"].sha256
    assert takes[0].assets["audio"].sha256 != takes[1].assets["audio"].sha256


def test_a_given_plan_is_followed(library: Library) -> None:
    plan = make(new_songs(brief())[0], library).plan
    assert plan is not None
    edited = plan.model_copy(update={"title": "Another Title"})
    assert make(new_songs(brief(plan=edited))[0], library).title == "Another Title"


def test_a_song_that_wants_no_cover_is_done_without_one(library: Library) -> None:
    song = make(new_songs(brief(cover=False))[0], library, art="BrokenPainter")
    assert song.status is Status.DONE
    assert set(song.assets) == {"audio", "lyrics", "lrc", "stem:melody", "waveform"}
    assert set(song.timings_s) == {"lyrics", "music"}
    assert set(song.engines) == {"lyrics", "music"}
    assert make(new_songs(brief())[0], library).assets["audio"].sha256 != song.assets["audio"].sha256


def test_music_and_cover_are_made_at_the_same_time(library: Library) -> None:
    together = threading.Event()
    seen: set[str] = set()

    def report(stage: Stage, _doing: str, _fraction: float) -> None:
        seen.add(stage.value)
        if {"music", "cover"} <= seen:
            together.set()
        elif stage in ("music", "cover"):
            assert together.wait(timeout=5), "the other part never started"

    by = worker(library)
    song = asyncio.run(make_song(new_songs(brief())[0], by, library, report))
    assert song.status is Status.DONE
    by.close()


def test_a_broken_engine_fails_the_song_with_its_reason_and_keeps_what_is_done(library: Library) -> None:
    song = new_songs(brief())[0]
    with pytest.raises(EngineFailed, match="ZeroDivisionError: a bug in the painter"):
        make(song, library, art="BrokenPainter")
    failed = library.load(song.id)
    assert failed.status is Status.FAILED
    assert failed.error is not None
    assert failed.error.type == "EngineFailed"
    assert "audio" in failed.assets
    assert "cover" not in failed.assets


def test_a_failed_song_goes_on_from_where_it_broke(library: Library) -> None:
    song = new_songs(brief())[0]
    with pytest.raises(EngineFailed):
        make(song, library, art="BrokenPainter")
    failed = library.load(song.id)
    done = make(failed, library, music="BrokenComposer")  # the music is there already, so nobody composes
    assert done.status is Status.DONE
    assert done.error is None
    assert done.timings_s["music"] == failed.timings_s["music"]
    assert done.assets["stem:melody"] == failed.assets["stem:melody"]


def test_an_engine_that_cannot_load_says_what_to_do(library: Library) -> None:
    song = new_songs(brief())[0]
    with pytest.raises(EngineUnavailable, match="download them"):
        make(song, library, music="AbsentComposer")
    assert library.load(song.id).status is Status.FAILED


def test_cancelling_stops_the_engine_at_its_next_report_and_marks_the_song(library: Library) -> None:
    song = new_songs(brief())[0]
    by = worker(library, music="SlowComposer")
    started = asyncio.Event()

    async def journey() -> float:
        loop = asyncio.get_running_loop()

        def report(stage: Stage, doing: str, _fraction: float) -> None:
            if (stage, doing) == ("music", "humming slowly"):
                loop.call_soon_threadsafe(started.set)

        task = asyncio.create_task(make_song(song, by, library, report))
        await started.wait()
        asked = time.perf_counter()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.perf_counter() - asked

    assert asyncio.run(journey()) < 2.0
    cancelled = library.load(song.id)
    assert cancelled.status is Status.CANCELLED
    assert "audio" not in cancelled.assets
    by.close()
    for thread in threading.enumerate():
        if thread.name.startswith("music-"):
            thread.join(timeout=2)
            assert not thread.is_alive()


def test_the_manifest_is_saved_before_the_work_starts(library: Library) -> None:
    song = new_songs(brief())[0]
    statuses = []

    def report(stage: Stage, doing: str, _fraction: float) -> None:
        statuses.append(
            (f"{stage}: {doing}", json.loads(read(library.store, manifest_key(song.id)))["status"])
        )

    by = worker(library)
    asyncio.run(make_song(song, by, library, report))
    by.close()
    assert statuses[0] == ("lyrics: loading", "planning")
    # The music does not wait until the plan is stored.
    composed = {status for stage, status in statuses if stage.startswith(("music", "cover"))}
    assert composed <= {"planning", "composing"}


def test_only_a_song_that_nobody_works_on_may_be_resumed() -> None:
    song = new_songs(brief())[0].changed(status=Status.COMPOSING)
    mine = Owner(host=platform.node(), pid=os.getpid())
    dead = Owner(host=platform.node(), pid=2**22 + 1)  # past the largest pid that Linux gives
    elsewhere = Owner(host="another-host", pid=1)
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    assert may_resume(song)
    assert may_resume(song.changed(owner=dead))
    assert not may_resume(song.changed(owner=mine))
    assert not may_resume(song.changed(owner=elsewhere))
    assert may_resume(song.changed(owner=elsewhere).model_copy(update={"updated_at": long_ago}))
    for status in (Status.DONE, Status.FAILED, Status.CANCELLED):
        assert not may_resume(song.changed(status=status))


def test_a_runner_whose_song_another_has_taken_over_writes_no_more(library: Library) -> None:
    """Two calls make one song, as after a network that was cut in two: the later claim wins."""
    song = library.save(new_songs(brief())[0])
    _, first = library.version(song.id)
    second = library.save_if(song.changed(owner=Owner(host="modal", pid=0)), first)
    by = worker(library)
    with pytest.raises(Superseded, match=f"another runner has written song {song.id}"):
        asyncio.run(
            make_song(song, by, library, ignore_stages, RunOptions(Owner(host="x", pid=0), etag=first))
        )
    stored, etag = library.version(song.id)
    assert (stored.status, etag) == (Status.QUEUED, second)
    options = RunOptions(Owner(host="modal", pid=0), etag=second)
    assert asyncio.run(make_song(stored, by, library, ignore_stages, options)).status is Status.DONE
    by.close()
    assert library.load(song.id).status is Status.DONE


def test_what_was_written_over_a_song_at_work_stays(library: Library) -> None:
    """Cancelled while its runner could not be reached: the runner's "done" does not come over that."""
    song = library.save(new_songs(brief())[0])
    _, etag = library.version(song.id)

    def report(stage: Stage, _doing: str, _fraction: float) -> None:
        if stage == "music" and not library.load(song.id).status.finished:
            library.save(library.load(song.id).changed(status=Status.CANCELLED, owner=None))

    by = worker(library)
    with pytest.raises(Superseded):
        asyncio.run(make_song(song, by, library, report, RunOptions(Owner(host="modal", pid=0), etag=etag)))
    by.close()
    assert library.load(song.id).status is Status.CANCELLED
