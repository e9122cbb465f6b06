"""What an earlier process has left undone, taken up when a service starts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from config.errors import StoreUnavailable, Unavailable
from orchestrator.library import Library
from orchestrator.manifest import Owner, Song, Status
from orchestrator.song import may_resume
from orchestrator.tries import Unrest, exhausted

log = logging.getLogger(__name__)

_START_S = 2.0  # for the store, before the service answers without what it has not told
_LONGEST_PAUSE_S = 60.0


class TakingUp:
    """Finds the songs that something is left to do for, oldest first, and gives each to ``enqueue`` or, if it
    has ended untold, to ``ended``."""

    def __init__(
        self,
        library: Library,
        stored: Callable[..., Awaitable[Any]],
        owner: Owner,
        unrest: Unrest | None,
        enqueue: Callable[[Song], None],
        ended: Callable[[Song], None],
    ) -> None:
        self._library = library
        self._stored = stored
        self._owner = owner
        self._unrest = unrest
        self._enqueue = enqueue
        self._ended = ended
        self._task: asyncio.Task[None] | None = None

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
        if self._task:
            self._task.cancel()

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
        taken = song.model_copy(update={"owner": self._owner})
        try:
            await self._stored(self._library.save, taken)
        except StoreUnavailable as error:
            log.warning("only known here as taken up: %s", error, extra={"song_id": song.id})
        self._enqueue(taken)
        log.info("taking up song", extra={"song_id": song.id, "status": song.status.value})
