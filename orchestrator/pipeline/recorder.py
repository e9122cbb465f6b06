"""Writes a song's manifest while the song is made: before the work and after each step."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from config.errors import Conflict, EngineFailed, SongwrightError
from orchestrator.estimates.costs import cost_of
from orchestrator.estimates.meter import Usage
from orchestrator.pipeline.tries import MOST_TRIES, CrashCooldown, ProcessDied, final_error, is_deadly
from orchestrator.pipeline.worker import Worker
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Failure, Owner, Song, Status
from orchestrator.songs.stages import Stage, StageReport

log = logging.getLogger(__name__)

_MOST_DEATHS = 10  # of one step's process, even if the step caused none of them


class Superseded(Conflict):
    """Another runner has written the song's manifest. The one that gets this error stops writing; clients
    never see it."""


@dataclass(frozen=True)
class RunOptions:
    """The options of one run of a song."""

    owner: Owner
    limit_s: float | None = None
    """Seconds from the start of the work after which it fails; None: no limit."""
    shutting_down: Callable[[], bool] = lambda: False
    """Called when the task is cancelled. True means that only this process ends: the song stays unfinished
    for the next process."""
    on_saved: Callable[[Song], None] = lambda _song: None
    """Called with each manifest once it is stored."""
    etag: str = ""
    """The etag of the song's manifest. Each manifest is then written only over the one before, and
    ``Superseded`` is raised if another runner has written. Empty: there is no other runner."""
    counted: bool = False
    """Whether the song's runs are counted here, and it fails after too many."""
    cooldown: CrashCooldown | None = None
    """Given if engines run in their own processes. A step whose process dies is then tried again, the last
    time after this cooldown. Else a step is tried once."""


class SongRecorder:
    """Runs steps and records their results in the manifest. Only the event loop's thread uses it, so steps do
    not overwrite each other's facts."""

    def __init__(
        self, song: Song, worker: Worker, library: Library, report: StageReport, options: RunOptions
    ) -> None:
        self.song = song
        self._worker = worker
        self._library = library
        self._report = report
        self._on_saved = options.on_saved
        self._etag = options.etag
        self._cooldown = options.cooldown
        self._saving = asyncio.Lock()

    async def make(self, stage: Stage, **facts: object) -> Song:
        """Runs ``stage``, and saves its result and ``facts`` in one manifest. If its engine's process dies,
        it is tried again. Raises the error of the last try."""
        started = time.perf_counter()
        report = partial(self._report, stage)
        tries = 0
        while True:
            await self._before_last_try(stage)
            try:
                result = await self._worker.run(stage, self.song, report)
                break
            except (SongwrightError, asyncio.CancelledError) as error:
                # If the task was cancelled, the cause is the engine's own error.
                ended = error if isinstance(error, SongwrightError) else error.__cause__
                if isinstance(ended, SongwrightError) and isinstance(ended.spent, Usage):
                    self._charge(stage, ended.spent)
                if not self._cooldown or not isinstance(error, SongwrightError) or not is_deadly(error):
                    raise
                tries += 1
                await self._count_crash(stage, error, tries)
        if result.usage:
            self._charge(stage, result.usage)
        song = self.song
        made_by = {stage.craft: result.engine} if stage.craft and result.engine else {}
        return await self.save(
            scene=result.scene or song.scene,
            plan=result.plan or song.plan,
            music=result.music or song.music,
            engines=song.engines | made_by,
            assets=dict(sorted((song.assets | result.assets).items())),
            timings_s=song.timings_s | {stage.value: round(time.perf_counter() - started, 3)},
            runs=min(song.runs, 1),
            **facts,
        )

    async def save(self, **facts: object) -> Song:
        """Writes the song with ``facts`` changed. Raises ``Superseded`` once another runner has the song."""
        if "owner" in facts and facts["owner"] is None:
            facts["runs"] = 0  # it ended normally
        self.song = self.song.changed(**facts)
        # Two parts may end together: the later manifest holds both and is written last.
        async with self._saving:
            writing = asyncio.ensure_future(asyncio.to_thread(self._write, self.song))
            try:
                song = await asyncio.shield(writing)
            except asyncio.CancelledError:
                # The thread goes on anyway, and would write this manifest over the next one.
                await asyncio.wait([writing])
                raise
        self._on_saved(song)
        return song

    async def fail(self, error: Exception, step: str) -> None:
        """Writes that ``error`` ended the song in ``step``."""
        failure = Failure(type=type(error).__name__, message=str(error), step=step)
        await self.save(status=Status.FAILED, error=failure, owner=None)

    async def _before_last_try(self, stage: Stage) -> None:
        """Waits for the cooldown if the next try is the last. Raises ``EngineFailed`` if no try is left."""
        crashes = self.song.crashes.get(stage, 0)
        if self._cooldown and crashes >= MOST_TRIES - 1:
            if crashes >= MOST_TRIES:  # counted by a process that died before it could fail the song
                raise EngineFailed(stage, f"its process ended {crashes} times in the middle of its work")
            await self._cooldown.wait()

    async def _count_crash(self, stage: Stage, error: SongwrightError, tries: int) -> None:
        """Counts a try that killed its process. After the last one raises ``error`` with the count."""
        crashes = self.song.crashes.get(stage, 0)
        if not isinstance(error, ProcessDied) or error.blamed:
            crashes += 1
            await self.save(crashes=self.song.crashes | {stage.value: crashes})
        log.warning("the %s step is broken off: %s", stage, error, extra={"song_id": self.song.id})
        if crashes >= MOST_TRIES or tries >= _MOST_DEATHS:
            raise final_error(error, max(crashes, tries)) from error

    def _charge(self, stage: Stage, usage: Usage) -> None:
        """Adds the usage of a step; it is stored with the next ``save``, which always follows."""
        costs = self.song.costs | {stage.value: cost_of(usage, self.song.costs.get(stage))}
        self.song = self.song.model_copy(update={"costs": costs})

    def _write(self, song: Song) -> Song:
        if not self._etag:
            return self._library.save(song)
        etag = self._library.save_if(song, self._etag)
        if not etag:
            raise Superseded(f"another runner has written song {song.id}", "let it go on: see what it makes")
        self._etag = etag
        return song
