"""An engine in its processes: songs take turns, what dies is replaced, and who leaves the line is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from config.engine import ignore_progress
from config.errors import Cancelled, EngineUnavailable
from config.settings import EngineSettings, Settings
from orchestrator.pipeline.steps import step_of
from orchestrator.pipeline.tries import CrashCooldown, ProcessDied
from orchestrator.pipeline.worker import StepResult
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import Song, new_songs
from orchestrator.songs.stages import Stage
from orchestrator.workers.engine_pool import EnginePool
from storage.local import LocalStore
from tests.orchestrator.engines import PlainWriter
from tests.service.server import children, fork_servers

HERE = "tests.orchestrator.engines"


@contextmanager
def pool(home: Path, composer: str, *, cooldown: CrashCooldown | None = None) -> Iterator[EnginePool]:
    """One process of ``composer``, which is being loaded."""
    settings = Settings(home=home, music=EngineSettings(engine=f"{HERE}:{composer}"))
    made = EnginePool("music", settings, size=1, batch_size=1, cooldown=cooldown or CrashCooldown())
    made.start()
    try:
        yield made
    finally:
        made.close()


def planned(home: Path, seed: int) -> Song:
    """A song whose words are written."""
    (song,) = new_songs(Brief(description="A Song", duration_s=5.0, seed=seed))
    plan = step_of(Stage.LYRICS, song)(PlainWriter(), LocalStore(home), song, ignore_progress).plan
    return song.changed(plan=plan)


async def until(look: Callable[[], Any]) -> None:
    end = time.monotonic() + 30.0
    while not look():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def test_songs_wait_for_their_turn_and_all_are_made(tmp_path: Path) -> None:
    songs = [planned(tmp_path, seed) for seed in range(3)]

    async def all_at_once(engine: EnginePool) -> list[Any]:
        return await asyncio.gather(*(engine.run(Stage.MUSIC, song, ignore_progress) for song in songs))

    with pool(tmp_path, "HumComposer") as engine:
        results = asyncio.run(all_at_once(engine))
        assert engine.state.state == "ready"
    assert [isinstance(result, StepResult) for result in results] == [True] * 3
    assert len({result.assets["audio"].sha256 for result in results}) == 3


def test_a_song_that_kills_its_process_costs_no_other(tmp_path: Path) -> None:
    cooldown = CrashCooldown()

    async def one_after_the_other(engine: EnginePool) -> Any:
        with pytest.raises(ProcessDied, match="SIGKILL") as caught:
            await engine.run(Stage.MUSIC, planned(tmp_path, 13), ignore_progress)
        assert caught.value.blamed
        return await engine.run(Stage.MUSIC, planned(tmp_path, 14), ignore_progress)

    with pool(tmp_path, "CrashingComposer", cooldown=cooldown) as engine:
        assert isinstance(asyncio.run(one_after_the_other(engine)), StepResult)
    assert cooldown.left_s == 0.0, "its song explains that death"


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
def test_a_process_that_is_killed_while_idle_is_replaced_and_noted(tmp_path: Path) -> None:
    cooldown = CrashCooldown()

    def engines() -> list[int]:
        return [pid for server in fork_servers(os.getpid()) for pid in children(server)]

    async def kill_and_go_on(engine: EnginePool) -> Any:
        others = engines_before
        await until(lambda: engine.state.state == "ready")
        (pid,) = set(engines()) - set(others)
        os.kill(pid, signal.SIGKILL)
        await until(lambda: cooldown.left_s > 0.0)
        return await engine.run(Stage.MUSIC, planned(tmp_path, 1), ignore_progress)

    engines_before = engines()
    with pool(tmp_path, "HumComposer", cooldown=cooldown) as engine:
        assert isinstance(asyncio.run(kill_and_go_on(engine)), StepResult)


def test_an_engine_that_cannot_be_loaded_says_why_and_when_it_is_tried_again(tmp_path: Path) -> None:
    async def refused(engine: EnginePool) -> EngineUnavailable:
        with pytest.raises(EngineUnavailable, match="download them") as caught:
            await engine.run(Stage.MUSIC, planned(tmp_path, 1), ignore_progress)
        return caught.value

    with pool(tmp_path, "AbsentComposer") as engine:
        error = asyncio.run(refused(engine))
        state = engine.state
    assert error.retry_after_s
    assert error.retry_after_s >= 1.0
    assert state.state == "unavailable"
    assert "download them" in str(state.error)
    assert 0.0 <= state.retry_in_s <= 60.0


def test_who_leaves_the_line_or_the_process_makes_room_for_the_next(tmp_path: Path) -> None:
    async def leave(engine: EnginePool) -> None:
        humming: list[int] = []

        def begin(seed: int) -> asyncio.Task[Any]:
            def report(_text: str, fraction: float) -> None:
                if fraction:
                    humming.append(seed)

            return asyncio.create_task(engine.run(Stage.MUSIC, planned(tmp_path, seed), report))

        at_work = begin(1)
        await until(lambda: 1 in humming)
        waiting, last = begin(2), begin(3)
        for task in (waiting, at_work):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(task, 10.0)
        await until(lambda: 3 in humming)
        assert 2 not in humming
        last.cancel()
        with pytest.raises(asyncio.CancelledError):
            await last

    with pool(tmp_path, "SlowComposer") as engine:
        asyncio.run(leave(engine))


def test_a_closed_pool_takes_no_more_work(tmp_path: Path) -> None:
    with pool(tmp_path, "HumComposer") as engine:
        engine.close()
        with pytest.raises(Cancelled):
            asyncio.run(engine.run(Stage.MUSIC, planned(tmp_path, 1), ignore_progress))
