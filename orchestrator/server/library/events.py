"""The one stream of what happens in the library, for all listeners together.

What this process makes is told by its ``Feed``. What others do in the same store is looked for in one place,
and only while somebody listens: in the table of the index, which numbers its changes. A folder's table is
written by every process that stores songs; a bucket's is brought up to date by its few new objects, not by a
listing of songs.

Of each song only the newest state is kept. A listener that was away, or that reads slowly, gets that; one
that was away too long is to read the list anew.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

from orchestrator.jobs.contract import ServiceJobs
from orchestrator.jobs.feed import Feed
from orchestrator.jobs.library.notifier import Notifier
from orchestrator.songs.index.bucket import BucketIndex
from orchestrator.songs.index.database import Bookmark
from orchestrator.songs.index.entry import DELETED
from orchestrator.songs.library import Library
from orchestrator.songs.library_threads import LibraryThreads
from orchestrator.songs.manifest import Song
from orchestrator.songs.reading import Damaged

log = logging.getLogger(__name__)

_SPACING_S = 0.3  # between two rounds of events
_FOLDER_LOOK_S, _BUCKET_LOOK_S = 2.0, 15.0
_MOVING_LOOK_S = 4.0  # into a bucket while songs of ours are made elsewhere, as on Modal
_LINGER_S = 30.0  # after the last listener, who may be coming back
_MOST_KEPT = 400  # songs whose newest state is kept
_MOST_CHANGES = 200  # of others, between two looks; after more, the list is to be read anew
_MOST_PLACES = 50  # of the queue, whose songs are told that they move
_ALL = "library"

Changes = list[tuple[str, str | None]]


@dataclass(frozen=True)
class Change:
    """Something that happened. ``id`` is what a listener comes back with."""

    id: str
    number: int
    kind: Literal["song", "deleted", "reset"]
    song_id: str = ""
    song: Song | Damaged | None = None


class LibraryEvents:
    """Used in the event loop; only reads of the store run in threads."""

    def __init__(self, library: Library, threads: LibraryThreads, feed: Feed, jobs: ServiceJobs) -> None:
        self._library = library
        self._threads = threads
        self._jobs = jobs
        self._process = secrets.token_hex(4)
        self._number = 0
        self._floor = 0
        """A listener that has seen less than this number has missed what is not kept any more."""
        self._kept: OrderedDict[str, Change] = OrderedDict()  # by song, in the order of their numbers
        self._new: dict[str, Song | Damaged | None] = {}
        self._places: dict[str, int] = {}
        self._bookmark: Bookmark | None = None
        self._listeners = 0
        self._watching: asyncio.Task[None] | None = None
        self._something = asyncio.Event()
        self._notifier = Notifier()
        self._closed = False
        feed.on_change = self._changed

    async def follow(self, last_id: str) -> AsyncIterator[Change | None]:
        """What happens after the change with this id; None about once a second while nothing does. Begins
        with a "reset" where that id is not known any more, or is none."""
        with self._listening():
            seen = self._number_in(last_id)
            while not self._closed:
                if seen < self._floor:
                    seen = self._number
                    yield Change(self._id(seen), seen, "reset")
                    continue
                changes = self._after(seen)
                for change in changes:
                    seen = change.number
                    yield change
                if not changes and not await self._notifier.wait(_ALL):
                    yield None

    def gone(self, song_id: str) -> None:
        """A song was deleted."""
        if self._watching and self._kept.get(song_id, _NOTHING).kind != "deleted":
            self._new.pop(song_id, None)
            self._add("deleted", song_id)
            self._notifier.notify(_ALL)

    def close(self) -> None:
        """Ends every stream."""
        self._closed = True
        if self._watching:
            self._watching.cancel()
        self._notifier.close()

    @contextmanager
    def _listening(self) -> Iterator[None]:
        self._listeners += 1
        if self._watching is None or self._watching.done():
            self._forget_all()
            self._bookmark = None
            self._watching = asyncio.get_running_loop().create_task(self._watch())
        try:
            yield
        finally:
            self._listeners -= 1

    def _changed(self, song_id: str, song: Song | None) -> None:
        """Something of a song of this process has changed; many such calls become one event."""
        if self._watching:
            self._new[song_id] = song or self._new.get(song_id)
            self._something.set()

    async def _watch(self) -> None:
        """Tells what happens, until nobody has listened for a while."""
        loop = asyncio.get_running_loop()
        next_look_s, heard_s = loop.time(), loop.time()
        try:
            while self._listeners or loop.time() - heard_s < _LINGER_S:
                look_s = self._look_s()
                next_look_s = min(next_look_s, loop.time() + look_s)
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(next_look_s):
                        await self._something.wait()
                try:
                    if loop.time() >= next_look_s:
                        await self._look()
                        next_look_s = loop.time() + look_s
                    await self._tell()
                except Exception as error:  # noqa: BLE001 - whoever listens goes on listening
                    log.warning("the library's events are late: %s", error)
                    next_look_s = loop.time() + look_s
                heard_s = loop.time() if self._listeners else heard_s
                await asyncio.sleep(_SPACING_S)
        finally:
            self._watching = None

    def _look_s(self) -> float:
        if not isinstance(self._library.index, BucketIndex):
            return _FOLDER_LOOK_S
        made_elsewhere = self._jobs.waiting and not self._jobs.running
        return _MOVING_LOOK_S if made_elsewhere else _BUCKET_LOOK_S

    async def _tell(self) -> None:
        """Adds a change for each song with news, and for each that moves in the queue."""
        self._something.clear()
        places = {song_id: place for place, song_id in enumerate(self._jobs.first_waiting(_MOST_PLACES))}
        for song_id, place in places.items():
            if self._places.get(song_id) != place:
                self._new.setdefault(song_id, None)
        self._places = places
        new, self._new = self._new, {}
        before = self._number
        known = {song_id: song or self._kept.get(song_id, _NOTHING).song for song_id, song in new.items()}
        unread = [song_id for song_id, song in known.items() if song is None]
        if unread:
            try:
                read = await self._threads.run(self._library.load_all, unread)
            except BaseException:
                self._new = new | self._new  # the next round tells it
                raise
            known |= dict(zip(unread, read, strict=True))
        for song_id, song in known.items():
            gone = _is_gone_since(before, self._kept.get(song_id, _NOTHING))
            if song is not None and not gone:
                self._add("song", song_id, song)
        if new:
            self._notifier.notify(_ALL)

    async def _look(self) -> None:
        """Finds what other processes have changed."""
        self._bookmark, changes = await self._threads.run(self._changes, self._bookmark)
        if changes is None:
            self._forget_all()
            self._notifier.notify(_ALL)
            return
        before = self._number
        songs = await self._threads.run(self._library.load_all, [song_id for song_id, _ in changes])
        for (song_id, state), song in zip(changes, songs, strict=True):
            kept = self._kept.get(song_id, _NOTHING)
            if song is None:
                if state == DELETED:
                    self.gone(song_id)
            elif not (_is_gone_since(before, kept) or _is_as_new(kept.song, song)):
                self._new.setdefault(song_id, song)

    def _changes(self, bookmark: Bookmark | None) -> tuple[Bookmark, Changes | None]:
        index = self._library.index
        if not isinstance(index, BucketIndex) and not index.has_songs():
            return Bookmark("", 0), []  # nor is there a table
        before = bookmark or index.table.changes(None, 0)[0]
        if isinstance(index, BucketIndex):
            index.sync()
        else:
            index.lists_ids()
        return index.table.changes(before, _MOST_CHANGES)

    def _add(
        self, kind: Literal["song", "deleted"], song_id: str, song: Song | Damaged | None = None
    ) -> None:
        self._number += 1
        self._kept[song_id] = Change(self._id(self._number), self._number, kind, song_id, song)
        self._kept.move_to_end(song_id)
        if len(self._kept) > _MOST_KEPT:
            _, oldest = self._kept.popitem(last=False)
            self._floor = oldest.number

    def _forget_all(self) -> None:
        """From now on, listeners are to read the list anew."""
        self._number += 1
        self._floor = self._number
        self._kept.clear()
        self._new.clear()

    def _after(self, seen: int) -> list[Change]:
        changes = []
        for change in reversed(self._kept.values()):
            if change.number <= seen:
                break
            changes.append(change)
        return changes[::-1]

    def _id(self, number: int) -> str:
        return f"{self._process}-{number}"

    def _number_in(self, last_id: str) -> int:
        process, _, number = last_id.partition("-")
        known = process == self._process and number.isascii() and number.isdigit() and len(number) < 16
        return int(number) if known and int(number) <= self._number else -1


_NOTHING = Change("", 0, "reset")


def _is_gone_since(number: int, newest: Change) -> bool:
    """Whether the song was deleted after this number, while it was read."""
    return newest.kind == "deleted" and newest.number > number


def _is_as_new(kept: Song | Damaged | None, song: Song | Damaged) -> bool:
    return isinstance(kept, Song) and isinstance(song, Song) and kept.updated_at >= song.updated_at
