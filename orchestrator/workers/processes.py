"""A service's worker: each engine in processes of its own.

The service's process then only waits and answers, however long an engine holds Python's lock; a crash or
an engine that hangs costs the songs of one process and not the service; and what an engine's memory grows to
is its own.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable

from config.engine import Report, ignore_progress
from config.settings import EngineSettings, Settings
from lyrics.contract import SongPlan
from orchestrator.pipeline.engines import REGISTRIES
from orchestrator.pipeline.tries import ProcessDied, Unrest
from orchestrator.pipeline.worker import StepResult
from orchestrator.songs.manifest import SONG_CRAFTS, Song
from orchestrator.workers.contract import EngineState as EngineState
from orchestrator.workers.engine_pool import ProcessLane
from storage.configured import open_store
from storage.contract import Store

_MUSIC_BYTES = 2_000_000_000  # a song of some minutes takes about half of this


class ProcessWorker:
    """Runs the steps in other processes of this machine; see ``Worker`` for the promises."""

    def __init__(self, settings: Settings, unrest: Unrest) -> None:
        """``unrest`` is told of each process that is killed while no song is at work in it."""
        self._store = open_store(settings)
        self._lanes = {
            craft: ProcessLane(
                craft, settings, processes_for(craft, settings), together_for(craft, settings), unrest
            )
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
        """Raises what keeps an engine of ``crafts`` from loading; when that is tried again, is in it."""
        if "vision" in crafts:
            self._reader.start()
        for lane in (self._lanes[craft] for craft in crafts):
            if error := lane.state.error:
                raise error

    async def draft(self, song: Song) -> SongPlan:
        """The plan alone; nothing is stored. It is tried once more where the process died of it, or of what
        it shared the process with."""
        lane = self._lanes["lyrics"]
        async with self._drafting:
            try:
                result = await lane.run("draft", song, ignore_progress)
            except ProcessDied:
                result = await lane.run("draft", song, ignore_progress, alone=True)
        assert isinstance(result, SongPlan)
        return result

    async def scene(self, song: Song, report: Report) -> StepResult:
        self._reader.start()
        return await self._step("vision", "scene", "photo", song, report)

    async def plan(self, song: Song, report: Report) -> StepResult:
        if song.brief.plan:
            return await asyncio.to_thread(_take_plan, self._store, song, song.brief.plan)
        return await self._step("lyrics", "plan", "lyrics", song, report)

    async def music(self, song: Song, report: Report) -> StepResult:
        return await self._step("music", "music", "music", song, report)

    async def cover(self, song: Song, report: Report) -> StepResult:
        # A photo that is the cover needs no painter: the reader's process has the time.
        if song.brief.photo_as_cover:
            self._reader.start()
            return await self._step("vision", "photo cover", "cover", song, report)
        return await self._step("art", "cover", "cover", song, report)

    async def tag(self, song: Song) -> StepResult:
        return await self._step("art", "tag", "tags", song, ignore_progress)

    async def _step(self, craft: str, step: str, stage: str, song: Song, report: Report) -> StepResult:
        result = await self._lanes[craft].run(step, song, report, alone=stage in song.crashes)
        assert isinstance(result, StepResult)
        return result

    def close(self) -> None:
        """Ends every process; what still runs in one is lost."""
        for lane in self._lanes.values():
            lane.close()


def _take_plan(store: Store, song: Song, plan: SongPlan) -> StepResult:
    # Here, and so in a thread: it comes with libraries of pictures and sound.
    from orchestrator.pipeline.steps import given_plan_step

    return given_plan_step(store, song, plan)


def processes_for(craft: str, settings: Settings) -> int:
    """How many processes a craft's engine gets: as set, or one; for music as many as this machine has cores
    and memory for."""
    chosen: EngineSettings = getattr(settings, craft)
    if chosen.processes:
        return chosen.processes
    if craft != "music" or REGISTRIES[craft].spec(chosen.engine).whole_machine:
        return 1
    return max(1, min(os.cpu_count() or 1, _memory_bytes() // _MUSIC_BYTES))


def together_for(craft: str, settings: Settings) -> int:
    """How many songs one process of a craft's engine works on together: as set, or as many as its batch
    takes."""
    chosen: EngineSettings = getattr(settings, craft)
    return chosen.together or REGISTRIES[craft].spec(chosen.engine).batch_size


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not told on this system: assume a small machine
        return 4_000_000_000
