"""The index of a library in a folder of this machine: one file, written by every process that stores songs.

A row is written before a song's mark (``open/<id>``) is deleted. So a song is in the table or has a mark,
whenever a process is killed, and readers look at both.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice

from config.errors import NotFound, Unreadable
from orchestrator.songs.index.entry import Entry, deleted_entry, entry_of, unreadable_entry
from orchestrator.songs.index.table import IndexTable
from orchestrator.songs.manifest import Song
from storage.local import LocalStore

log = logging.getLogger(__name__)

FOLDER = ".songwright-index"
_SONGS = "songs"
_SMALL = 2000  # songs: a folder with more is looked through in the background
_PAUSES = 50  # so many times as long as a look took passes before the next
_SETTLED_NS = 2_000_000_000  # a folder's time is coarse: two changes of one moment have the same
_BATCH = 64
_FEW = 500  # manifests, which are read in less than a second

Reader = Callable[[str], Song]
"""Reads a manifest; raises as ``Library.load`` does."""
Progress = Callable[[int, int], None]
"""A callback with the number of songs that were read, and of all."""


class FolderIndex:
    """The index beside the songs of ``store``. It is of use from the first look through the folder on, and
    searched and summed up once all manifests were read."""

    def __init__(self, store: LocalStore, is_id: Callable[[str], bool], load: Reader) -> None:
        self._songs = store.root / _SONGS
        self._is_id = is_id
        self._load = load
        self._looking = threading.Lock()
        self._next_look_s = 0.0
        # A library whose folder is gone is not made again by its index.
        self.table = IndexTable(store.root / FOLDER / "songs.sqlite", parents=False)

    def note(self, song: Song) -> bool:
        """Adds a song, or its new facts. Returns whether that is stored."""
        return self._stored(entry_of(song))

    def gone(self, song_id: str) -> bool:
        """Removes a song that was deleted. Returns whether that is stored."""
        return self._stored(deleted_entry(song_id))

    def has_songs(self) -> bool:
        """Whether there was ever a song. If not, nothing is written, and the table is of no use."""
        return self._songs.exists()

    def lists_ids(self) -> bool:
        """Whether ``table.ids`` has every song without a mark. Looks for songs that came and went without the
        index, at once if the folder is small, else in the background."""
        try:
            if not self.has_songs():
                return False
            known = self.table.fact("listed")
            if known and known == self._time():
                return True
            if known and int(self.table.fact("looked at") or 0) > _SMALL:
                self._look_later()
                return True
            if not known and not self._is_small():
                self._look_later()
                return False
            self.look()
        except sqlite3.Error as error:
            log.warning("the library is read without its index: %s", error)
            return False
        return True

    def is_whole(self) -> bool:
        """Whether every song can be found by its words and is in the sums. Reads the manifests that were not
        read yet, if there are few."""
        if not self.has_songs():
            return True
        try:
            if not self.lists_ids():
                return False
            unread = self.table.unread(_FEW + 1)
            if unread and len(unread) <= _FEW:
                self.complete()
                return True
            return not unread
        except sqlite3.Error as error:
            log.warning("the library is read without its index: %s", error)
            return False

    def look(self) -> None:
        """Adds the ids of songs that came without the index, and removes those that went."""
        if not self.has_songs():
            return
        with self._looking:
            stamp, began = self._time(), time.monotonic()
            if self.table.fact("listed") == stamp:
                return
            self.table.match(self._names(), lambda song_id: (self._songs / song_id / "song.json").exists())
            now_ns = time.time_ns()
            changed_ns = int(stamp.partition(" ")[0] or 0)
            settled = 0 <= changed_ns < now_ns - _SETTLED_NS
            self.table.set_fact("listed", stamp if settled else "once")
            self.table.set_fact("looked at", str(self.table.count()))
            self._next_look_s = time.monotonic() + _PAUSES * (time.monotonic() - began)

    def complete(
        self,
        progress: Progress = lambda _read, _all: None,
        stopping: Callable[[], bool] = lambda: False,
        rest: float = 0.0,
    ) -> None:
        """Reads the manifests that were not read yet, until ``stopping``. After each second of work it rests
        for ``rest`` seconds."""
        if not self.has_songs():
            return
        if not self.lists_ids():
            self.look()
        all_songs = self.table.count()
        read = all_songs - self.table.count_unread()
        progress(read, all_songs)
        while (some := self.table.unread(_BATCH)) and not stopping():
            began = time.monotonic()
            found = [self._entry(song_id) for song_id in some]
            self.table.put(entry for entry in found if entry)
            gone = [song_id for song_id, entry in zip(some, found, strict=True) if not entry]
            self.table.forget(gone, unread=True)  # one may just have been stored
            read += len(some)
            progress(read, all_songs)
            if rest:
                time.sleep(rest * (time.monotonic() - began))

    def rebuild(self, progress: Progress) -> None:
        """Throws the index away and makes it again."""
        self.table.clear()
        self.complete(progress)

    def close(self) -> None:
        self.table.close()

    def _entry(self, song_id: str) -> Entry | None:
        try:
            return entry_of(self._load(song_id))
        except NotFound:
            return None
        except Unreadable:
            return unreadable_entry(song_id, time.time())

    def _stored(self, entry: Entry) -> bool:
        try:
            self.table.put([entry], sure=True)
        except sqlite3.Error as error:
            log.warning("the index was not written: %s", error, extra={"song_id": entry.id})
            return False
        return True

    def _look_later(self) -> None:
        if time.monotonic() < self._next_look_s or self._looking.locked():
            return

        def look() -> None:
            with suppress(sqlite3.Error, OSError):
                self.look()

        threading.Thread(target=look, name="index", daemon=True).start()

    def _names(self) -> Iterator[str]:
        with suppress(FileNotFoundError), os.scandir(self._songs) as found:
            for entry in found:
                if self._is_id(entry.name):
                    yield entry.name

    def _is_small(self) -> bool:
        return sum(1 for _ in islice(self._names(), _SMALL + 1)) <= _SMALL

    def _time(self) -> str:
        """When a song last came or went; the folder itself may be another one since."""
        try:
            facts = self._songs.stat()
        except OSError:
            return "-1"
        return f"{facts.st_mtime_ns} {facts.st_ino}"
