"""Songs as spawned calls: the queue is Modal's, and the manifest is the job.

Each unfinished song has an object ``calls/<id>``, which names the call that makes it (see ``call_records``).
A container that finds a song whose call has died spawns it again. The record is only replaced over the
version that was read, so of several containers one succeeds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from config.errors import (
    Conflict,
    NotFound,
    SongwrightError,
    StoreUnavailable,
    Unavailable,
    Unreadable,
)
from orchestrator.jobs.contract import QueueEstimate
from orchestrator.jobs.feed import Feed
from orchestrator.jobs.intake import STORING, Intake, checked_cancelled, save_all, stopping
from orchestrator.modal.call_records import CallRecord, CallRecords, SongCalls
from orchestrator.modal.calls import MODAL_ERRORS, is_running, stop
from orchestrator.modal.claim import Claim
from orchestrator.modal.progress import Progress
from orchestrator.pipeline.worker import drop_unused_cover
from orchestrator.server.webhooks.delivery import next_attempt_s
from orchestrator.songs.library import Library
from orchestrator.songs.library_threads import LibraryThreads
from orchestrator.songs.manifest import Failure, Owner, Song, Status
from orchestrator.songs.ownership import edit_stored, may_resume

log = logging.getLogger(__name__)

_END_LOOK_S, _ENDS_PER_LOOK = 0.2, 10  # see ``wait``
_LOOK_S = 1.0  # between reads of a manifest that another container writes
_PATROL_S = 20.0  # between checks of all unfinished songs
_GRACE = timedelta(seconds=20)  # in which the container that accepted a song has spawned it
_LAST_WORDS_S = 120.0  # in which the song's own call has begun to announce its end
_MOST_CALLS = 3
_RESPAWN_AFTER = timedelta(seconds=20)  # before the third call of a song
_STOPPED_S = 10.0
_RETRY_AFTER_S = 30.0

OWNER = Owner(host="modal", pid=0, service=True)
"""The owner of a song that its call makes."""


class SpawnedJobs:
    """The ``ServiceJobs`` of a service on Modal: accepts, follows and cancels songs that other containers
    make."""

    def __init__(
        self,
        library: Library,
        threads: LibraryThreads,
        feed: Feed,
        calls: SongCalls,
        progress: Progress,
        ended: Callable[[Song], None],
        limit: int,
        claim: Claim,
    ) -> None:
        """``ended`` is called with songs whose end was not announced by their own call; ``limit`` is the most
        unfinished songs. Methods that change songs raise ``BucketTaken`` if ``claim`` does."""
        self._library = library
        self._threads = threads
        self._records = CallRecords(library.store)
        self._feed = feed
        self._calls = calls
        self._progress = progress
        self._ended = ended
        self._claim = claim
        self._open = 0
        self._intake = Intake(limit, lambda: self._open, lambda: _RETRY_AFTER_S)
        self._announced: set[str] = set()
        self._shutting_down = asyncio.Event()
        self._patrol: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """The number of unfinished songs when the store was last read."""
        return self._open

    @property
    def running(self) -> int:
        """Always 0: only Modal knows which of them run."""
        return 0

    async def start(self) -> None:
        """Looks after the songs of other containers, now and every ``_PATROL_S`` seconds."""
        self._patrol = asyncio.get_running_loop().create_task(self._look_after_for_ever())

    async def submit(self, songs: list[Song], photo: bytes = b"") -> list[Song]:
        """Stores and spawns ``songs``, each with its ``photo`` if there is one. Raises ``QueueFull``, before
        anything is stored, if there is no room, and ``Unavailable`` if Modal accepts no call: songs that are
        stored by then stay, and are spawned later."""
        with self._intake.accepting(songs):
            await self._claim.check()
            songs = await self._threads.run(save_all, self._library, songs, photo)
            for song in songs:
                await self._calls.begin(song)
            self._open += len(songs)
        return songs

    def check_room(self, count: int) -> None:
        """Raises ``QueueFull`` if there is no room for ``count`` more songs, ``Unavailable`` when
        stopping."""
        self._intake.check_room(count)

    async def wait(self, song_id: str) -> Song:
        """The song's final manifest, once it has ended. Raises ``Unavailable`` if this container stops
        first."""
        while not (song := await self._feed.stored(song_id)).status.finished:
            # The manifest costs a request of the bucket: between reads, the song's own call shows its end.
            for _ in range(_ENDS_PER_LOOK):
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._shutting_down.wait(), _END_LOOK_S)
                if self._shutting_down.is_set():
                    raise stopping()
                if await self._progress.ended(song_id):
                    # What is shared with other callers may be a second old.
                    if (song := await self._threads.load(song_id)).status.finished:
                        return song
                    break
        return song

    async def cancel(self, song_id: str) -> Song:
        """Cancels the song and returns it; a song that is cancelled already stays so. Raises ``Conflict`` if
        it has ended in another way."""
        await self._claim.check()
        song, etag = await self._threads.run(self._library.version, song_id)
        if not song.status.finished:
            if call_id := await self._forbid(song_id):
                await stop(call_id, _STOPPED_S)
            # The song's own call ends its steps too, unless that call was lost.
            steps = await self._threads.run(self._records.steps, song_id)
            await asyncio.gather(*(stop(step_id, 0.0) for step_id in steps))
            until = asyncio.get_running_loop().time() + _STOPPED_S
            while not (song.status.finished or await self._write_cancelled(song, etag, until)):
                song, etag = await self._threads.run(self._library.version, song_id)
            song = await self._threads.load(song_id)
            await self._threads.run(drop_unused_cover, song, self._library.store)
            await self._threads.run(self._records.forget, song_id)
        return checked_cancelled(song)

    async def _forbid(self, song_id: str) -> str:
        """Records that no call may be spawned for the song. Returns the id of the current call; empty while
        that is being spawned: its spawner then stops it."""
        while True:
            record, etag = await self._threads.run(self._records.read, song_id)
            forbidden = record.model_copy(update={"cancelled": True})
            if record.cancelled or await self._threads.run(self._records.replace, song_id, forbidden, etag):
                return record.call_id

    async def _write_cancelled(self, song: Song, etag: str, until_s: float) -> bool:
        """Writes that the song is cancelled, once its call has released it. Returns whether it was
        written."""
        if song.owner == OWNER and asyncio.get_running_loop().time() < until_s:
            await asyncio.sleep(_LOOK_S / 4)
            return False
        cancelled = song.changed(status=Status.CANCELLED, owner=None)
        return bool(await self._threads.run(self._library.save_if, cancelled, etag))

    async def delete(self, song_id: str) -> None:
        """Ends the song's work, if there is any, and deletes the song with all its files."""
        try:
            await self.cancel(song_id)
        except Conflict:  # it had ended
            pass
        except Unreadable:
            if call_id := await self._forbid(song_id):
                await stop(call_id, _STOPPED_S)
        await self._threads.run(self._library.delete, song_id)
        await self._threads.run(self._records.forget, song_id)
        self._feed.forget(song_id)

    async def edit(self, song_id: str, facts: Mapping[str, object]) -> Song:
        """The song with these facts, once they are stored. Raises ``Conflict`` until it has ended: its call
        runs in another container."""
        await self._claim.check()
        song: Song = await self._threads.run(edit_stored, self._library, song_id, facts)
        self._feed.amend(song)
        return song

    def first_waiting(self, _most: int) -> list[str]:
        """None: see ``estimate``."""
        return []

    def is_made(self, _song_id: str) -> bool:
        """Always: an unfinished song whose call is lost gets another."""
        return True

    def estimate(self, _song_id: str) -> QueueEstimate:
        """An empty estimate: Modal does not say positions in its queue."""
        return QueueEstimate(None, None)

    async def drain(self, _grace_s: float) -> None:
        """Accepts no more songs; waiters get ``Unavailable``. The songs themselves go on."""
        self._intake.closed = True
        self._shutting_down.set()
        if self._patrol:
            self._patrol.cancel()
            await asyncio.wait([self._patrol])
        self._feed.close()

    async def _look_after_for_ever(self) -> None:
        while True:
            try:
                await self.look_after_all()
            except (SongwrightError, *MODAL_ERRORS) as error:
                log.warning("unfinished songs could not be looked after: %s", error)
            await asyncio.sleep(_PATROL_S)

    async def look_after_all(self) -> int:
        """Checks every unsettled song once. Spawns songs that no call makes, announces those that ended
        without an announcement, and deletes the call records of settled songs. Returns the number of
        unsettled songs. If several containers run this at the same time, only one of them spawns a song."""
        await self._claim.hold()
        songs = await self._threads.run(lambda: list(self._library.unsettled(STORING)))
        self._open = sum(not song.status.finished for song in songs)
        for song in songs:
            if not song.status.finished:
                try:
                    await self._look_after(song)
                except StoreUnavailable:
                    raise  # it is unavailable for all other songs too
                except (Unavailable, Unreadable) as error:
                    log.warning("it is tried again later: %s", error, extra={"song_id": song.id})
            elif song.id not in self._announced and _is_unannounced(song):
                self._announced.add(song.id)
                self._ended(song)
        await self._threads.run(self._sweep, {song.id for song in songs})
        return len(songs)

    def _sweep(self, unsettled: set[str]) -> None:
        """Deletes the call records of settled songs, whose call was killed before it deleted them."""
        for song_id in list(self._records.songs()):
            if song_id in unsettled:
                continue
            try:
                ended = self._library.load(song_id).settled
            except NotFound:
                ended = True
            except Unreadable:
                continue  # until it is restored or deleted
            if ended:
                self._records.forget(song_id)

    async def _look_after(self, song: Song) -> None:
        """Spawns the song again if no call makes it."""
        if song.owner and not song.owner.service and not may_resume(song):
            return  # a command line makes it
        record, etag = await self._threads.run(self._records.read, song.id)
        if record.cancelled:
            with suppress(Conflict):
                await self.cancel(song.id)  # the container that began to cancel it has not finished
            return
        if record.call_id:
            if (record.number > 1 and _is_recent(record.at, _RESPAWN_AFTER)) or await is_running(
                record.call_id
            ):
                return
        elif _is_recent(max(record.at, song.created_at), _GRACE):
            return
        song, version = await self._threads.run(self._library.version, song.id)
        if song.status.finished:
            return  # it ended meanwhile, and its call too
        if record.number >= _MOST_CALLS:
            failure = Failure(
                type="EngineFailed", message=f"its call ended {_MOST_CALLS} times without a word", step="job"
            )
            ended = song.changed(status=Status.FAILED, error=failure, owner=None)
            if await self._threads.run(self._library.save_if, ended, version):
                self._ended(ended)
            return
        log.warning("spawning the song again", extra={"song_id": song.id})
        await self._calls.begin_again(
            song, CallRecord(call_id="", number=record.number + 1, at=datetime.now(UTC)), etag
        )


def _is_recent(at: datetime, span: timedelta) -> bool:
    """Whether ``at`` is less than ``span`` ago; the clock of its writer may be ahead."""
    return abs(datetime.now(UTC) - at) < span


def _is_unannounced(song: Song) -> bool:
    """Whether the song's own call should have announced its end by now, and so was lost."""
    idle_s = (datetime.now(UTC) - song.updated_at).total_seconds()
    return idle_s > _LAST_WORDS_S + next_attempt_s(song.webhook)
