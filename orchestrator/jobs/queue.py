"""A bounded queue of songs as durable jobs. Some run at once, and none is lost.

The manifest is the job. This process holds only the ids that wait and run: a thousand waiting songs cost next
to nothing, and if the process dies, the store has all that the next one needs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from config.errors import Conflict, EngineFailed, SongwrightError, Unreadable
from orchestrator.estimates.pace import Pace
from orchestrator.jobs.contract import Bounds, QueueEstimate
from orchestrator.jobs.endings import Waiters
from orchestrator.jobs.feed import Feed
from orchestrator.jobs.intake import Intake, checked_cancelled, made_elsewhere, save_all, stopping
from orchestrator.jobs.library.editing import Editor
from orchestrator.jobs.recovery import Recovery
from orchestrator.jobs.running import Run, RunningSongs
from orchestrator.jobs.waiting import WaitingQueue
from orchestrator.pipeline.make_song import make_song
from orchestrator.pipeline.tries import CrashCooldown, is_suspect
from orchestrator.pipeline.worker import Worker
from orchestrator.songs.library import Library
from orchestrator.songs.library_threads import LibraryThreads
from orchestrator.songs.manifest import Owner, Song, Status
from orchestrator.songs.ownership import may_resume
from orchestrator.songs.stages import Stage
from storage.local import LocalStore

log = logging.getLogger(__name__)


class Jobs:
    """Runs songs in the order of their requests. All but the store's calls run in the event loop's thread."""

    def __init__(
        self,
        library: Library,
        threads: LibraryThreads,
        worker: Worker,
        feed: Feed,
        pace: Pace,
        owner: Owner,
        bounds: Bounds,
        ended: Callable[[Song], None],
        cooldown: CrashCooldown | None = None,
    ) -> None:
        """``ended`` is called with each song that has ended, once its manifest is stored. ``cooldown`` is
        given if engines run in their own processes, and knows when these died."""
        self._library = library
        self.threads = threads
        self._in_bucket = not isinstance(library.store, LocalStore)
        self._worker = worker
        self._feed = feed
        self._owner = owner
        self._bounds = bounds
        self._ended = ended
        self._cooldown = cooldown
        self._waiters = Waiters()
        self._recovery = Recovery(
            library, threads, owner, cooldown, self._waiters.__contains__, self._enqueue, ended
        )
        self._waiting = WaitingQueue()
        self._running = RunningSongs(pace, bounds.lanes)
        self._intake = Intake(bounds.waiting, lambda: len(self._waiting), self._running.next_place_s)
        self._editor = Editor(library, threads, feed, self._waiting, self._running, self._pump)
        self._cancelling: dict[str, asyncio.Task[Song]] = {}  # waiting songs: they keep their places
        self._cooldown_timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def running(self) -> int:
        return len(self._running)

    async def start(self) -> None:
        """Resumes the songs of an earlier process, as ``Recovery`` does. If the store is slow, this goes on
        in the background, and until it is done no song is accepted, cancelled or deleted."""
        await self._recovery.start()

    async def submit(self, songs: list[Song], photo: bytes = b"") -> list[Song]:
        """Stores and queues ``songs``, each with its ``photo`` if there is one: all or none. Raises
        ``QueueFull``, before anything is stored, if there is no room for them."""
        self.check_room(len(songs))
        with self._intake.accepting(songs):
            songs = await self.threads.run(save_all, self._library, songs, photo)
            for song in songs:
                self._enqueue(song)
        return songs

    def check_room(self, count: int) -> None:
        """Raises ``QueueFull`` if there is no room for ``count`` songs, ``Unavailable`` when stopping."""
        self._intake.check_open()
        self._recovery.check()
        self._intake.check_room(count)

    async def wait(self, song_id: str) -> Song:
        """The song's final manifest, once it has ended. Raises ``Unavailable`` when stopping."""
        await self._intake.accepted(song_id)
        if song_id in self._waiters:
            return await self._waiters.wait(song_id)
        song = await self._feed.stored(song_id)
        while not song.status.finished:  # another process makes it
            await asyncio.sleep(1.0)
            song = await self._feed.stored(song_id)
        return song

    async def cancel(self, song_id: str) -> Song:
        """Cancels the song and returns it; a song that is cancelled already stays so.

        Raises ``Conflict`` if it has ended in another way or another process makes it, ``Unreadable`` if it
        is damaged (it then leaves the queue), and ``StoreUnavailable`` if the manifest cannot be stored (it
        then stays in the queue).
        """
        self._recovery.check()
        await self._intake.accepted(song_id)
        if song_id in self._waiting:
            task = self._cancelling.get(song_id)
            if task is None:
                # A task of its own: all callers share it, and one that goes away does not cancel it.
                task = asyncio.get_running_loop().create_task(self._withdraw(song_id))
                self._cancelling[song_id] = task
            return await asyncio.shield(task)
        if run := self._running.get(song_id):
            end = self._waiters.wait(song_id)
            run.stop()
            song = await end
        else:
            song = await self.threads.load(song_id)
        if not song.status.finished:
            raise made_elsewhere(song_id)
        return checked_cancelled(song)

    async def delete(self, song_id: str) -> None:
        """Ends the song's work, if there is any, and deletes the song with all its files."""
        self._recovery.check()
        await self._intake.accepted(song_id)
        here = song_id in self._waiting or song_id in self._running
        try:
            # For a song of this process, a manifest that was read now could be out of date.
            song = await (self.cancel(song_id) if here else self.threads.load(song_id))
            if not song.status.finished and not may_resume(song):
                raise made_elsewhere(song_id)
        except Conflict:
            if not here:
                raise
            log.info("song ended before it was cancelled", extra={"song_id": song_id})
        except Unreadable as error:
            log.info("deleting a damaged song: %s", error.what, extra={"song_id": song_id})
        await self.threads.run(self._library.delete, song_id)
        self._feed.forget(song_id)

    async def edit(self, song_id: str, facts: Mapping[str, object]) -> Song:
        """As ``Editor.edit``, of any song."""
        self._recovery.check()
        await self._intake.accepted(song_id)
        return await self._editor.edit(song_id, facts)

    def first_waiting(self, most: int) -> list[str]:
        """The ids of those whose turns come next."""
        return self._waiting.ids(most)

    def is_made(self, song_id: str) -> bool:
        """Whether an unfinished song waits or runs here."""
        return song_id in self._waiters or song_id in self._intake

    def estimate(self, song_id: str) -> QueueEstimate:
        """The estimate for a song that waits or runs; an empty one for others."""
        return self._running.estimate(song_id, self._waiting)

    async def drain(self, grace_s: float) -> None:
        """Accepts no more songs, gives running songs ``grace_s`` seconds to end, and leaves the rest
        unfinished for the next start. Waiters get ``Unavailable``. A second call does nothing."""
        if self._intake.closed:
            return
        self._intake.closed = True
        self._recovery.stop()
        if self._cooldown_timer:
            self._cooldown_timer.cancel()
        tasks = self._running.tasks
        try:
            if tasks and grace_s:
                await asyncio.wait(tasks, timeout=grace_s)
            self._running.leave()
            if ending := [*tasks, *self._cancelling.values()]:
                await asyncio.wait(ending)
        finally:  # also if the caller gives up on a store that hangs
            self._waiters.fail_all(stopping())
            self._feed.close()

    def _enqueue(self, song: Song) -> None:
        self._waiters.open(song.id)
        self._waiting.join(song.id, song.brief.new_s, alone=is_suspect(song))
        self._feed.update(song)
        self._pump()

    async def _withdraw(self, song_id: str) -> Song:
        """Cancels a waiting song. It leaves the queue after its manifest is stored, so it is never lost."""
        try:
            async with self._editor.alone(song_id):
                song = (await self.threads.load(song_id)).changed(status=Status.CANCELLED, owner=None)
                song = await self.threads.run(self._library.save, song)
            self._waiting.leave(song_id)
        except Unreadable as error:
            self._waiting.leave(song_id)  # running it would fail in the same way
            self._give_up(song_id, error)
            raise
        finally:
            del self._cancelling[song_id]
            self._pump()  # which skipped it meanwhile
        self._end(song)
        return song

    def _pump(self) -> None:
        while len(self._running) < self._bounds.at_once and not self._intake.closed:
            song_id = self._next()
            if song_id is None:
                return
            song = self._waiting.leave(song_id)
            run = Run(song.duration_s, song.alone)
            work = asyncio.get_running_loop().create_task(self._run(song_id, run), name=f"song {song_id}")
            self._running.begin(song_id, run, work)

    def _next(self) -> str | None:
        """The song to start next; None if there is none, or if it must wait until the running ones end."""
        if self._running.one_is_alone:
            return None
        left_s = self._cooldown.left_s if self._cooldown else 0.0
        held = self._cancelling.keys() | self._editor.held
        song_id, cools = self._waiting.first(held, left_s, idle=not self._running)
        if cools and self._cooldown_timer is None:
            self._cooldown_timer = asyncio.get_running_loop().call_later(left_s, self._after_cooldown)
        return song_id

    def _after_cooldown(self) -> None:
        self._cooldown_timer = None
        self._pump()

    async def _run(self, song_id: str, run: Run) -> None:
        def changed(song: Song) -> None:
            run.changed(song)
            if not song.status.finished:
                self._feed.update(song)

        def report(stage: Stage, doing: str, fraction: float) -> None:
            run.heard(stage, doing, fraction)
            self._feed.progress(song_id, stage, doing, fraction)

        run.began = True
        failure: SongwrightError | None = None
        try:
            try:
                song, etag = await self.threads.run(self._library.version, song_id)
                run.changed(song)
                if run.stopping:
                    raise asyncio.CancelledError  # cancelled before this task's first step
                if not song.status.finished:  # a cancel may have been stored although its call failed
                    tag = etag if self._in_bucket else ""  # there, another service may have taken the lease
                    options = run.options(
                        self._owner, self._bounds.job_timeout_s, changed, tag, self._cooldown
                    )
                    await make_song(song, self._worker, self._library, report, options)
            except asyncio.CancelledError:
                run.last = last = run.last or await self.threads.load(song_id)
                if not last.status.finished and not run.leaving:
                    cancelled = last.changed(status=Status.CANCELLED, owner=None)
                    run.last = await self.threads.run(self._library.save, cancelled)
        except SongwrightError as error:
            failure = error
        except Exception as error:  # a bug in one song must not stop the queue
            log.exception("song ended by a bug", extra={"song_id": song_id})
            failure = EngineFailed("songwright", f"{type(error).__name__}: {error}")
        finally:
            self._running.end(song_id)
            self._pump()
        if run.last is not None and run.last.status.finished:
            self._end(run.last)
        elif failure is not None:
            self._give_up(song_id, failure)

    def _give_up(self, song_id: str, failure: SongwrightError) -> None:
        """Drops a song whose final manifest could not be stored: it stays unfinished until the next start."""
        log.error("song stopped: %s", failure, extra={"song_id": song_id})
        self._feed.forget(song_id)
        self._waiters.fail(song_id, failure)

    def _end(self, song: Song) -> None:
        error = song.error and song.error.message
        log.info("song %s", song.status.value, extra={"song_id": song.id, "error": error})
        self._feed.update(song)
        self._waiters.end(song)
        self._ended(song)
