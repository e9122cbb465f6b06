"""What an earlier process has left undone, taken up when a service starts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from config.errors import SongwrightError, StoreUnavailable, Unavailable
from orchestrator.pipeline.make_song import may_resume, take_up
from orchestrator.pipeline.tries import Unrest, exhausted
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Owner, Song, Status
from storage.local import LocalStore

log = logging.getLogger(__name__)

_START_S = 2.0  # for the store, before the service answers without what it has not told
_LONGEST_PAUSE_S = 60.0
_LOOK_S = 120.0  # between looks for songs that others have left in a bucket
_BEGINNING = timedelta(minutes=5)  # in which what another process stores before a manifest is left alone


class TakingUp:
    """Finds the songs that something is left to do for, oldest first, and gives each to ``enqueue`` or, if it
    has ended untold, to ``ended``. In a bucket it looks again now and then: a service that has lost the lease
    may have accepted songs before it found that."""

    def __init__(
        self,
        library: Library,
        stored: Callable[..., Awaitable[Any]],
        owner: Owner,
        unrest: Unrest | None,
        known: Callable[[str], bool],
        enqueue: Callable[[Song], None],
        ended: Callable[[Song], None],
    ) -> None:
        """``known`` tells by id whether a song waits or runs here already."""
        self._library = library
        self._stored = stored
        self._owner = owner
        self._unrest = unrest
        self._known = known
        self._enqueue = enqueue
        self._ended = ended
        self._task: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Takes them up; where the store lets that wait, it goes on in the background. Raises what nobody
        expected."""
        self._task = asyncio.get_running_loop().create_task(self._all())
        await asyncio.wait([self._task], timeout=_START_S)
        if not self._task.done():
            log.warning("the songs of an earlier run are still being taken up: the store is slow")
        elif error := self._task.exception():
            raise error

    def check(self) -> None:
        """Raises ``Unavailable`` while it is not known which songs there are to be made: one that is taken,
        cancelled or deleted now could be made twice, or come back."""
        if self._task and not self._task.done():
            raise Unavailable("the songs of an earlier run are being taken up", "ask again in some seconds")

    def stop(self) -> None:
        for task in (self._task, self._looking):
            if task:
                task.cancel()

    async def _all(self) -> None:
        pause_s = 1.0
        while True:
            try:
                songs = await self._stored(lambda: list(self._library.unsettled()))
                break
            except StoreUnavailable as error:
                log.error("the songs of an earlier run are taken up in %g s: %s", pause_s, error)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        for song in songs:
            try:
                await self._one(song)
            except Exception as error:
                # One song must not keep the others, or the service, from their start.
                log.exception("the song is not taken up: %s", error, extra={"song_id": song.id})
        if not isinstance(self._library.store, LocalStore):
            self._looking = asyncio.get_running_loop().create_task(self._look_again())

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                for song in await self._stored(lambda: list(self._library.unsettled(_BEGINNING))):
                    if not song.status.finished and not self._known(song.id):
                        await self._one(song)
            except SongwrightError as error:
                log.warning("unfinished songs could not be looked for: %s", error)

    async def _one(self, song: Song) -> None:
        if song.status.finished:
            self._ended(song)
            return
        # No two services share a library, so another service's song is a dead one's.
        if not (may_resume(song) or (song.owner and song.owner.service)):
            return
        if song.runs and self._unrest:
            self._unrest.note()  # the service was killed while it was made, which may be its doing or not
        if failure := exhausted(song):
            log.error("song failed: %s", failure.message, extra={"song_id": song.id})
            failed = song.changed(status=Status.FAILED, error=failure, owner=None, runs=0)
            self._ended(await self._stored(self._library.save, failed))
            return
        try:
            taken: Song = await self._stored(take_up, song.id, self._library, self._owner)
        except StoreUnavailable as error:
            log.warning("only known here as taken up: %s", error, extra={"song_id": song.id})
            taken = song.model_copy(update={"owner": self._owner})
        if taken.status.finished:
            return
        self._enqueue(taken)
        log.info("taking up song", extra={"song_id": song.id, "status": song.status.value})
