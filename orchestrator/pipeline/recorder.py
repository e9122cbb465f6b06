"""Records a song while it is made: before the work starts, and after the steps.

In a bucket a finished cover, the cheapest of the parts, is written with the plan or the music, for which it
waits a minute; those who ask this process for the song see it at once (``RunOptions.on_change``).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from config.errors import EngineFailed, SongwrightError
from lyrics.contract import CoverWords, OnCover
from orchestrator.estimates.costs import cost_of
from orchestrator.estimates.meter import Usage
from orchestrator.pipeline.edits import Edits
from orchestrator.pipeline.manifest_writer import BUCKET_SPACING_S, JOIN_S, ManifestWriter, Superseded
from orchestrator.pipeline.tries import MOST_TRIES, CrashCooldown, ProcessDied, final_error, is_deadly
from orchestrator.pipeline.worker import StepResult, Worker
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Failure, Owner, Song, Status
from orchestrator.songs.stages import Stage, StageReport

log = logging.getLogger(__name__)

_COVER_JOIN_S = 60.0
_MOST_DEATHS = 10  # of one step's process, even if the step caused none of them
_JUST_ACCEPTED = timedelta(seconds=BUCKET_SPACING_S)


@dataclass(frozen=True)
class RunOptions:
    """The options of one run of a song."""

    owner: Owner
    limit_s: float | None = None
    """Seconds from the start of the work after which it fails; None: no limit."""
    shutting_down: Callable[[], bool] = lambda: False
    """Called when the task is cancelled. True means that only this process ends: the song stays unfinished
    for the next process."""
    on_change: Callable[[Song], None] = lambda _song: None
    """Called with each new state of the song; with the last one, and where nothing was lost if this process
    ended now, once it is stored."""
    etag: str = ""
    """The etag of the song's manifest. Each manifest is then written only over the one before, and
    ``Superseded`` is raised if another runner has written. Empty: there is no other runner."""
    counted: bool = False
    """Whether the song's runs are counted here, and it fails after too many."""
    edits: Edits | None = None
    """Where users change the song meanwhile."""
    cooldown: CrashCooldown | None = None
    """Given if engines run in their own processes. A step whose process dies is then tried again, the last
    time after this cooldown. Else a step is tried once."""


@dataclass(frozen=True)
class Made:
    """A step's result, and the seconds that it took with all tries."""

    result: StepResult
    seconds: float


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
        self._options = options
        self._on_change = options.on_change
        self._cooldown = options.cooldown
        self._task = asyncio.current_task()
        self._writer = ManifestWriter(library, song, options.etag, self._stop)
        if options.edits:
            options.edits.open(self.edit)
        self.has_ended = False
        """Whether it is stored that the song has ended."""
        self.superseded: Superseded | None = None
        """Why the task that created this was cancelled; None if it was not, or by somebody else."""

    async def begin(self, status: Status) -> None:
        """Records that the work starts with ``status``. A song that was accepted a moment ago may start
        before that is stored; for any other it is stored first, so that its runs are counted."""
        song = self.song
        new = song.status is Status.QUEUED and abs(song.updated_at - song.created_at) < _JUST_ACCEPTED
        facts = {"status": status, "owner": self._options.owner, "error": None}
        if new and not self._writer.is_free:
            self._change(JOIN_S, **facts)
        else:
            await self.save(**facts)

    async def make(self, stage: Stage, on_cover: OnCover | None = None, **facts: object) -> Song:
        """Runs ``stage``, and records its result and ``facts`` together. Raises as ``run`` does."""
        return await self.record(stage, await self.run(stage, on_cover), **facts)

    async def run(
        self, stage: Stage, on_cover: OnCover | None = None, words: CoverWords | None = None
    ) -> Made:
        """Runs ``stage``; with ``words``, for a song that has no more of a plan yet. ``on_cover``: see
        ``Worker``. If its engine's process dies, it is tried again. Raises the error of the last try."""
        started = time.perf_counter()
        report = partial(self._report, stage)
        tries = 0
        while True:
            await self._before_last_try(stage)
            song = self.song.model_copy(update={"plan": words.as_plan()}) if words else self.song
            try:
                result = await self._worker.run(stage, song, report, on_cover)
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
        return Made(result, time.perf_counter() - started)

    async def record(self, stage: Stage, made: Made, **facts: object) -> Song:
        """Records what ``run`` has made in ``stage``, and ``facts`` together with it."""
        result, song = made.result, self.song
        within_s = _COVER_JOIN_S if stage is Stage.COVER else JOIN_S
        made_by = {stage.craft: result.engine} if stage.craft and result.engine else {}
        return await self._record(
            within_s,
            scene=result.scene or song.scene,
            plan=result.plan or song.plan,
            music=result.music or song.music,
            listening=result.listening or song.listening,
            engines=song.engines | result.taken | made_by,
            assets=dict(sorted((song.assets | result.assets).items())),
            timings_s=song.timings_s | {stage.value: round(made.seconds, 3)},
            runs=min(song.runs, 1),
            **facts,
        )

    async def note(self, text: str) -> None:
        """Records what the user should know."""
        await self._record(JOIN_S, notes=tuple(dict.fromkeys((*self.song.notes, text))))

    async def save(self, **facts: object) -> Song:
        """Writes the song with ``facts`` changed. Raises ``Superseded`` once another runner has the song."""
        if "owner" in facts and facts["owner"] is None:
            facts["runs"] = 0  # it ended normally
        self.song = song = self.song.changed(**facts)
        await self._writer.write(song)
        self.has_ended = song.status.finished
        self._on_change(self.song)  # the newest: another step may have ended meanwhile
        return song

    async def edit(self, facts: Mapping[str, object]) -> Song | None:
        """Changes what the user may change of the song, between two steps' results, and returns it once it is
        stored; None, and does nothing, if the song has ended. Raises as ``save``."""
        if self.song.status.finished:
            return None
        self.song = song = self.song.changed(**facts)
        await self._writer.write(song)
        if not self.song.status.finished:
            self._on_change(self.song)
        return song

    def close(self) -> None:
        """Ends the writes in the background."""
        self._writer.close()

    async def _record(self, within_s: float, **facts: object) -> Song:
        """Changes the song, and writes it so that it delays no step: in a bucket with what comes within
        ``within_s`` seconds."""
        return self._change(within_s, **facts) if self._writer.is_spaced else await self.save(**facts)

    def _change(self, within_s: float, **facts: object) -> Song:
        """Changes the song, which is written a little later."""
        self.song = song = self.song.changed(**facts)
        self._writer.write_later(song, within_s)
        self._on_change(song)
        return song

    def _stop(self, error: Superseded) -> None:
        self.superseded = error
        if self._task:
            self._task.cancel()

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
