"""The queue over a real library and real engines, with a store that refuses or waits where a test says so."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from config.errors import NotFound, QueueFull, StoreUnavailable
from config.settings import Settings
from orchestrator.estimates.pace import Pace
from orchestrator.jobs.feed import Feed
from orchestrator.jobs.queue import Bounds, Jobs
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library, manifest_key
from orchestrator.songs.library_threads import LibraryThreads
from orchestrator.songs.manifest import Song, Status, new_songs
from orchestrator.songs.ownership import this_process
from orchestrator.workers.in_process import InProcessWorker
from storage.local import LocalStore
from tests.orchestrator.test_cli import HERE

T = TypeVar("T")
SOON_S = 8.0


class Moody(LocalStore):
    """A store on a bad day: refuses the calls in ``refused`` ("put songs/x/song.json"), and holds the writing
    of the key ``held``, or the answer to it, ``held_once_written``, until ``let_go``."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.refused: set[str] = set()
        self.held = ""
        self.held_once_written = ""
        self.holding = threading.Event()
        self.let_go = threading.Event()

    def put(self, key: str, data: bytes, content_type: str) -> None:
        if key == self.held:
            self.holding.set()
            assert self.let_go.wait(SOON_S)
        self._ask(f"put {key}")
        super().put(key, data, content_type)

    def put_if(self, key: str, data: bytes, content_type: str, *, etag: str | None) -> str:
        self._ask(f"put {key}")
        etag = super().put_if(key, data, content_type, etag=etag)
        if key == self.held_once_written:
            self.holding.set()
            assert self.let_go.wait(SOON_S)
        return etag

    def delete(self, key: str) -> None:
        self._ask(f"delete {key}")
        super().delete(key)

    def _ask(self, call: str) -> None:
        if call in self.refused:
            raise StoreUnavailable(f"cannot {call}", "mend the store")


@pytest.fixture
def store(tmp_path: Path) -> Moody:
    return Moody(tmp_path)


@asynccontextmanager
async def working(store: Moody, *, at_once: int = 0, pace: Pace | None = None) -> AsyncIterator[Jobs]:
    """A queue over ``store``; with none at once, what waits goes on waiting."""
    engines = {"lyrics": "PlainWriter", "music": "SlowComposer", "art": "BlankPainter"}
    settings = {craft: {"engine": f"{HERE}:{engine}"} for craft, engine in engines.items()}
    worker = InProcessWorker(Settings.model_validate(settings), store)
    library = Library(store)
    bounds = Bounds(waiting=3, at_once=at_once, lanes=1, job_timeout_s=60.0)
    threads = LibraryThreads(library)
    owner = this_process(service=True)
    feed, pace = Feed(threads.load), pace or Pace()
    jobs = Jobs(library, threads, worker, feed, pace, owner, bounds, lambda _song: None)
    try:
        yield jobs
    finally:
        store.let_go.set()
        await jobs.drain(0.0)
        threads.close()
        worker.close()


def songs(count: int = 1) -> list[Song]:
    brief = Brief(description="A Song", duration_s=5.0, variations=count)
    return new_songs(brief, owner=this_process(service=True))


def soon(work: Awaitable[T]) -> Awaitable[T]:
    return asyncio.wait_for(work, SOON_S)


async def held(store: Moody, song: Song) -> None:
    """Until the store holds the writing of the song's manifest."""
    assert await asyncio.to_thread(store.holding.wait, SOON_S)


def test_who_cancels_a_waiting_song_while_another_does_is_told_that_it_is_cancelled(store: Moody) -> None:
    async def journey() -> None:
        async with working(store) as jobs:
            [song] = await jobs.submit(songs())
            store.held = manifest_key(song.id)
            first = asyncio.create_task(jobs.cancel(song.id))
            await held(store, song)
            second = asyncio.create_task(jobs.cancel(song.id))
            await asyncio.sleep(0)
            store.let_go.set()
            for cancelled in await soon(asyncio.gather(first, second, jobs.wait(song.id))):
                assert cancelled.status is Status.CANCELLED
            assert jobs.waiting == 0

    asyncio.run(journey())


@pytest.mark.parametrize("ending", ["cancel", "delete"])
def test_a_song_that_is_listed_but_not_yet_queued_can_be_ended(store: Moody, ending: str) -> None:
    async def journey() -> None:
        async with working(store) as jobs:
            [song] = songs()
            store.held_once_written = manifest_key(song.id)
            submitting = asyncio.create_task(jobs.submit([song]))
            await held(store, song)
            assert jobs.is_made(song.id)
            ended = asyncio.create_task(getattr(jobs, ending)(song.id))
            waiting = asyncio.create_task(jobs.wait(song.id))
            await asyncio.sleep(0)
            store.let_go.set()
            [accepted], *_ = await soon(asyncio.gather(submitting, ended, waiting))
            assert accepted.status is Status.QUEUED
            assert waiting.result().status is Status.CANCELLED
            assert jobs.waiting == 0

    asyncio.run(journey())


def test_a_song_may_be_deleted_while_it_is_being_cancelled(store: Moody) -> None:
    async def journey() -> None:
        async with working(store) as jobs:
            [song] = await jobs.submit(songs())
            store.held = manifest_key(song.id)
            cancelling = asyncio.create_task(jobs.cancel(song.id))
            await held(store, song)
            deleting = asyncio.create_task(jobs.delete(song.id))
            await asyncio.sleep(0)
            store.let_go.set()
            cancelled, _ = await soon(asyncio.gather(cancelling, deleting))
            assert cancelled.status is Status.CANCELLED
            with pytest.raises(NotFound):
                await jobs.threads.load(song.id)

    asyncio.run(journey())


def test_who_gives_up_cancelling_does_not_stop_it(store: Moody) -> None:
    async def journey() -> None:
        async with working(store) as jobs:
            [song] = await jobs.submit(songs())
            store.held = manifest_key(song.id)
            impatient = asyncio.create_task(jobs.cancel(song.id))
            await held(store, song)
            impatient.cancel()
            with pytest.raises(asyncio.CancelledError):
                await impatient
            store.let_go.set()
            assert (await soon(jobs.wait(song.id))).status is Status.CANCELLED

    asyncio.run(journey())


def test_a_song_that_the_store_does_not_let_be_cancelled_keeps_its_place(store: Moody) -> None:
    async def journey() -> None:
        async with working(store) as jobs:
            first, second = await jobs.submit(songs(2))
            waiter = asyncio.create_task(jobs.wait(first.id))
            store.refused = {f"put {manifest_key(first.id)}"}
            with pytest.raises(StoreUnavailable, match="mend the store"):
                await jobs.cancel(first.id)
            assert jobs.estimate(first.id).queue_position == 1
            assert jobs.estimate(second.id).queue_position == 2
            assert (await jobs.threads.load(first.id)).status is Status.QUEUED
            store.refused.clear()
            assert (await jobs.cancel(first.id)).status is Status.CANCELLED
            assert (await soon(waiter)).status is Status.CANCELLED
            assert jobs.estimate(second.id).queue_position == 1

    asyncio.run(journey())


def test_a_song_is_not_begun_while_it_is_being_cancelled_but_is_where_that_fails(store: Moody) -> None:
    async def journey() -> None:
        async with working(store, at_once=1) as jobs:
            first, second = await jobs.submit(songs(2))
            store.held = manifest_key(second.id)
            cancelling = asyncio.create_task(jobs.cancel(second.id))
            await held(store, second)
            await soon(jobs.cancel(first.id))
            assert (jobs.waiting, jobs.running) == (1, 0)
            store.refused = {f"put {manifest_key(second.id)}"}
            store.let_go.set()
            with pytest.raises(StoreUnavailable):
                await soon(cancelling)
            assert (jobs.waiting, jobs.running) == (0, 1)
            store.refused.clear()
            assert (await soon(jobs.cancel(second.id))).status is Status.CANCELLED

    asyncio.run(journey())


def test_a_song_whose_cancelling_was_stored_after_all_is_not_made(store: Moody) -> None:
    async def journey() -> None:
        async with working(store, at_once=1) as jobs:
            first, second = await jobs.submit(songs(2))
            store.refused = {f"delete open/{second.id}"}  # what comes after the manifest
            with pytest.raises(StoreUnavailable):
                await jobs.cancel(second.id)
            waiter = asyncio.create_task(jobs.wait(second.id))
            await soon(jobs.cancel(first.id))
            assert (await soon(waiter)).status is Status.CANCELLED

    asyncio.run(journey())


def test_a_song_cancelled_while_its_manifest_is_written_stays_cancelled(store: Moody) -> None:
    async def journey() -> None:
        async with working(store, at_once=1) as jobs:
            [song] = await jobs.submit(songs())
            store.held = manifest_key(song.id)  # that its work begins
            await held(store, song)
            store.held = ""
            cancelling = asyncio.create_task(jobs.cancel(song.id))
            done, _ = await asyncio.wait([cancelling], timeout=0.3)
            assert not done, "the older manifest would be written over the last"
            store.let_go.set()
            assert (await soon(cancelling)).status is Status.CANCELLED
            assert (await jobs.threads.load(song.id)).status is Status.CANCELLED

    asyncio.run(journey())


def test_who_cancels_a_song_at_its_very_beginning_is_told_where_the_store_refuses(store: Moody) -> None:
    async def journey() -> None:
        async with working(store, at_once=1) as jobs:
            [song] = await jobs.submit(songs())
            store.refused = {f"put {manifest_key(song.id)}"}
            with pytest.raises(StoreUnavailable):
                await soon(jobs.cancel(song.id))
            assert jobs.running == 0

    asyncio.run(journey())


def test_stopping_waits_for_a_cancelling_that_is_under_way(store: Moody) -> None:
    async def journey() -> Song:
        async with working(store) as jobs:
            [song] = await jobs.submit(songs())
            store.held = manifest_key(song.id)
            cancelling = asyncio.create_task(jobs.cancel(song.id))
            await held(store, song)
            asyncio.get_running_loop().call_later(0.05, store.let_go.set)
            await soon(jobs.drain(0.0))
            assert (await jobs.threads.load(song.id)).status is Status.CANCELLED
            return await cancelling

    assert asyncio.run(journey()).status is Status.CANCELLED


def test_variations_of_which_one_cannot_be_stored_are_all_taken_back(store: Moody) -> None:
    async def journey() -> None:
        async with working(store) as jobs:
            one, two, three = asked = songs(3)
            for refused in (f"put {manifest_key(two.id)}", f"put open/{three.id}"):
                store.refused = {refused}
                with pytest.raises(StoreUnavailable, match="mend the store"):
                    await jobs.submit(asked)
                assert list(store.list("")) == []
                assert jobs.waiting == 0
            store.refused.clear()
            await jobs.submit(asked)  # their places were given back as well
            assert [jobs.estimate(song.id).queue_position for song in (one, two, three)] == [1, 2, 3]
            with pytest.raises(QueueFull):
                await jobs.submit(songs())

    asyncio.run(journey())


def test_a_variation_that_cannot_be_taken_back_is_named_in_the_log(
    store: Moody, caplog: pytest.LogCaptureFixture
) -> None:
    async def journey() -> tuple[Song, ...]:
        async with working(store) as jobs:
            one, two, three = asked = songs(3)
            store.refused = {f"put {manifest_key(three.id)}", f"delete {manifest_key(one.id)}"}
            with pytest.raises(StoreUnavailable, match="cannot put"):
                await jobs.submit(asked)
            with pytest.raises(NotFound):
                await jobs.threads.load(two.id)  # one that stays does not keep the next
            return one, two

    with caplog.at_level(logging.ERROR):
        one, _ = asyncio.run(journey())
    assert [vars(record)["song_id"] for record in caplog.records] == [one.id]
    assert "cannot delete" in caplog.text
