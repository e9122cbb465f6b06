"""The stream of the whole library without a server: over a bucket, for slow listeners, beside edits."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.estimates.pace import Pace
from orchestrator.jobs.feed import Feed
from orchestrator.server.api.responses import library_stream
from orchestrator.server.api.responses.stream import Shared
from orchestrator.server.library import events as events_module
from orchestrator.server.library.events import Change, LibraryEvents
from orchestrator.songs.brief import Brief
from orchestrator.songs.index.catalogue import Catalogue
from orchestrator.songs.library import Library
from orchestrator.songs.library_threads import LibraryThreads
from orchestrator.songs.manifest import Song, Status, new_songs
from orchestrator.songs.reading import Damaged
from storage.local import LocalStore
from tests.orchestrator.songs import made_song
from tests.orchestrator.test_index import OtherStore
from tests.orchestrator.test_queue import Moody, store, working

__all__ = ["store"]
SOON_S = 60.0


class Listed(OtherStore):
    """Remembers which prefixes are listed."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.listed: list[str] = []

    def list(self, prefix: str, **options: Any) -> Iterator[str]:
        self.listed.append(prefix)
        found: Iterator[str] = self._store.list(prefix, **options)
        return found


async def following(stream: AsyncIterator[Change | None], kind: str, song_id: str = "") -> Change:
    async with asyncio.timeout(SOON_S):
        async for change in stream:
            if change and change.kind == kind and song_id in ("", change.song_id):
                return change
    raise AssertionError(kind)


def test_songs_of_another_machine_are_seen_without_listing_the_bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Moody
) -> None:
    monkeypatch.setattr(events_module, "_MOVING_LOOK_S", 0.2)
    bucket: Any = Listed(tmp_path / "bucket")
    library, other = (Library(bucket, tmp_path / f"{n}" / "songs.sqlite") for n in range(2))
    Catalogue(other).complete()

    async def work() -> None:
        threads = LibraryThreads(library)
        async with working(store, at_once=0) as jobs:
            events = LibraryEvents(library, threads, Feed(threads.load), jobs)
            monkeypatch.setattr(library_stream, "LONGEST_S", 0.0)
            service: Any = SimpleNamespace(events=events)
            blocks = [block async for block in library_stream.library_blocks(service, Shared(), "", "")]
            assert len(blocks) == 2, "its listener has to come back"
            stream = events.follow("")
            await following(stream, "reset")
            # While songs of ours are made elsewhere, as on Modal, the bucket is looked at often.
            await jobs.submit(new_songs(Brief(description="rain")))
            bucket.listed.clear()
            song = await asyncio.to_thread(other.save, made_song(1, {}, {}))
            change = await following(stream, "song", song.id)
            assert isinstance(change.song, Song)
            assert change.song.status is Status.DONE
            await asyncio.to_thread(other.delete, song.id)
            last = await following(stream, "deleted", song.id)
            assert "songs/" not in bucket.listed
            # Who comes back with the last id has missed nothing; who lags behind what is kept is told so.
            monkeypatch.setattr(events_module, "_MOST_KEPT", 2)
            again = events.follow(last.id)
            for number in range(3):
                theirs = await asyncio.to_thread(other.save, made_song(number + 2, {}, {}))
                await following(again, "song", theirs.id)
            await following(events.follow(change.id), "reset")
            events.close()
            assert [change async for change in stream if change and change.kind == "deleted"] == []
        threads.close()

    asyncio.run(work())


def test_a_song_that_is_deleted_while_it_is_read_is_not_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Moody
) -> None:
    monkeypatch.setattr(events_module, "_FOLDER_LOOK_S", 0.1)
    library, other = Library(store), Library(LocalStore(tmp_path))

    async def work() -> None:
        threads, loop = LibraryThreads(library), asyncio.get_running_loop()
        async with working(store, at_once=0) as jobs:
            events = LibraryEvents(library, threads, Feed(threads.load), jobs)
            read, deleted = library.load_all, threading.Event()

            def slow_read(ids: list[str]) -> list[Song | Damaged | None]:
                if deleted.is_set():  # the index may have another fact of it, and the song is gone
                    return [None for _ in ids]
                found = read(ids)
                if ids:
                    loop.call_soon_threadsafe(lambda: (events.gone(ids[0]), deleted.set()))
                    deleted.wait(SOON_S)
                return found

            stream = events.follow("")
            await following(stream, "reset")
            monkeypatch.setattr(library, "load_all", slow_read)
            song = await asyncio.to_thread(other.save, made_song(1, {}, {}))
            await following(stream, "deleted", song.id)
            changes = [await anext(stream) for _ in range(2)]  # nothing comes for two seconds
            assert changes == [None, None]
            events.close()
        threads.close()

    asyncio.run(work())


def test_a_song_that_waits_is_changed_before_it_begins_and_beside_its_cancellation(store: Moody) -> None:
    async def work() -> None:
        async with working(store, at_once=0) as jobs:
            first, second = await jobs.submit(
                [new_songs(Brief(description=f"rain {n}"))[0] for n in range(2)]
            )
            edits = [jobs.edit(first.id, {"metadata": {"n": str(n)}}) for n in range(5)]
            changed, cancelled, *_ = await asyncio.gather(
                jobs.edit(first.id, {"favourite": True}), jobs.cancel(second.id), *edits
            )
            assert changed.favourite
            assert cancelled.status is Status.CANCELLED
            stored = Library(store).load(first.id)
            assert (stored.favourite, stored.metadata, stored.status) == (True, {"n": "4"}, Status.QUEUED)
            assert jobs.first_waiting(9) == [first.id]
            renamed, ended = await asyncio.gather(
                jobs.edit(first.id, {"renamed": "Gale"}), jobs.cancel(first.id)
            )
            after = Library(store).load(first.id)
            assert (after.title, after.status, after.favourite) == ("Gale", Status.CANCELLED, True)
            assert {renamed.title, ended.status} == {"Gale", Status.CANCELLED}

    asyncio.run(work())


def test_a_song_that_runs_is_changed_by_the_one_who_makes_it(store: Moody) -> None:
    pace = Pace()
    pace.learn(5.0, 30.0, 0.0, 5.0)

    async def work() -> None:
        async with working(store, at_once=1, pace=pace) as jobs:
            (song,) = await jobs.submit(new_songs(Brief(description="rain", duration_s=5)))
            edits = [jobs.edit(song.id, {"metadata": {"n": str(n)}}) for n in range(3)]
            await asyncio.gather(*edits, jobs.edit(song.id, {"favourite": True}))
            running = song
            async with asyncio.timeout(SOON_S):
                while not running.status.at_work:
                    await asyncio.sleep(0.05)
                    running = await jobs.edit(song.id, {"tags": ("x",)})
            left_s = jobs.estimate(song.id).seconds_left
            assert left_s is not None
            assert 10.0 < left_s <= 35.0  # by the song before: its own progress says nothing yet
            ended = await jobs.cancel(song.id)
            late = await jobs.edit(song.id, {"renamed": "Gale"})
            assert late.status is ended.status is Status.CANCELLED
            stored = Library(store).load(song.id)
            assert (stored.favourite, stored.tags, stored.title) == (True, ("x",), "Gale")
            assert stored.metadata["n"] in "012"

    asyncio.run(work())
