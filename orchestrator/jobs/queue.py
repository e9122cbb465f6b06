"""Songs as durable jobs: a bounded queue, so many at once, and no way to lose one.

The manifest is the job. What is held here is only which ids wait and which run, so a thousand waiting songs
cost next to nothing, and a process that dies leaves all there is to know in the store.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from config.errors import Conflict, EngineFailed, QueueFull, SongwrightError, Unavailable, Unreadable
from orchestrator.estimates.pace import Pace
from orchestrator.jobs.contract import Outlook
from orchestrator.jobs.feed import Feed
from orchestrator.jobs.intake import save_all
from orchestrator.jobs.takeup import TakingUp
from orchestrator.jobs.waiting import Line
from orchestrator.pipeline.make_song import Terms, make_song, may_resume
from orchestrator.pipeline.tries import Unrest, is_suspect
from orchestrator.pipeline.worker import Worker
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Owner, Song, Status
from storage.local import LocalStore

T = TypeVar("T")
log = logging.getLogger(__name__)

_STORE_THREADS = 16


@dataclass(frozen=True)
class Bounds:
    """How much there may be of everything."""

    waiting: int
    at_once: int
    lanes: int
    """How many of those at once make music at the same time."""
    job_timeout_s: float


@dataclass
class _Run:
    """A song at work."""

    duration_s: float
    terms: Terms
    began_s: float = field(default_factory=time.monotonic)
    task: asyncio.Task[None] | None = None
    began: bool = False
    stopping: bool = False
    alone: bool = False


class Jobs:
    """Runs songs in the order they were asked for. Everything but the store's own calls happens in the event
    loop's thread."""

    def __init__(
        self,
        library: Library,
        worker: Worker,
        feed: Feed,
        pace: Pace,
        owner: Owner,
        bounds: Bounds,
        ended: Callable[[Song], None],
        unrest: Unrest | None = None,
    ) -> None:
        """``ended`` is told of each song that has ended, once its manifest is stored. ``unrest`` is given
        where engines have processes of their own, and knows of their deaths."""
        self._library = library
        self._in_bucket = not isinstance(library.store, LocalStore)
        self._worker = worker
        self._feed = feed
        self._pace = pace
        self._owner = owner
        self._bounds = bounds
        self._ended = ended
        self._unrest = unrest
        self._taking_up = TakingUp(
            library, self.stored, owner, unrest, lambda song_id: song_id in self._ends, self._enqueue, ended
        )
        self._waiting = Line()
        self._accepting = 0
        self._cancelling: dict[str, asyncio.Task[Song]] = {}  # of those waiting: they keep their places
        self._running: dict[str, _Run] = {}
        self._ends: dict[str, asyncio.Future[Song]] = {}
        self._halting = False
        self._rested: asyncio.TimerHandle | None = None
        # Its own threads: the default pool's few may all wait for engines.
        self._threads = ThreadPoolExecutor(_STORE_THREADS, thread_name_prefix="store")

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def running(self) -> int:
        return len(self._running)

    async def start(self) -> None:
        """Takes up what an earlier process left: unfinished songs are queued, oldest first, and those that
        ended untold are told of. Where the store lets that wait, it goes on in the background, and until then
        no song is taken, cancelled or deleted. In a bucket it looks again now and then, for a service that
        has lost the lease may have accepted songs before it found that."""
        await self._taking_up.start()

    async def submit(self, songs: list[Song], photo: bytes = b"") -> list[Song]:
        """Stores and queues ``songs``, each with the ``photo`` that it is made from, all or none. Raises
        ``QueueFull`` past the bound, before anything is stored."""
        self.check_room(len(songs))
        self._accepting += len(songs)
        try:
            songs = await self.stored(save_all, self._library, songs, photo)
        finally:
            self._accepting -= len(songs)
        for song in songs:
            self._enqueue(song)
        return songs

    def check_room(self, count: int) -> None:
        """Raises ``QueueFull`` if ``count`` more songs may not wait, ``Unavailable`` when stopping."""
        if self._halting:
            raise stopping()
        self._taking_up.check()
        depth = len(self._waiting) + self._accepting
        if depth + count > self._bounds.waiting:
            raise QueueFull(depth, self._next_place_s())

    async def wait(self, song_id: str) -> Song:
        """The song's final manifest, once it has ended; ``Unavailable`` if this process stops before."""
        future = self._ends.get(song_id)
        if future is not None:
            return await asyncio.shield(future)
        song = await self.load(song_id)
        while not song.status.finished:  # another process makes it
            await asyncio.sleep(1.0)
            song = await self.load(song_id)
        return song

    async def cancel(self, song_id: str) -> Song:
        """The song, cancelled; one that is cancelled already stays so. Raises ``Conflict`` for one that has
        ended otherwise, or is made elsewhere, ``Unreadable`` for a damaged one, which then waits no more, and
        ``StoreUnavailable`` where that cannot be stored: a song that waits then goes on waiting."""
        self._taking_up.check()
        if song_id in self._waiting:
            task = self._cancelling.get(song_id)
            if task is None:
                # Its own task: whoever asks meanwhile gets the same answer, and who goes away stops nothing.
                task = asyncio.get_running_loop().create_task(self._withdraw(song_id))
                self._cancelling[song_id] = task
            return await asyncio.shield(task)
        if run := self._running.get(song_id):
            end = self._ends[song_id]
            self._stop(run)
            song = await asyncio.shield(end)
        else:
            song = await self.load(song_id)
        if song.status is Status.CANCELLED:
            return song
        if song.status.finished:
            raise Conflict(f"song {song_id} is {song.status} already", "delete it if you do not want it")
        raise _elsewhere(song_id)

    async def delete(self, song_id: str) -> None:
        """Ends the song's work if there is any and deletes it with all its files."""
        self._taking_up.check()
        here = song_id in self._waiting or song_id in self._running
        try:
            # A manifest that was read before the song ended here would say that it is being made.
            song = await (self.cancel(song_id) if here else self.load(song_id))
            if not song.status.finished and not may_resume(song):
                raise _elsewhere(song_id)
        except Conflict:
            if not here:
                raise
            log.info("song ended before it was cancelled", extra={"song_id": song_id})
        except Unreadable as error:
            log.info("deleting a damaged song: %s", error.what, extra={"song_id": song_id})
        await self.stored(self._library.delete, song_id)
        self._feed.forget(song_id)

    def outlook(self, song_id: str) -> Outlook:
        """What can be told of a song that waits or runs; nothing of others."""
        if run := self._running.get(song_id):
            return Outlook(None, self._left(song_id, run))
        waits = self._waiting.ahead(song_id)
        if waits is None:
            return Outlook(None, None)
        ahead, ahead_s, duration_s = waits
        running = [self._left(running_id, run) for running_id, run in self._running.items()]
        left = self._pace.queue(running, ahead_s, duration_s, self._bounds.lanes)
        return Outlook(ahead + 1, left)

    async def load(self, song_id: str) -> Song:
        return await self.stored(self._library.load, song_id)

    async def stored(self, work: Callable[..., T], *arguments: object) -> T:
        """``work(*arguments)`` in one of the threads that talk to the store."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    async def drain(self, grace_s: float) -> None:
        """Takes no more songs, lets those at work end for ``grace_s`` seconds, and leaves the rest as they
        are, for the next start. Who waits for a song is told so. A second call has nothing left to do."""
        if self._halting:
            return
        self._halting = True
        self._taking_up.stop()
        if self._rested:
            self._rested.cancel()
        tasks = [run.task for run in self._running.values() if run.task]
        try:
            if tasks and grace_s:
                await asyncio.wait(tasks, timeout=grace_s)
            for run in self._running.values():
                run.terms.halting = True
                self._stop(run)
            if ending := [*tasks, *self._cancelling.values()]:
                await asyncio.wait(ending)
        finally:  # also where who drains has no more time for a store that hangs
            for future in self._ends.values():
                _fail(future, stopping())
            self._feed.close()

    def close(self) -> None:
        """After ``drain``: lets the threads end with what they still write."""
        self._threads.shutdown(wait=True)

    def _enqueue(self, song: Song) -> None:
        self._ends[song.id] = asyncio.get_running_loop().create_future()
        self._waiting.join(song.id, song.brief.duration_s, alone=is_suspect(song))
        self._feed.update(song)
        self._pump()

    async def _withdraw(self, song_id: str) -> Song:
        """Cancels a waiting song. It leaves the queue only once that is stored, so that at every moment it is
        somewhere to be found."""
        try:
            song = await self.load(song_id)
            song = await self.stored(self._library.save, song.changed(status=Status.CANCELLED, owner=None))
            self._waiting.leave(song_id)
        except Unreadable as error:
            self._waiting.leave(song_id)  # its turn would find the same
            self._give_up(song_id, error)
            raise
        finally:
            del self._cancelling[song_id]
            self._pump()  # which passed over it meanwhile
        self._end(song)
        return song

    def _pump(self) -> None:
        while len(self._running) < self._bounds.at_once and not self._halting:
            song_id = self._next()
            if song_id is None:
                return
            place = self._waiting.leave(song_id)
            terms = Terms(self._owner, self._bounds.job_timeout_s, counted=True, unrest=self._unrest)
            run = _Run(place.duration_s, terms, alone=place.alone)
            self._running[song_id] = run
            run.task = asyncio.get_running_loop().create_task(self._run(song_id, run), name=f"song {song_id}")

    def _next(self) -> str | None:
        """The song to be begun next; None where there is none, or it must wait for those at work to end."""
        if any(run.alone for run in self._running.values()):
            return None
        rest_s = self._unrest.rest_s if self._unrest else 0.0
        for song_id, place in self._waiting:
            if song_id in self._cancelling:
                continue
            if not place.alone:
                return song_id
            if not rest_s:
                return None if self._running else song_id
            if self._rested is None:  # the others pass it meanwhile
                self._rested = asyncio.get_running_loop().call_later(rest_s, self._after_rest)
        return None

    def _after_rest(self) -> None:
        self._rested = None
        self._pump()

    async def _run(self, song_id: str, run: _Run) -> None:
        last: Song | None = None

        def saved(song: Song) -> None:
            nonlocal last
            last = song
            if not song.status.finished:
                self._feed.update(song)

        def report(stage: str, fraction: float) -> None:
            part, _, doing = stage.partition(": ")
            self._feed.progress(song_id, part, doing, fraction)

        run.began = True
        run.terms.saved = saved
        failure: SongwrightError | None = None
        try:
            try:
                song, etag = await self.stored(self._library.version, song_id)
                last = song
                if self._in_bucket:  # where another may have taken the lease while this process was held up
                    run.terms.etag = etag
                if run.stopping:
                    raise asyncio.CancelledError  # asked for before this task had its first turn
                if not song.status.finished:  # its cancelling may have been stored and yet have failed
                    await make_song(song, self._worker, self._library, report, run.terms)
            except asyncio.CancelledError:
                last = last or await self.load(song_id)
                if not last.status.finished and not run.terms.halting:
                    cancelled = last.changed(status=Status.CANCELLED, owner=None)
                    last = await self.stored(self._library.save, cancelled)
        except SongwrightError as error:
            failure = error
        except Exception as error:
            # The queue must outlive any bug in one song's journey.
            log.exception("song ended by a bug", extra={"song_id": song_id})
            failure = EngineFailed("songwright", f"{type(error).__name__}: {error}")
        finally:
            del self._running[song_id]
            self._pump()
        if last is not None and last.status.finished:
            self._learn(last)
            self._end(last)
        elif failure is not None:
            self._give_up(song_id, failure)

    def _give_up(self, song_id: str, failure: SongwrightError) -> None:
        """Lets go of a song whose last word the store refused: there it stays as it is, until a start."""
        log.error("song stopped: %s", failure, extra={"song_id": song_id})
        self._feed.forget(song_id)
        _fail(self._ends.pop(song_id), failure)

    def _end(self, song: Song) -> None:
        log.info(
            "song %s",
            song.status.value,
            extra={"song_id": song.id, "error": song.error.message if song.error else None},
        )
        self._feed.update(song)
        future = self._ends.pop(song.id)
        if not future.done():
            future.set_result(song)
        self._ended(song)

    def _stop(self, run: _Run) -> None:
        """Cancels a run, once: a second time would break into the writing of its last manifest."""
        if run.task and not run.stopping:
            run.stopping = True
            if run.began:  # a task that has not is cancelled without a word: it looks at ``stopping`` itself
                run.task.cancel()

    def _learn(self, song: Song) -> None:
        times = song.timings_s
        if song.status is Status.DONE and {"lyrics", "music"} <= times.keys():
            work_s = times["lyrics"] + max(times["music"], times.get("cover", 0.0)) + times.get("tags", 0.0)
            self._pace.learn(work_s, song.brief.duration_s)

    def _left(self, song_id: str, run: _Run) -> float | None:
        music = self._feed.told(song_id).get("music")
        worked_s = time.monotonic() - run.began_s
        return self._pace.rest(run.duration_s, worked_s, music.fraction if music else 0.0)

    def _next_place_s(self) -> float:
        """Seconds until a place in the queue is likely to be free."""
        left = [self._left(song_id, run) for song_id, run in self._running.items()]
        known = [seconds for seconds in left if seconds is not None]
        return min(max(min(known, default=10.0), 1.0), 600.0)


def _fail(end: asyncio.Future[Song], error: SongwrightError) -> None:
    if not end.done():
        end.set_exception(error)
        end.exception()  # seen: nobody may be waiting


def _elsewhere(song_id: str) -> Conflict:
    return Conflict(f"another process makes song {song_id}", "stop that process: Ctrl-C where it runs")


def stopping() -> Unavailable:
    return Unavailable("the service is stopping", "songs are kept and go on when it starts again: ask then")
