"""Which songs are tried again after a death, how often, and when."""

from __future__ import annotations

import asyncio
import os
import pickle
import platform
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import orchestrator.pipeline.tries
from config.engine import Report
from config.errors import EngineFailed, EngineUnavailable
from config.process import started
from lyrics.contract import OnCover
from orchestrator.pipeline.make_song import make_song
from orchestrator.pipeline.recorder import RunOptions
from orchestrator.pipeline.tries import CrashCooldown, ProcessDied, is_deadly, is_suspect, run_limit_failure
from orchestrator.pipeline.worker import StepResult
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Owner, Song, Status, new_songs
from orchestrator.songs.ownership import may_resume, this_process, why_not_resumed
from orchestrator.songs.stages import Stage, ignore_stages
from orchestrator.workers.in_process import InProcessWorker
from storage.local import LocalStore
from tests.orchestrator.test_make_song import brief, worker


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(LocalStore(tmp_path))


class Dying(InProcessWorker):
    """Its composer's process dies once for each of ``deaths``, which says whether the song is blamed."""

    def __init__(self, inner: InProcessWorker, deaths: list[bool]) -> None:
        vars(self).update(vars(inner))
        self.deaths = deaths
        self.seen: list[dict[str, int]] = []

    async def run(
        self, stage: Stage, song: Song, report: Report, on_cover: OnCover | None = None
    ) -> StepResult:
        if stage is Stage.MUSIC:
            self.seen.append(song.crashes)
            if self.deaths:
                raise ProcessDied("hum", "killed by SIGSEGV", self.deaths.pop(0))
        return await super().run(stage, song, report, on_cover)


def made(library: Library, deaths: list[bool], song: Song | None = None) -> tuple[Song, Dying]:
    """The stored song after as many deaths, and the worker."""
    song = song or new_songs(brief())[0]
    dying = Dying(worker(library), deaths)
    options = RunOptions(this_process(), counted=True, cooldown=CrashCooldown())
    try:
        asyncio.run(make_song(song, dying, library, ignore_stages, options))
    except EngineFailed:
        assert library.load(song.id).status is Status.FAILED
    finally:
        dying.close()
    return library.load(song.id), dying


def test_a_step_is_tried_three_times_and_its_deaths_are_kept(library: Library) -> None:
    song, dying = made(library, [True, True])
    assert song.status is Status.DONE
    assert song.crashes == {"music": 2}
    assert dying.seen == [{}, {"music": 1}, {"music": 2}]
    song, dying = made(library, [True] * 9)
    assert song.error
    assert "killed by SIGSEGV (tried 3 times)" in song.error.message
    assert song.crashes == {"music": 3}
    assert (song.owner, song.runs) == (None, 0)
    assert len(dying.seen) == 3


def test_deaths_that_are_not_its_doing_are_not_counted_but_have_an_end(library: Library) -> None:
    song, _ = made(library, [False] * 9)
    assert song.status is Status.DONE
    assert song.crashes == {}
    song, dying = made(library, [False] * 90)
    assert song.status is Status.FAILED
    assert len(dying.seen) == 10


def test_a_count_outlives_the_process_that_counted_and_a_failed_song_that_is_wanted_begins_anew(
    library: Library,
) -> None:
    old = library.save(new_songs(brief())[0].changed(status=Status.COMPOSING, crashes={"music": 2}))
    song, dying = made(library, [True] * 9, old)
    assert len(dying.seen) == 1
    old = library.save(song.changed(status=Status.COMPOSING, crashes={"music": 3}))
    song, dying = made(library, [], old)
    assert (song.status, dying.seen) == (Status.FAILED, [])
    song, _ = made(library, [True, True], song)
    assert song.status is Status.DONE


def test_runs_are_counted_until_a_step_is_stored_and_three_that_died_are_enough(library: Library) -> None:
    seen = []

    def saved(song: Song) -> None:
        seen.append(song.runs)

    song = library.save(new_songs(brief())[0].changed(status=Status.PLANNING, runs=2))
    by = worker(library)
    try:
        options = RunOptions(this_process(), counted=True, on_change=saved)
        asyncio.run(make_song(song, by, library, ignore_stages, options))
        assert seen[0] == 3
        assert set(seen[1:-1]) == {1}
        assert seen[-1] == 0
        song = library.save(new_songs(brief())[0].changed(status=Status.PLANNING, runs=3))
        with pytest.raises(EngineFailed, match="it was begun 3 times"):
            asyncio.run(make_song(song, by, library, ignore_stages))
    finally:
        by.close()
    assert library.load(song.id).status is Status.FAILED
    assert is_suspect(song.changed(runs=2))
    assert not run_limit_failure(song.changed(runs=2))
    assert not is_suspect(song.changed(status=Status.DONE, runs=2))


def test_the_last_try_waits_until_it_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orchestrator.pipeline.tries, "COOLDOWN_S", 0.05)
    cooldown = CrashCooldown()
    assert cooldown.left_s == 0.0
    cooldown.restart()
    assert cooldown.left_s > 0.0
    asyncio.run(asyncio.wait_for(cooldown.wait(), 5))
    assert cooldown.left_s == 0.0


def test_what_takes_a_process_its_gpu_or_its_memory_is_deadly_and_a_bug_is_not() -> None:
    died = ProcessDied("hum", "with exit code 3", blamed=False)
    assert pickle.loads(pickle.dumps(died)).blamed is False
    for deadly in (
        died,
        EngineFailed("hum", "MemoryError: 80 GB"),
        EngineUnavailable("engine 'hum' lost its GPU (CUDA error: an illegal memory access)", "ask again"),
        EngineUnavailable("engine 'hum' ran out of its GPU's memory (CUDA out of memory)", "ask again"),
    ):
        assert is_deadly(deadly)
    assert not is_deadly(EngineFailed("hum", "KeyError: 'tempo'"))
    assert not is_deadly(EngineUnavailable("the weights are missing", "download them"))


def test_a_process_is_told_from_a_later_one_with_its_id_whatever_the_clock_says() -> None:
    song = new_songs(Brief(description="x"))[0].changed(status=Status.COMPOSING)
    mine = this_process()
    if not mine.started:
        pytest.skip("this system does not say when a process was started")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert started(other.pid) not in ("", mine.started)
        for hours in (-48, 0, 48):
            at = {"updated_at": datetime.now(UTC) + timedelta(hours=hours)}
            assert not may_resume(song.changed(owner=mine).model_copy(update=at)), "it lives"
            later = Owner(host=platform.node(), pid=os.getpid(), started=started(other.pid))
            assert may_resume(song.changed(owner=later).model_copy(update=at)), "its id is another's now"
    assert started(other.pid) == ""


@pytest.mark.parametrize("hours", [-2, 2])
def test_what_another_machine_saved_long_ago_or_long_from_now_may_be_taken_up(hours: int) -> None:
    song = new_songs(Brief(description="x"))[0].changed(status=Status.COMPOSING)
    song = song.changed(owner=Owner(host="another-host", pid=1))
    assert not may_resume(song)
    assert "'another-host', may be at work" in why_not_resumed(song)
    assert may_resume(song.model_copy(update={"updated_at": datetime.now(UTC) + timedelta(hours=hours)}))
