"""The index of a library in a bucket: ``segments`` there, and a table on this machine that copies them.

Every process of every machine may read and write it. What is in the table is copied again after it was
deleted; a container that has none reads the segments, some two megabytes for 20,000 songs.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice

from config.errors import NotFound, Unavailable
from orchestrator.songs.index import segments
from orchestrator.songs.index.database import table_errors
from orchestrator.songs.index.entry import Entry, deleted_entry, entry_in, entry_of
from orchestrator.songs.index.segments import Head
from orchestrator.songs.index.table import IndexTable
from orchestrator.songs.manifest import Song
from storage.contract import Store

log = logging.getLogger(__name__)

_FLUSH = 256  # changes that become a segment
_BATCH = 256
_FRESH_S = 60.0
_PATIENCE_S = 2.0  # of one who searches
_MOST_MOVING = 50  # songs that others make, whose state is read again

ReadEntries = Callable[[Sequence[str]], list[Entry | None]]
"""Reads manifests, several at once: None for one that is not there, an ``UNREADABLE`` entry for a damaged
one."""
Progress = Callable[[int, int], None]
"""A callback with the number of songs that were read, and of all."""


class BucketIndex:
    """The index of the bucket ``store``, copied into ``table``."""

    def __init__(
        self,
        store: Store,
        table: IndexTable,
        read: ReadEntries,
        ids: Callable[[str], Iterator[str]],
        open_ids: Callable[[], list[str]],
    ) -> None:
        """``ids`` lists the songs after one, newest first; ``open_ids`` those with a mark."""
        self.table = table
        self.used = threading.Event()
        """Set by whoever adds a song or searches, for the keeper: there may be something to copy or write."""
        self.used.set()
        self._store = store
        self._read = read
        self._ids = ids
        self._open_ids = open_ids
        self._working = threading.Lock()
        self._synced_s: float | None = None
        self._renewed = False
        self._guard = threading.Lock()
        self._syncing: Future[bool] | None = None

    def note(self, song: Song) -> bool:
        """Records the new facts of a song that has ended, or of one that was accepted: of these there is
        nothing in the bucket but their mark."""
        if song.settled:
            segments.note_change(self._store, song.id)
        self.used.set()
        if self._synced_s is not None:  # else this process searches nothing
            with suppress(sqlite3.Error):
                self.table.put([entry_of(song)], sure=True)
        return True

    def gone(self, song_id: str) -> bool:
        """Records that a song was deleted."""
        segments.note_change(self._store, song_id)
        self.used.set()
        if self._synced_s is not None:
            with suppress(sqlite3.Error):
                self.table.put([deleted_entry(song_id)])
        return True

    def is_whole(self) -> bool:
        """Whether every song can be found by its words and is in the sums, but for what others have changed
        in the last minute. Copies what is new if that is longer ago, and answers False if that takes longer
        than some seconds: it goes on in the background."""
        if self._synced_s is not None:
            self.used.set()
        fresh = self._synced_s is not None and time.monotonic() - self._synced_s < _FRESH_S
        with table_errors():
            if fresh and self.table.fact("library"):
                return True
        try:
            return self._sync_beside().result(_PATIENCE_S)
        except TimeoutError:
            return False

    def is_built(self) -> bool:
        """Whether the bucket has an index, which this machine may not have copied yet."""
        return segments.read_head(self._store)[0] is not None

    def complete(
        self,
        progress: Progress = lambda _read, _all: None,
        stopping: Callable[[], bool] = lambda: False,
        rest: float = 0.0,
    ) -> None:
        """Copies what is new, and builds the index if there is none, or if an early version built it: once,
        for that version may still write. After each second of reading it rests for ``rest`` seconds."""
        if not self.sync(progress) or (self.table.has_early() and not self._renewed):
            self._renewed = True
            self.rebuild(progress, stopping, rest)

    def count(self) -> int | None:
        """How many songs there are, as far as it was copied; None before that."""
        self.used.set()
        return None if self._synced_s is None else self.table.count()

    def copy_since(self, oldest: str, progress: Progress) -> None:
        """As ``complete``, but of the segments only those with songs that are not older than the id
        ``oldest``: enough for the sums of these. Nobody can search then."""
        if not self.sync(progress, oldest=oldest):
            self.rebuild(progress)

    def sync(
        self, progress: Progress = lambda _read, _all: None, *, marked: bool = True, oldest: str = ""
    ) -> bool:
        """Copies what is new into the table; with ``marked`` also the prompts of songs that others make, with
        ``oldest`` no older segments. Returns False if the bucket has no index yet. Raises
        ``StoreUnavailable``, and ``Unavailable`` if this machine cannot keep the table."""
        with self._working, table_errors():
            for _ in range(3):
                # Before the head: what is not listed any more is in the segments of that head or a later one.
                changes = list(self._store.list(segments.CHANGES))
                head, etag = segments.read_head(self._store)
                if head is None:
                    return False
                try:
                    copied = self._copy(head, progress, oldest)
                except NotFound:
                    continue  # a writer has just replaced a segment: the next head has it
                self._take(changes)
                if marked:
                    self._take_marked()
                if copied:
                    self.table.keep_taken([*_keys(head), *changes])
                if not oldest:
                    self._synced_s = time.monotonic()
                if len(changes) >= _FLUSH:
                    self._flush(head, etag, changes)
                return True
        raise Unavailable(
            "the index of the bucket names what is not there", "build it again: songwright index"
        )

    def rebuild(
        self, progress: Progress, stopping: Callable[[], bool] = lambda: False, rest: float = 0.0
    ) -> None:
        """Reads every manifest and writes the segments anew. Until that is done, nothing changes for readers
        of the bucket; ``stopping`` ends it without a trace. ``rest`` is as for ``complete``."""
        with self._working, table_errors():
            changes = list(self._store.list(segments.CHANGES))
            before, etag = segments.read_head(self._store)
            scratch = IndexTable(self.table.path.with_name(f"{self.table.path.stem}-new.sqlite"))
            try:
                scratch.clear()
                self._read_all(scratch, progress, stopping, rest)
                if stopping():
                    return
                written = segments.write_segments(self._store, scratch.every_line())
            finally:
                scratch.remove()
            head = Head(segments=tuple(written), replaced=_keys(before))
            while not segments.write_head(self._store, head, etag):
                # Songs may have changed after we read them: what others wrote meanwhile is kept.
                now, etag = segments.read_head(self._store)
                added = [s for s in now.segments if s.key not in _keys(before)] if now else []
                replaced = tuple(key for key in _keys(now) if key not in {s.key for s in added})
                head = head.model_copy(update={"segments": (*written, *added), "replaced": replaced})
            self._delete(changes)
            self._delete([*segments.strays(self._store, head)])
        self.sync()

    def _sync_beside(self) -> Future[bool]:
        """``sync`` in a thread, of which there is one at a time."""
        with self._guard:
            if self._syncing is None or self._syncing.done():
                future = self._syncing = Future()

                def work() -> None:
                    try:
                        future.set_result(self.sync(marked=False))
                    except BaseException as error:  # noqa: BLE001 - whoever waits gets it
                        future.set_exception(error)

                threading.Thread(target=work, name="index", daemon=True).start()
            return self._syncing

    def _copy(self, head: Head, progress: Progress, oldest: str) -> bool:
        """Copies the segments that the table has not copied yet; returns whether there were any."""
        if self.table.fact("library") != head.library:
            self.table.clear()
            self.table.set_fact("library", head.library)
        new = set(self.table.untaken(segment.key for segment in head.segments))
        wanted = [each for each in head.segments if not oldest or each.has_songs_since(oldest)]
        all_lines = sum(segment.lines for segment in wanted)
        copied = sum(segment.lines for segment in wanted if segment.key not in new)
        for segment in wanted:
            if segment.key in new:
                try:
                    entries = map(entry_in, segments.read_segment(self._store, segment.key))
                    self.table.put(entries, [segment.key])
                except ValueError as error:
                    raise Unavailable(str(error), "build the index again: songwright index") from error
                copied += segment.lines
                progress(copied, all_lines)
        return bool(new)

    def _take(self, changes: list[str]) -> None:
        """Reads the manifests of songs that have changed."""
        new = self.table.untaken(changes)
        for some in _batches(new):
            self.table.put(self._entries({segments.changed_song(key) for key in some}), some, sure=True)

    def _take_marked(self) -> None:
        marked = self._open_ids()
        unknown = set(marked) - self.table.known(marked)
        moving = [song_id for song_id in self.table.unended() if song_id in set(marked)]
        for some in _batches(sorted(unknown | set(moving[:_MOST_MOVING]))):
            # One without a manifest is just being stored.
            self.table.put(entry for entry in self._read(some) if entry)

    def _flush(self, head: Head, etag: str | None, changes: list[str]) -> None:
        """Writes the songs of ``changes`` as a segment. Of several processes that do so at once, one
        succeeds."""
        song_ids = {segments.changed_song(key) for key in changes}
        lines = self.table.lines(sorted(song_ids))
        if lines.keys() != song_ids:
            return  # the table has just been deleted
        new = segments.write_segments(self._store, lines.values())
        grown = head.model_copy(update={"segments": (*head.segments, *new), "replaced": ()})
        following = segments.merged(self._store, grown)
        if segments.write_head(self._store, following, etag):
            self._delete(changes)
            self._delete(head.replaced)
            self.table.put((), _keys(following))
        else:
            self._delete({*_keys(following), *_keys(grown)} - set(_keys(head)))

    def _read_all(
        self, scratch: IndexTable, progress: Progress, stopping: Callable[[], bool], rest: float
    ) -> None:
        known = read = 0
        for some in _batches(self._ids("")):
            scratch.add_unread(some)
            known += len(some)
            progress(0, known)
            if stopping():
                return
        while (some := scratch.unread(_BATCH)) and not stopping():
            began = time.monotonic()
            found = self._read(some)
            scratch.put(entry for entry in found if entry)
            scratch.forget(song_id for song_id, entry in zip(some, found, strict=True) if not entry)
            read += len(some)
            progress(read, known)
            if rest:
                time.sleep(rest * (time.monotonic() - began))

    def _entries(self, song_ids: Iterable[str]) -> list[Entry]:
        """The entries of these songs, by their manifests of now."""
        wanted = sorted(song_ids)
        found = zip(wanted, self._read(wanted), strict=True)
        return [entry or deleted_entry(song_id) for song_id, entry in found]

    def _delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._store.delete(key)


def _keys(head: Head | None) -> tuple[str, ...]:
    return tuple(segment.key for segment in head.segments) if head else ()


def _batches(items: Iterable[str]) -> Iterator[list[str]]:
    left = iter(items)
    while some := list(islice(left, _BATCH)):
        yield some
