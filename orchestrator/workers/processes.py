"""A service's worker, with each engine in processes of its own.

The service can respond while an engine holds Python's lock. A crash or an engine that hangs ends the songs of
one process and not the service. An engine's memory is not the service's.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable

from config.engine import Report, ignore_progress
from config.settings import EngineSettings, Settings
from lyrics.contract import OnCover, SongPlan
from orchestrator.pipeline.engines import REGISTRIES, crafts_in_use
from orchestrator.pipeline.tries import CrashCooldown, ProcessDied
from orchestrator.pipeline.worker import DRAFT, StepResult, engine_for
from orchestrator.songs.manifest import Song
from orchestrator.songs.stages import SONG_CRAFTS, Stage
from orchestrator.workers.contract import EngineState as EngineState
from orchestrator.workers.engine_pool import EnginePool
from orchestrator.workers.listening import Listening
from storage.configured import open_store
from storage.contract import Store

_HOST_CRAFTS = {Stage.COVER: "vision", Stage.TAGS: "art"}
"""By stage, the craft whose process runs it if it needs no engine."""
_MUSIC_BYTES = 2_000_000_000  # a song of a few minutes takes about half of this


class ProcessWorker:
    """A ``Worker`` that runs the steps in other processes of this machine."""

    def __init__(
        self, settings: Settings, cooldown: CrashCooldown, listening: Listening | None = None
    ) -> None:
        """``cooldown`` is restarted by each process that is killed while it works on no song; ``listening``
        knows which songs are to be heard while they are made."""
        self._listening = listening or Listening()
        self._store = open_store(settings)
        self._pools = {
            craft: EnginePool(
                craft, settings, processes_for(craft, settings), batch_size_for(craft, settings), cooldown
            )
            for craft in crafts_in_use(settings)
        }
        writers = self._pools["lyrics"]
        # At most half of the writer's places are for drafts, and each draft queues behind the waiting songs:
        # a song waits for one draft at most.
        self._drafting = asyncio.Semaphore(max(1, writers.size * writers.batch_size // 2))
        self._reader = self._pools["vision"]
        self._reader_loads_slowly = settings.vision.engine != "sketch"

    @property
    def songs_at_once(self) -> int:
        """How many songs keep every pool busy: those that are composed, and one that is planned."""
        return self.music_lanes + 1

    @property
    def music_lanes(self) -> int:
        """How many songs can be composed at once."""
        pool = self._pools["music"]
        return pool.size * pool.batch_size

    @property
    def listens(self) -> bool:
        return "listening" in self._pools

    @property
    def separates(self) -> bool:
        return "separation" in self._pools

    def start(self) -> None:
        """Loads every engine in the background. The embedded reader loads quickly, and starts with the first
        photo."""
        for pool in self._pools.values():
            if pool is not self._reader or self._reader_loads_slowly:
                pool.start()

    def states(self) -> dict[str, EngineState]:
        """The states of the engines, by craft; without a reader that was not started yet."""
        return {
            craft: pool.state
            for craft, pool in self._pools.items()
            if pool.started or pool is not self._reader
        }

    def check(self, crafts: Iterable[str] = SONG_CRAFTS) -> None:
        """Raises the error of an engine of ``crafts`` that did not load, with the time of the next try."""
        if "vision" in crafts:
            self._reader.start()
        for pool in (self._pools[craft] for craft in crafts):
            if error := pool.state.error:
                raise error

    async def draft(self, song: Song) -> SongPlan:
        """Writes only the plan; nothing is stored. If the process died, it is tried once more, alone."""
        pool = self._pools["lyrics"]
        async with self._drafting:
            try:
                result = await pool.run(DRAFT, song, ignore_progress)
            except ProcessDied:
                result = await pool.run(DRAFT, song, ignore_progress, alone=True)
        assert isinstance(result, SongPlan)
        return result

    async def run(
        self, stage: Stage, song: Song, report: Report, on_cover: OnCover | None = None
    ) -> StepResult:
        craft = engine_for(stage, song)
        if craft is None and stage is Stage.LYRICS:
            return await asyncio.to_thread(_without_engine, stage, self._store, song)
        if craft is None:
            craft = _HOST_CRAFTS[stage]
        if stage.craft is None:  # the tags have no progress to show
            report = ignore_progress
        if craft == "vision":
            self._reader.start()
        alone, early = stage in song.crashes, on_cover or self._listening.hear_of(stage, song.id)
        result = await self._pools[craft].run(stage, song, report, alone=alone, early=early)
        assert isinstance(result, StepResult)
        return result

    def close(self) -> None:
        """Ends every process; work that still runs is lost."""
        for pool in self._pools.values():
            pool.close()


def _without_engine(stage: Stage, store: Store, song: Song) -> StepResult:
    # Imported here, in a thread: it loads libraries for images and sound.
    from orchestrator.pipeline.steps import step_of

    return step_of(stage, song)(None, store, song, ignore_progress)


def processes_for(craft: str, settings: Settings) -> int:
    """The number of processes of a craft's engine: the setting, or one; for music as many as this machine has
    cores and memory for."""
    chosen: EngineSettings = getattr(settings, craft)
    if chosen.processes:
        return chosen.processes
    if craft != "music" or REGISTRIES[craft].spec(chosen.engine).whole_machine:
        return 1
    return max(1, min(os.cpu_count() or 1, _memory_bytes() // _MUSIC_BYTES))


def batch_size_for(craft: str, settings: Settings) -> int:
    """The number of songs that one process of a craft's engine works on at once: the setting, or the engine's
    batch size."""
    chosen: EngineSettings = getattr(settings, craft)
    return chosen.together or REGISTRIES[craft].spec(chosen.engine).batch_size


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # unknown on this system: assume a small machine
        return 4_000_000_000
