"""Engines in threads of this process: loaded once, one song at a time, and stopped where nobody waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from config.engine import EngineInfo, EngineOptions, Report, ignore_progress
from config.errors import Cancelled, EngineFailed
from config.settings import EngineSettings, Settings
from lyrics.contract import PlanRequest
from music.contract import COMPOSERS
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import new_songs
from orchestrator.songs.stages import Stage
from orchestrator.workers.in_process import EngineThreads, InProcessWorker
from storage.local import LocalStore
from tests.orchestrator.engines import HumComposer, PlainWriter

T = TypeVar("T")

HERE = "tests.orchestrator.test_in_process"
STORE = LocalStore(Path("no folder"))  # is written to by none


class LateComposer(HumComposer):
    """Is loaded once ``may_load`` is set."""

    info = EngineInfo(name="late", version="1", licence="MIT")
    may_load = threading.Event()
    closed = 0

    def __init__(self) -> None:
        assert self.may_load.wait(30)

    def close(self) -> None:
        LateComposer.closed += 1


async def run(threads: EngineThreads, work: Callable[[Any, Report], T], report: Report) -> T:
    """``work`` by the engine, as the step of a song that it does not look at."""
    (song,) = new_songs(Brief(description="A Song"))
    return await threads.run(
        lambda engine, _store, _song, watched: work(engine, watched), STORE, song, report
    )


@pytest.fixture
def threads() -> Iterator[EngineThreads]:
    LateComposer.may_load.set()
    engine = EngineThreads(COMPOSERS, f"{HERE}:LateComposer", EngineOptions())
    yield engine
    LateComposer.may_load.set()
    engine.close()


def test_an_engine_is_loaded_by_its_first_work_and_once(threads: EngineThreads) -> None:
    async def both() -> list[Any]:
        return await asyncio.gather(
            *(run(threads, lambda engine, _: engine, ignore_progress) for _ in range(2))
        )

    first, second = asyncio.run(both())
    assert first is second is threads.load()
    assert isinstance(first, LateComposer)


def test_progress_begins_with_loading_and_ends_with_done(threads: EngineThreads) -> None:
    seen: list[tuple[str, float]] = []

    def work(_: Any, report: Report) -> None:
        report("humming", 0.5)

    asyncio.run(run(threads, work, lambda text, fraction: seen.append((text, fraction))))
    assert seen == [("loading", 0.0), ("humming", 0.5), ("done", 1.0)]


@pytest.mark.parametrize("together", [1, 2])
def test_an_engine_works_on_as_many_songs_at_a_time_as_it_takes_together(together: int) -> None:
    LateComposer.may_load.set()
    engine = EngineThreads(COMPOSERS, f"{HERE}:LateComposer", EngineOptions(), batch_size=together)
    lock, at_work, most = threading.Lock(), 0, 0
    all_in = threading.Barrier(together)

    def work(_: Any, _report: Report) -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        all_in.wait(30)
        with lock:
            at_work -= 1

    async def four() -> None:
        await asyncio.gather(*(run(engine, work, ignore_progress) for _ in range(4)))

    asyncio.run(four())
    engine.close()
    assert most == together


def test_work_that_nobody_waits_for_ends_at_its_next_report(threads: EngineThreads) -> None:
    begun, ended = threading.Event(), threading.Event()

    def work(_: Any, report: Report) -> None:
        try:
            while True:
                report("humming", 0.5)
                begun.set()
        except Cancelled:
            ended.set()
            raise

    async def leave() -> str:
        task = asyncio.create_task(run(threads, work, ignore_progress))
        await asyncio.to_thread(begun.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set(), "the thread is free by then"
        return await run(threads, lambda _, __: "the next", ignore_progress)

    assert asyncio.run(leave()) == "the next"


def test_who_leaves_while_the_engine_is_loaded_waits_for_nothing(threads: EngineThreads) -> None:
    LateComposer.may_load.clear()
    worked = threading.Event()

    async def leave() -> None:
        loading = asyncio.Event()
        loop = asyncio.get_running_loop()

        def report(_text: str, _fraction: float) -> None:
            loop.call_soon_threadsafe(loading.set)

        task = asyncio.create_task(run(threads, lambda _, __: worked.set(), report))
        await loading.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        LateComposer.may_load.set()
        assert await run(threads, lambda _, __: "the next", ignore_progress) == "the next"

    asyncio.run(leave())
    assert not worked.is_set()


def test_a_bug_of_an_engine_is_its_own_and_has_what_it_used(threads: EngineThreads) -> None:
    def work(_: Any, _report: Report) -> None:
        raise ZeroDivisionError("a bug")

    with pytest.raises(EngineFailed, match="ZeroDivisionError: a bug") as caught:
        asyncio.run(run(threads, work, ignore_progress))
    assert caught.value.spent


def test_closing_unloads_the_engine(threads: EngineThreads) -> None:
    threads.load()
    before = LateComposer.closed
    threads.close()
    assert LateComposer.closed == before + 1


def test_a_step_without_an_engine_loads_none(tmp_path: Path) -> None:
    LateComposer.may_load.clear()
    plan = PlainWriter().plan(PlanRequest(description="Sea", seed=1), ignore_progress)
    (song,) = new_songs(Brief(plan=plan, duration_s=5.0))
    late = EngineSettings(engine=f"{HERE}:LateComposer")
    worker = InProcessWorker(Settings(home=tmp_path, lyrics=late), LocalStore(tmp_path))
    result = asyncio.run(worker.run(Stage.LYRICS, song, ignore_progress))
    worker.close()
    assert result.plan == plan
