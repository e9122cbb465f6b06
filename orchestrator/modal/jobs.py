"""Songs as spawned calls: the queue is Modal's, and the manifest is still the job.

Beside each song that is not done stands ``calls/<id>``, which names the call that makes it (see ``marks``).
Whoever finds a song whose call has died spawns it again; the mark is replaced only as the version that was
read, so of several that find it one does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from config.errors import (
    Conflict,
    NotFound,
    QueueFull,
    SongwrightError,
    StoreUnavailable,
    Unavailable,
    Unreadable,
)
from orchestrator.jobs.contract import Outlook
from orchestrator.jobs.feed import Feed
from orchestrator.jobs.intake import save_all
from orchestrator.jobs.queue import stopping
from orchestrator.modal.calls import REFUSALS, lives, steady, stop
from orchestrator.modal.claim import Claim
from orchestrator.modal.marks import Mark, Marks
from orchestrator.pipeline.make_song import may_resume
from orchestrator.server.webhooks.delivery import next_attempt_s
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Failure, Owner, Song, Status

T = TypeVar("T")
log = logging.getLogger(__name__)

_STORE_THREADS = 16
_LOOK_S = 1.0  # between looks at a manifest that another container writes
_PATROL_S = 20.0  # between looks at every song that is not done
_GRACE = timedelta(seconds=20)  # in which who accepted a song will have spawned it
_BEGINNING = timedelta(minutes=5)  # in which what another container stores before a manifest is left alone
_LAST_WORDS_S = 120.0  # in which whoever is to tell of a song's end has begun to
_MOST_CALLS = 3
_AGAIN = timedelta(seconds=20)  # before the third call of a song, and the third beginning of a call
_STOPPED_S = 10.0
_RETRY_AFTER_S = 30.0

OWNER = Owner(host="modal", pid=0, service=True)
"""Of a song whose call is at work on it."""

Spawn = Callable[[str], Awaitable[Any]]
"""Spawns the call that makes a song, and gives its ``modal.FunctionCall``."""


class SpawnedJobs:
    """``Jobs`` where the work is done elsewhere: it accepts songs, finds, follows and cancels them."""

    def __init__(
        self,
        library: Library,
        feed: Feed,
        spawn: Spawn,
        ended: Callable[[Song], None],
        limit: int,
        claim: Claim,
    ) -> None:
        """``ended`` is told of songs that ended untold; ``limit`` is how many may be unfinished. What changes
        songs raises ``BucketTaken`` where ``claim`` does."""
        self._library = library
        self._marks = Marks(library.store)
        self._feed = feed
        self._spawn = spawn
        self._ended = ended
        self._limit = limit
        self._claim = claim
        self._open = 0
        self._accepting = 0
        self._told: set[str] = set()
        self._halting = asyncio.Event()
        self._patrol: asyncio.Task[None] | None = None
        self._threads = ThreadPoolExecutor(_STORE_THREADS, thread_name_prefix="store")

    @property
    def waiting(self) -> int:
        """Songs that are not done, as of the last look at the store."""
        return self._open

    @property
    def running(self) -> int:
        """Which of them are at work, Modal knows."""
        return 0

    async def start(self) -> None:
        """Looks after what other containers left, now and every so often."""
        self._patrol = asyncio.get_running_loop().create_task(self._keep_watch())

    async def submit(self, songs: list[Song], photo: bytes = b"") -> list[Song]:
        """Stores and spawns ``songs``, each with the ``photo`` that it is made from. Raises ``QueueFull``
        past the bound, before anything is stored, and ``Unavailable`` where Modal takes no call: songs that
        are stored by then are kept, and spawned as soon as it does."""
        self.check_room(len(songs))
        self._accepting += len(songs)
        try:
            await self._claim.check()
            songs = await self.stored(save_all, self._library, songs, photo)
            for song in songs:
                await self._call(song.id, Mark(call_id="", at=datetime.now(UTC)), None)
            self._open += len(songs)
        finally:
            self._accepting -= len(songs)
        return songs

    def check_room(self, count: int) -> None:
        """Raises ``QueueFull`` if ``count`` more songs may not wait, ``Unavailable`` when stopping."""
        if self._halting.is_set():
            raise stopping()
        depth = self._open + self._accepting
        if depth + count > self._limit:
            raise QueueFull(depth, _RETRY_AFTER_S)

    async def wait(self, song_id: str) -> Song:
        """The song's final manifest, once it has ended; ``Unavailable`` if this container stops before."""
        while not (song := await self.load(song_id)).status.finished:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._halting.wait(), _LOOK_S)
            if self._halting.is_set():
                raise stopping()
        return song

    async def cancel(self, song_id: str) -> Song:
        """The song, cancelled; one that is cancelled already stays so. Raises ``Conflict`` for one that has
        ended otherwise."""
        await self._claim.check()
        song, etag = await self.stored(self._library.version, song_id)
        if not song.status.finished:
            if call_id := await self._forbid(song_id):
                await stop(call_id, _STOPPED_S)
            # The song's own call ends its steps as well, unless it is the one that was lost.
            steps = await self.stored(self._marks.steps, song_id)
            await asyncio.gather(*(stop(step_id, 0.0) for step_id in steps))
            until = asyncio.get_running_loop().time() + _STOPPED_S
            while not (song.status.finished or await self._withdrawn(song, etag, until)):
                song, etag = await self.stored(self._library.version, song_id)
            song = await self.load(song_id)
            await self.stored(self._marks.forget, song_id)
        if song.status is Status.CANCELLED:
            return song
        raise Conflict(f"song {song_id} is {song.status} already", "delete it if you do not want it")

    async def _forbid(self, song_id: str) -> str:
        """Sees to it that no other call is spawned for the song. The id of the one there is; empty while it
        is being spawned, and then who does that will stop it."""
        while True:
            mark, etag = await self.stored(self._marks.read, song_id)
            forbidden = mark.model_copy(update={"cancelled": True})
            if mark.cancelled or await self.stored(self._marks.replace, song_id, forbidden, etag):
                return mark.call_id

    async def _withdrawn(self, song: Song, etag: str, until_s: float) -> bool:
        """Writes that the song is cancelled, once its call has let go of it; answers whether it did."""
        if song.owner == OWNER and asyncio.get_running_loop().time() < until_s:
            await asyncio.sleep(_LOOK_S / 4)
            return False
        cancelled = song.changed(status=Status.CANCELLED, owner=None)
        return bool(await self.stored(self._library.save_if, cancelled, etag))

    async def delete(self, song_id: str) -> None:
        """Ends the song's work if there is any and deletes it with all its files."""
        try:
            await self.cancel(song_id)
        except Conflict:  # it had ended
            pass
        except Unreadable:
            if call_id := await self._forbid(song_id):
                await stop(call_id, _STOPPED_S)
        await self.stored(self._library.delete, song_id)
        await self.stored(self._marks.forget, song_id)
        self._feed.forget(song_id)

    def outlook(self, _song_id: str) -> Outlook:
        """Modal's queue tells no places."""
        return Outlook(None, None)

    async def load(self, song_id: str) -> Song:
        return await self.stored(self._library.load, song_id)

    async def stored(self, work: Callable[..., T], *arguments: object) -> T:
        """``work(*arguments)`` in one of the threads that talk to the store."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    async def drain(self, _grace_s: float) -> None:
        """Takes no more songs; who waits for one is told so. The songs themselves go on."""
        self._halting.set()
        if self._patrol:
            self._patrol.cancel()
            await asyncio.wait([self._patrol])
        self._feed.close()

    def close(self) -> None:
        """After ``drain``: lets the threads end with what they still write."""
        self._threads.shutdown(wait=True)

    async def _keep_watch(self) -> None:
        while True:
            try:
                await self.look_after_all()
            except (SongwrightError, *REFUSALS) as error:
                log.warning("unfinished songs could not be looked after: %s", error)
            await asyncio.sleep(_PATROL_S)

    async def look_after_all(self) -> int:
        """Sees to every song that is not settled, once: spawns those that nobody makes, and tells of those
        that ended untold, and deletes what is left of calls whose songs have ended. How many songs it saw to.
        Of several that look at a time one spawns."""
        await self._claim.hold()
        songs = await self.stored(lambda: list(self._library.unsettled(_BEGINNING)))
        self._open = sum(not song.status.finished for song in songs)
        for song in songs:
            if not song.status.finished:
                try:
                    await self._look_after(song)
                except StoreUnavailable:
                    raise  # which it is for every other, too
                except (Unavailable, Unreadable) as error:
                    log.warning("the next look will do: %s", error, extra={"song_id": song.id})
            elif song.id not in self._told and _quiet_s(song) > _LAST_WORDS_S + next_attempt_s(song.webhook):
                self._told.add(song.id)
                self._ended(song)
        await self.stored(self._sweep, {song.id for song in songs})
        return len(songs)

    def _sweep(self, unsettled: set[str]) -> None:
        """Deletes what is left of calls whose songs have ended: theirs was killed before it came to that."""
        for song_id in list(self._marks.songs()):
            if song_id in unsettled:
                continue
            try:
                ended = self._library.load(song_id).settled
            except NotFound:
                ended = True
            except Unreadable:
                continue  # until it is restored or deleted
            if ended:
                self._marks.forget(song_id)

    async def _look_after(self, song: Song) -> None:
        """Spawns the song again if nobody makes it."""
        if song.owner and not song.owner.service and not may_resume(song):
            return  # somebody makes it on a machine of theirs
        mark, etag = await self.stored(self._marks.read, song.id)
        if mark.cancelled:
            with suppress(Conflict):
                await self.cancel(song.id)  # which whoever began it has not ended
            return
        if mark.call_id:
            if (mark.number > 1 and _lately(mark.at, _AGAIN)) or await lives(mark.call_id):
                return
        elif _lately(max(mark.at, song.created_at), _GRACE):
            return
        song, version = await self.stored(self._library.version, song.id)
        if song.status.finished:
            return  # meanwhile, and its call with it
        if mark.number >= _MOST_CALLS:
            failure = Failure(
                type="EngineFailed", message=f"its call ended {_MOST_CALLS} times without a word", step="job"
            )
            ended = song.changed(status=Status.FAILED, error=failure, owner=None)
            if await self.stored(self._library.save_if, ended, version):
                self._ended(ended)
            return
        log.warning("spawning the song again", extra={"song_id": song.id})
        await self._call(song.id, Mark(call_id="", number=mark.number + 1, at=datetime.now(UTC)), etag)

    async def _call(self, song_id: str, mark: Mark, etag: str | None) -> None:
        """Spawns the call, unless the mark is another by now than the one with ``etag``."""
        if not await self.stored(self._marks.replace, song_id, mark, etag):
            return
        try:
            call = await steady("the song", lambda: self._spawn(song_id))
        except REFUSALS as error:
            raise Unavailable(
                f"Modal takes no call: {error}", "the song is kept, and made when it does"
            ) from error
        known = mark.model_copy(update={"call_id": call.object_id})
        while True:
            now, etag = await self.stored(self._marks.read, song_id)
            if now.cancelled:
                await stop(call.object_id, _STOPPED_S)
                return
            # Without a mark the song has ended already.
            if etag is None or await self.stored(self._marks.replace, song_id, known, etag):
                return


def _lately(at: datetime, span: timedelta) -> bool:
    """Whether that was less than ``span`` ago; whoever wrote it may have a clock that is ahead."""
    return abs(datetime.now(UTC) - at) < span


def _quiet_s(song: Song) -> float:
    """For how many seconds nobody has written the song's manifest."""
    return (datetime.now(UTC) - song.updated_at).total_seconds()
