"""Recovery: resumes the songs of an earlier process when a service starts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from config.errors import SongwrightError, StoreUnavailable, Unavailable
from orchestrator.jobs.intake import STORING
from orchestrator.pipeline.tries import CrashCooldown, run_limit_failure
from orchestrator.songs.library import Library
from orchestrator.songs.library_threads import LibraryThreads
from orchestrator.songs.manifest import Owner, Song, Status
from orchestrator.songs.ownership import may_resume, take_ownership
from storage.local import LocalStore

log = logging.getLogger(__name__)

_START_S = 2.0  # how long a start waits for the store before recovery goes on in the background
_LONGEST_PAUSE_S = 60.0
_AT_ONCE = 64  # songs whose new owner is stored: a few for each of the threads for the store
_LOOK_S = 120.0  # between scans for songs that other services have left in a bucket


class Recovery:
    """Finds the songs that are not settled, oldest first. It passes unfinished ones to ``enqueue``, and to
    ``ended`` those that have ended without a notification. In a bucket it scans again now and then: a service
    may have accepted songs before it noticed that it had lost the lease."""

    def __init__(
        self,
        library: Library,
        threads: LibraryThreads,
        owner: Owner,
        cooldown: CrashCooldown | None,
        is_known: Callable[[str], bool],
        enqueue: Callable[[Song], None],
        ended: Callable[[Song], None],
    ) -> None:
        """``is_known`` returns whether the song with an id waits or runs here already."""
        self._library = library
        self._threads = threads
        self._owner = owner
        self._cooldown = cooldown
        self._is_known = is_known
        self._enqueue = enqueue
        self._ended = ended
        self._task: asyncio.Task[None] | None = None
        self._rescan_task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Resumes the songs; if the store is slow, this goes on in the background. Raises only unexpected
        errors."""
        self._task = asyncio.get_running_loop().create_task(self._resume_all())
        await asyncio.wait([self._task], timeout=_START_S)
        if not self._task.done():
            log.warning("the songs of an earlier run are still being taken up: the store is slow")
        elif error := self._task.exception():
            raise error

    def check(self) -> None:
        """Raises ``Unavailable`` until all songs to resume are known: a song that is accepted, cancelled or
        deleted before could be made twice, or come back."""
        if self._task and not self._task.done():
            raise Unavailable("the songs of an earlier run are being taken up", "ask again in some seconds")

    def stop(self) -> None:
        for task in (self._task, self._rescan_task):
            if task:
                task.cancel()

    async def _resume_all(self) -> None:
        pause_s = 1.0
        while True:
            try:
                songs = await self._threads.run(lambda: list(self._library.unsettled_versions()))
                break
            except StoreUnavailable as error:
                log.error("the songs of an earlier run are taken up in %g s: %s", pause_s, error)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        await self._resume_in_order(songs)
        if not isinstance(self._library.store, LocalStore):
            self._rescan_task = asyncio.get_running_loop().create_task(self._rescan())

    async def _rescan(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                found = await self._threads.run(lambda: list(self._library.unsettled_versions(STORING)))
                await self._resume_in_order(
                    [(song, tag) for song, tag in found if self._is_new(song)],
                )
            except SongwrightError as error:
                log.warning("unfinished songs could not be looked for: %s", error)

    def _is_new(self, song: Song) -> bool:
        return not song.status.finished and not self._is_known(song.id)

    async def _resume_in_order(self, songs: list[tuple[Song, str]]) -> None:
        """Takes several songs up at once, and queues them in their order."""
        for start in range(0, len(songs), _AT_ONCE):
            some = songs[start : start + _AT_ONCE]
            for taken in await asyncio.gather(*map(self._take_up, some)):
                if taken:
                    self._enqueue(taken)
                    log.info("taking up song", extra={"song_id": taken.id, "status": taken.status.value})

    async def _take_up(self, version: tuple[Song, str]) -> Song | None:
        """The song if it is to be made here. One bad song must not stop the others or the service."""
        try:
            return await self._taken(*version)
        except Exception as error:
            log.exception("the song is not taken up: %s", error, extra={"song_id": version[0].id})
            return None

    async def _taken(self, song: Song, etag: str) -> Song | None:
        if song.status.finished:
            self._ended(song)
            return None
        # No two services share a library, so the other service that owned this song has ended.
        if not (may_resume(song) or (song.owner and song.owner.service)):
            return None
        if song.runs and self._cooldown:
            self._cooldown.restart()  # the service was killed while it made this song, for whatever reason
        if failure := run_limit_failure(song):
            log.error("song failed: %s", failure.message, extra={"song_id": song.id})
            failed = song.changed(status=Status.FAILED, error=failure, owner=None, runs=0)
            self._ended(await self._threads.run(self._library.save, failed))
            return None
        try:
            taken: Song = await self._threads.run(take_ownership, (song, etag), self._library, self._owner)
        except StoreUnavailable as error:
            log.warning("the new owner was not stored: %s", error, extra={"song_id": song.id})
            taken = song.model_copy(update={"owner": self._owner})
        return None if taken.status.finished else taken
