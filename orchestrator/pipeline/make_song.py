"""The whole journey of a song, and the only place that knows the order of things."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from config.engine import Report
from config.errors import Cancelled, Conflict, EngineFailed, EngineTimeout, SongwrightError
from config.process import runs, started
from orchestrator.estimates.costs import cost_of
from orchestrator.estimates.meter import Usage
from orchestrator.pipeline.tries import MOST_TRIES, ProcessDied, Unrest, exhausted, given_up, is_deadly
from orchestrator.pipeline.worker import StepResult, Worker
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import CRAFT_OF_STAGE, Failure, Owner, Song, Status

log = logging.getLogger(__name__)

_MOST_DEATHS = 10  # of one step, also where none is its doing
_LONGEST_STEP = timedelta(hours=1)  # an owner that has saved nothing for so long is not at work any more


class Superseded(Conflict):
    """Somebody else has written the song's manifest meanwhile: whoever finds that writes no more of it. No
    caller ever sees it."""


@dataclass
class Terms:
    """On which terms a song is made."""

    owner: Owner
    limit_s: float | None = None
    """Seconds from the start of the work after which it fails."""
    halting: bool = False
    """Whether a cancelled task only means that this process ends: the song then stays unfinished, for the
    next one."""
    saved: Callable[[Song], None] = lambda _song: None
    """Told of each manifest once it is stored."""
    etag: str = ""
    """The version of the manifest that is the song's: each is then only written over the one before, and
    ``Superseded`` is raised where somebody else has written. Empty: nobody else does."""
    counted: bool = False
    """Whether the song's runs are counted, and it fails where it was begun too often; else somebody else sees
    to that."""
    unrest: Unrest | None = None
    """Given where an engine has a process of its own: a step whose process dies is tried again, the last time
    once this is over. Else a step is tried once."""


async def make_song(
    song: Song, worker: Worker, library: Library, report: Report, terms: Terms | None = None
) -> Song:
    """Takes ``song`` from wherever it is to done, and answers its final manifest.

    The manifest is saved before the work starts and after each step, so that whatever stops this process
    loses at most the step it was in: calling this again with the stored manifest goes on from there. A
    step's error is written to the manifest and raised; a cancelled task leaves it "cancelled". Steps that
    were done stay done. Raises ``Superseded``, with nothing written, once the song is another runner's, and
    ``EngineFailed`` for a song that has killed whoever began it three times.
    """
    terms = terms or Terms(this_process(), counted=True)
    if song.status.finished:  # failed or cancelled, and wanted after all: it is as new
        song = song.model_copy(update={"runs": 0, "crashes": {}})
    journey = _Journey(song, library, terms)
    if terms.counted:
        if failure := exhausted(song):
            await journey.save(status=Status.FAILED, error=failure, owner=None)
            raise EngineFailed("songwright", failure.message)
        journey.song = song.model_copy(update={"runs": song.runs + 1})  # stored with its next status
    step = "lyrics"
    clock = asyncio.timeout(terms.limit_s)
    try:
        async with clock:
            if song.status is not Status.QUEUED:
                await asyncio.to_thread(library.sweep, song.id)
            if song.plan is None:
                await journey.save(status=Status.PLANNING, owner=terms.owner, error=None)
                if song.brief.photo and song.scene is None:
                    step = "photo"
                    await journey.take("photo", lambda song: worker.scene(song, _staged(report, "photo")))
                    step = "lyrics"
                await journey.take("lyrics", lambda song: worker.plan(song, _staged(report, "lyrics")))
            await journey.save(status=Status.COMPOSING, owner=terms.owner, error=None)

            step = "music and cover"
            parts = []
            if "audio" not in journey.song.assets:
                parts.append(journey.take("music", lambda song: worker.music(song, _staged(report, "music"))))
            if song.brief.cover and "cover" not in journey.song.assets:
                parts.append(journey.take("cover", lambda song: worker.cover(song, _staged(report, "cover"))))
            # Both are let finish even if one fails: what is done is stored, and a retry only makes what is
            # missing.
            for outcome in await asyncio.gather(*parts, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome

            step = "tags"
            if not song.brief.cover:
                return await journey.save(status=Status.DONE, owner=None)
            return await journey.take("tags", worker.tag, status=Status.DONE, owner=None)
    except (asyncio.CancelledError, Cancelled):
        with suppress(Superseded):  # then it is not ours to let go
            if terms.halting:
                await journey.save(owner=None)
            else:
                await journey.save(status=Status.CANCELLED, owner=None)
        raise
    except Superseded:
        raise
    except SongwrightError as error:
        await journey.fail(error, step)
        raise
    except Exception as error:
        if clock.expired():
            late = EngineTimeout(
                f"the song took longer than {terms.limit_s:g} s, in {step}",
                "ask for a shorter one, or raise SONGWRIGHT_JOB_TIMEOUT_S",
            )
            await journey.fail(late, step)
            raise late from error
        await journey.fail(error, step)
        raise EngineFailed(step, f"{type(error).__name__}: {error}") from error


def may_resume(song: Song) -> bool:
    """Whether ``song`` is unfinished and nobody works on it: its process is gone, or, where that cannot be
    told for certain, has not saved for an hour."""
    if song.status.finished:
        return False
    owner = song.owner
    if owner is None:
        return True
    if owner.host == platform.node():
        if owner.started and (now := started(owner.pid)):
            return now != owner.started
        if not runs(owner.pid):
            return True
    # A process of another machine cannot be asked; of this one, it may be a later one with the same id. The
    # clock may have been set back since: what was saved an hour from now is as old as that.
    idle = abs(datetime.now(UTC) - song.updated_at)
    waits = owner.service and song.status is Status.QUEUED
    return idle > _LONGEST_STEP and not waits


def take_up(song_id: str, library: Library, owner: Owner) -> Song:
    """Makes ``owner`` that of the song, unless it has ended by now; answers what is stored."""
    while True:
        song, etag = library.version(song_id)
        taken = song if song.status.finished else song.model_copy(update={"owner": owner})
        if song.status.finished or library.save_if(taken, etag):
            return taken


def at_work(song: Song) -> str:
    """Why ``song`` may not be resumed now, and when it may."""
    owner = song.owner
    if owner and owner.service and song.status is Status.QUEUED:
        return f"it waits for the service of {owner.host!r}: start 'songwright serve', which takes it up"
    if owner and owner.host != platform.node():
        until = song.updated_at + _LONGEST_STEP
        return (
            f"a process of another machine, {owner.host!r}, may be at work on this song: "
            f"from {until:%H:%M} UTC on it may be resumed here, unless that has saved a step"
        )
    return "another process is at work on this song: let it finish"


def this_process(*, service: bool = False) -> Owner:
    pid = os.getpid()
    return Owner(host=platform.node(), pid=pid, service=service, started=started(pid))


class _Journey:
    """The song as it grows. Only the event loop's own thread touches it, so no step's facts overwrite
    another's."""

    def __init__(self, song: Song, library: Library, terms: Terms) -> None:
        self.song = song
        self._library = library
        self._saved = terms.saved
        self._etag = terms.etag
        self._unrest = terms.unrest
        self._saving = asyncio.Lock()

    async def take(self, name: str, step: Callable[[Song], Awaitable[StepResult]], **facts: object) -> Song:
        """Does ``step`` and saves what it adds, and ``facts``, in one manifest."""
        started = time.perf_counter()
        result = await self._outcome(name, step)
        if result.usage:
            self._charge(name, result.usage)
        song = self.song
        made_by = {CRAFT_OF_STAGE[name]: result.engine} if result.engine else {}
        return await self.save(
            scene=result.scene or song.scene,
            plan=result.plan or song.plan,
            music=result.music or song.music,
            engines=song.engines | made_by,
            assets=dict(sorted((song.assets | result.assets).items())),
            timings_s=song.timings_s | {name: round(time.perf_counter() - started, 3)},
            runs=min(song.runs, 1),
            **facts,
        )

    async def _outcome(self, name: str, step: Callable[[Song], Awaitable[StepResult]]) -> StepResult:
        """What ``step`` makes of the song, in the last of as many tries as it takes and gets."""
        tries = 0
        while True:
            crashes = self.song.crashes.get(name, 0)
            if self._unrest and crashes >= MOST_TRIES - 1:
                if crashes >= MOST_TRIES:  # whoever counted that died before it could fail the song
                    raise EngineFailed(name, f"its process ended {crashes} times in the middle of its work")
                await self._unrest.over()
            try:
                return await step(self.song)
            except (SongwrightError, asyncio.CancelledError) as error:
                # Where the task was cancelled, the cause is what the engine ended with.
                ended = error if isinstance(error, SongwrightError) else error.__cause__
                if isinstance(ended, SongwrightError) and isinstance(ended.spent, Usage):
                    self._charge(name, ended.spent)
                if not self._unrest or not isinstance(error, SongwrightError) or not is_deadly(error):
                    raise
                tries += 1
                if not isinstance(error, ProcessDied) or error.blamed:
                    crashes += 1
                    await self.save(crashes=self.song.crashes | {name: crashes})
                log.warning("the %s step is broken off: %s", name, error, extra={"song_id": self.song.id})
                if crashes >= MOST_TRIES or tries >= _MOST_DEATHS:
                    raise given_up(error, max(crashes, tries)) from error

    def _charge(self, name: str, usage: Usage) -> None:
        """Adds what a step used; stored with what is saved next, which always comes."""
        costs = self.song.costs | {name: cost_of(usage, self.song.costs.get(name))}
        self.song = self.song.model_copy(update={"costs": costs})

    async def save(self, **facts: object) -> Song:
        if "owner" in facts and facts["owner"] is None:
            facts["runs"] = 0  # it ended in good order
        self.song = self.song.changed(**facts)
        # Two parts may end together: the later manifest holds both and is written last.
        async with self._saving:
            writing = asyncio.ensure_future(asyncio.to_thread(self._write, self.song))
            try:
                song = await asyncio.shield(writing)
            except asyncio.CancelledError:
                # The thread goes on all the same, and would write this manifest over the next one.
                await asyncio.wait([writing])
                raise
        self._saved(song)
        return song

    def _write(self, song: Song) -> Song:
        if not self._etag:
            return self._library.save(song)
        etag = self._library.save_if(song, self._etag)
        if not etag:
            raise Superseded(f"another runner has written song {song.id}", "let it go on: see what it makes")
        self._etag = etag
        return song

    async def fail(self, error: Exception, step: str) -> None:
        failure = Failure(type=type(error).__name__, message=str(error), step=step)
        await self.save(status=Status.FAILED, error=failure, owner=None)


def _staged(report: Report, part: str) -> Report:
    """``report`` with the part's name before the engine's own stage: "music: mastering"."""

    def staged(stage: str, fraction: float) -> None:
        report(f"{part}: {stage}", fraction)

    return staged
