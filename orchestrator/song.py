"""The whole journey of a song, and the only place that knows the order of things."""

from __future__ import annotations

import asyncio
import os
import platform
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from config.engine import Report
from config.errors import Cancelled, Conflict, EngineFailed, EngineTimeout, SongwrightError
from config.process import runs
from orchestrator.costs import cost_of
from orchestrator.library import Library
from orchestrator.manifest import CRAFT_OF_STAGE, Failure, Owner, Song, Status
from orchestrator.meter import Usage
from orchestrator.steps import StepResult
from orchestrator.workers import Worker

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


async def make_song(
    song: Song, worker: Worker, library: Library, report: Report, terms: Terms | None = None
) -> Song:
    """Takes ``song`` from wherever it is to done, and answers its final manifest.

    The manifest is saved before the work starts and after each step, so that whatever stops this process
    loses at most the step it was in: calling this again with the stored manifest goes on from there. A
    step's error is written to the manifest and raised; a cancelled task leaves it "cancelled". Steps that
    were done stay done. Raises ``Superseded``, with nothing written, once the song is another runner's.
    """
    terms = terms or Terms(this_process())
    journey = _Journey(song, library, terms)
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
                    await journey.take("photo", worker.scene(journey.song, _staged(report, "photo")))
                    step = "lyrics"
                await journey.take("lyrics", worker.plan(journey.song, _staged(report, "lyrics")))
            await journey.save(status=Status.COMPOSING, owner=terms.owner, error=None)

            step = "music and cover"
            parts = []
            if "audio" not in journey.song.assets:
                parts.append(journey.take("music", worker.music(journey.song, _staged(report, "music"))))
            if song.brief.cover and "cover" not in journey.song.assets:
                parts.append(journey.take("cover", worker.cover(journey.song, _staged(report, "cover"))))
            # Both are let finish even if one fails: what is done is stored, and a retry only makes what is
            # missing.
            for outcome in await asyncio.gather(*parts, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome

            step = "tags"
            if not song.brief.cover:
                return await journey.save(status=Status.DONE, owner=None)
            tagging = worker.tag(journey.song)
            return await journey.take("tags", tagging, status=Status.DONE, owner=None)
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
    """Whether ``song`` is unfinished and nobody works on it: its process is gone, or has not saved for an
    hour."""
    if song.status.finished:
        return False
    idle = datetime.now(UTC) - song.updated_at
    waits = song.owner is not None and song.owner.service and song.status is Status.QUEUED
    return song.owner is None or (idle > _LONGEST_STEP and not waits) or not _lives(song.owner)


def take_up(song_id: str, library: Library, owner: Owner) -> Song:
    """Makes ``owner`` that of the song, unless it has ended by now; answers what is stored."""
    while True:
        song, etag = library.version(song_id)
        taken = song if song.status.finished else song.model_copy(update={"owner": owner})
        if song.status.finished or library.save_if(taken, etag):
            return taken


def this_process(*, service: bool = False) -> Owner:
    return Owner(host=platform.node(), pid=os.getpid(), service=service)


class _Journey:
    """The song as it grows. Only the event loop's own thread touches it, so no step's facts overwrite
    another's."""

    def __init__(self, song: Song, library: Library, terms: Terms) -> None:
        self.song = song
        self._library = library
        self._saved = terms.saved
        self._etag = terms.etag
        self._saving = asyncio.Lock()

    async def take(self, name: str, step: Awaitable[StepResult], **facts: object) -> Song:
        """Waits for ``step`` and saves what it adds, and ``facts``, in one manifest."""
        started = time.perf_counter()
        try:
            result = await step
        except (SongwrightError, asyncio.CancelledError) as error:
            # Where the task was cancelled, the cause is what the engine ended with.
            ended = error if isinstance(error, SongwrightError) else error.__cause__
            if isinstance(ended, SongwrightError) and isinstance(ended.spent, Usage):
                self._charge(name, ended.spent)
            raise
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
            **facts,
        )

    def _charge(self, name: str, usage: Usage) -> None:
        """Adds what a step used; stored with what is saved next, which always comes."""
        costs = self.song.costs | {name: cost_of(usage, self.song.costs.get(name))}
        self.song = self.song.model_copy(update={"costs": costs})

    async def save(self, **facts: object) -> Song:
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


def _lives(owner: Owner) -> bool:
    """Whether the owner may still be at work; a process of another machine cannot be asked."""
    if owner.host != platform.node():
        return True
    return runs(owner.pid)
