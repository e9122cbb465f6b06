"""A service's worker: each engine in processes of its own.

The service's process then only waits and answers, however long an engine holds Python's lock; a crash or
an engine that hangs costs the songs of one process and not the service; and what an engine's memory grows to
is its own.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from config.engine import EngineInfo, Report, ignore_progress
from config.errors import Cancelled, SongwrightError
from config.settings import EngineSettings, Settings
from config.together import together_of
from lyrics.contract import SongPlan
from orchestrator.engine_process import EngineProcess
from orchestrator.engines import REGISTRIES
from orchestrator.manifest import SONG_CRAFTS, Song
from orchestrator.steps import StepResult, given_plan_step
from orchestrator.stores import open_store

_WHOLE_MACHINE = frozenset({"musicgen", "audiocraft", "acestep"})  # every core, or the GPU, is one model's
_RETRY_AFTER_S = 5.0
_MUSIC_BYTES = 2_000_000_000  # a song of some minutes takes about half of this


@dataclass(frozen=True)
class EngineState:
    """What is known of a craft's engine: "starting", "ready" with its facts, or "unavailable" with why."""

    state: str
    engine: str
    info: EngineInfo | None = None
    error: SongwrightError | None = None


class ProcessWorker:
    """Runs the steps in other processes of this machine; see ``Worker`` for the promises."""

    def __init__(self, settings: Settings) -> None:
        self._store = open_store(settings)
        self._lanes = {
            craft: ProcessLane(craft, settings, processes_for(craft, settings), together_for(craft, settings))
            for craft in REGISTRIES
        }
        writers = self._lanes["lyrics"]
        # Half of the writer's places at most are for plans alone, and each queues up behind the songs that
        # wait by then: a song waits for one plan.
        self._drafting = asyncio.Semaphore(max(1, writers.size * writers.together // 2))
        self._reader = self._lanes["vision"]
        self._reader_loads_slowly = settings.vision.engine != "sketch"

    @property
    def songs_at_once(self) -> int:
        """How many songs keep every lane at work: those that are composed, and one being planned."""
        return self.music_lanes + 1

    @property
    def music_lanes(self) -> int:
        """How many songs can be composed at once."""
        lane = self._lanes["music"]
        return lane.size * lane.together

    def start(self) -> None:
        """Loads every engine, in the background; the embedded reader, which is there in a moment, with the
        first photo."""
        for lane in self._lanes.values():
            if lane is not self._reader or self._reader_loads_slowly:
                lane.start()

    def states(self) -> dict[str, EngineState]:
        """By craft, how its engine is; without one that nobody has asked for yet."""
        return {
            craft: lane.state
            for craft, lane in self._lanes.items()
            if lane.started or lane is not self._reader
        }

    def check(self, crafts: Iterable[str] = SONG_CRAFTS) -> None:
        """Raises what keeps an engine of ``crafts`` from loading, and has it tried again meanwhile."""
        if "vision" in crafts:
            self._reader.start()
        for lane in (self._lanes[craft] for craft in crafts):
            if lane.state.error:
                lane.retry()
                raise lane.state.error

    async def draft(self, song: Song) -> SongPlan:
        """The plan alone; nothing is stored."""
        async with self._drafting:
            result = await self._lanes["lyrics"].run("draft", song, ignore_progress)
        assert isinstance(result, SongPlan)
        return result

    async def scene(self, song: Song, report: Report) -> StepResult:
        self._reader.start()
        return await self._step("vision", "scene", song, report)

    async def plan(self, song: Song, report: Report) -> StepResult:
        if song.brief.plan:
            return await asyncio.to_thread(given_plan_step, self._store, song, song.brief.plan)
        return await self._step("lyrics", "plan", song, report)

    async def music(self, song: Song, report: Report) -> StepResult:
        return await self._step("music", "music", song, report)

    async def cover(self, song: Song, report: Report) -> StepResult:
        # A photo that is the cover needs no painter: the reader's process has the time.
        if song.brief.photo_as_cover:
            self._reader.start()
            return await self._step("vision", "photo cover", song, report)
        return await self._step("art", "cover", song, report)

    async def tag(self, song: Song) -> StepResult:
        return await self._step("art", "tag", song, ignore_progress)

    async def _step(self, craft: str, step: str, song: Song, report: Report) -> StepResult:
        result = await self._lanes[craft].run(step, song, report)
        assert isinstance(result, StepResult)
        return result

    def close(self) -> None:
        """Ends every process; what still runs in one is lost."""
        for lane in self._lanes.values():
            lane.close()


class ProcessLane:
    """One craft's engine in ``size`` processes, each of which works on ``together`` songs; work beyond that
    waits its turn."""

    def __init__(self, craft: str, settings: Settings, size: int, together: int) -> None:
        self.craft = craft
        self.size = size
        self.together = together
        self._settings = settings
        self._engine: str = getattr(settings, craft).engine
        self._threads = ThreadPoolExecutor(max_workers=size * together, thread_name_prefix=f"lane-{craft}")
        # A place for each thread. Given back at the end, so that the processes take turns.
        self._places: queue.SimpleQueue[int] = queue.SimpleQueue()
        for _ in range(together):
            for number in range(size):
                self._places.put(number)
        self._processes: list[EngineProcess | None] = [None] * size
        self._starting = threading.Lock()
        self._closed = False
        self.started = False
        self._tried_at = time.monotonic()
        self.state = EngineState("starting", self._engine)

    def start(self) -> None:
        """Loads the engine; a second time is as none."""
        if self.started:
            return
        self.started = True
        for _ in range(self.size):
            self._threads.submit(self._warm_up)

    def retry(self) -> None:
        """Tries once more to load the engine, unless that was only just tried."""
        now = time.monotonic()
        if now - self._tried_at > _RETRY_AFTER_S:
            self._tried_at = now
            self._threads.submit(self._warm_up)

    async def run(self, step: str, song: Song, report: Report) -> Any:
        """The result of ``step`` on ``song``. Cancelling the awaiting task stops the work: the engine is
        told at its next report, and its process is ended if it does not listen."""
        loop = asyncio.get_running_loop()
        stop = threading.Event()

        def told(stage: str, fraction: float) -> None:
            if not stop.is_set():
                loop.call_soon_threadsafe(report, stage, fraction)

        future = loop.run_in_executor(self._threads, self._call, step, song, told, stop)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError as gone:
            stop.set()
            await asyncio.wait([future])
            # Seen, so that asyncio does not report it as lost; and it tells what was used until then.
            raise gone from (None if future.cancelled() else future.exception())

    def close(self) -> None:
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._starting:
            for process in self._processes:
                if process:
                    process.end()

    def _warm_up(self) -> None:
        number = self._places.get()
        try:
            with suppress(SongwrightError):  # kept in ``state``, where readiness and each song find it
                self._process(number)
        finally:
            self._places.put(number)

    def _call(self, step: str, song: Song, told: Report, stop: threading.Event) -> Any:
        number = self._places.get()
        try:
            if stop.is_set() or self._closed:
                raise Cancelled
            return self._process(number).call(step, song, told, stop)
        finally:
            self._places.put(number)

    def _process(self, number: int) -> EngineProcess:
        """The process of that number, started and loaded if need be."""
        with self._starting:
            if self._closed:
                raise Cancelled
            process = self._processes[number]
            if process is None or not process.lives:
                process = EngineProcess(self.craft, self._engine, self._settings, self.together)
                self._processes[number] = process
        try:
            info = process.ready()
        except SongwrightError as error:
            self.state = EngineState("unavailable", self._engine, error=error)
            raise
        self.state = EngineState("ready", self._engine, info=info)
        return process


def processes_for(craft: str, settings: Settings) -> int:
    """How many processes a craft's engine gets: as set, or one; for music as many as this machine has cores
    and memory for."""
    chosen: EngineSettings = getattr(settings, craft)
    if chosen.processes:
        return chosen.processes
    if craft != "music" or chosen.engine in _WHOLE_MACHINE:
        return 1
    return max(1, min(os.cpu_count() or 1, _memory_bytes() // _MUSIC_BYTES))


def together_for(craft: str, settings: Settings) -> int:
    """How many songs one process of a craft's engine works on together: as set, or as many as its batch
    takes."""
    chosen: EngineSettings = getattr(settings, craft)
    return together_of(chosen.engine, chosen.together)


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not told on this system: assume a small machine
        return 4_000_000_000
