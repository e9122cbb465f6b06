"""The songs of a library in pages, by words, and as figures, in a time that does not grow with the library.

The index only says which songs there may be. What is shown is read from the manifests.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from config.errors import InvalidRequest, NotFound, Unavailable
from orchestrator.songs.index.bucket import Progress
from orchestrator.songs.index.database import Bookmark, table_errors
from orchestrator.songs.index.entry import Entry, entry_of, unreadable_entry
from orchestrator.songs.index.folder import FolderIndex
from orchestrator.songs.index.selection import Place, Selection
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import ALPHABET, Song, id_time, new_id
from orchestrator.songs.reading import Damaged, is_id

_ID_APART = timedelta(minutes=1)  # the most between the time in a song's id and its ``created_at``
_MORE = 64  # songs that are looked up at once after the first
_AT_ONCE = 2000  # entries
_MOST_TOTALS = 50
_ASK_AGAIN = "ask again in a minute; where no service builds it: songwright index"


class Found(NamedTuple):
    """Songs that were looked for."""

    songs: list[Song | Damaged]
    cursor: str | None
    """What stands for the songs after these; None at the end."""
    total: int | None
    """How many there are on all pages; None where that is not known."""


class Catalogue:
    """What is read of many songs of ``library`` at once."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._index = library.index
        self._totals: dict[Selection, tuple[Bookmark, int]] = {}

    def page(self, after: str, most: int) -> list[Song | Damaged]:
        """The next ``most`` songs, damaged ones too, newest first; with ``after``, only the older ones."""
        return self._filled(self._ids(after), most)

    def select(self, selection: Selection, cursor: str, most: int, offset: int = 0) -> Found:
        """The next ``most`` songs of ``selection``; ``cursor`` is the ``Found.cursor`` before. In place of
        it, ``offset`` is how many songs of the index come before. What it costs
        does not grow with the library, but for the count, which takes a millisecond for 10,000 songs.

        Raises ``InvalidRequest`` for a cursor that is none; and ``Unavailable`` while the index is being
        built, without which only everything can be listed, newest first."""
        if offset and cursor:
            raise InvalidRequest("offset", offset, "send it or a cursor, not both")
        if offset:
            place = self._place_of(selection, offset)
            if place is None:
                return Found([], None, self._total(selection))
            cursor = selection.cursor(place)
        after = selection.after(cursor)
        if selection.is_everything:
            songs = self.page(cursor, most + 1)
            return Found(songs[:most], songs[most - 1].id if len(songs) > most else None, self.size())
        self._check_whole(selection)
        if not self._has_songs():
            return Found([], None, 0)
        found: list[tuple[Place, Song | Damaged]] = []
        left, wanted = self._selected(selection, after), most + 1
        while len(found) <= most and (some := list(islice(left, wanted))):
            songs_there = zip(some, self._library.load_all([place.id for place in some]), strict=True)
            # The manifest is newer than the index, or as new.
            found += [(place, song) for place, song in songs_there if song and _is_one(song, selection)]
            wanted = _MORE
        following = selection.cursor(found[most - 1][0]) if len(found) > most else None
        return Found([song for _, song in found[:most]], following, self._total(selection))

    def search(self, text: str, after: str, most: int) -> list[Song | Damaged]:
        """As ``page``, of songs with every word of ``text`` in their title, prompt, categories or tags.
        Raises as ``select``."""
        return self.select(Selection(text=text), after, most).songs

    def size(self) -> int | None:
        """How many songs there are, damaged ones too; None while the index is not there to say so."""
        with suppress(sqlite3.Error, Unavailable):
            if not self._has_songs():
                return 0
            if self._index.lists_ids() if isinstance(self._index, FolderIndex) else self._index.was_copied():
                return self._total(Selection())
        return None

    def _place_of(self, selection: Selection, number: int) -> Place | None:
        """Where song ``number`` of ``selection``, counted from 1, stands; None past the end."""
        self._check_whole(selection)
        if not self._has_songs():
            return None
        with table_errors():
            table = self._index.table
            if selection.is_everything:  # also songs that are not read yet
                return next((Place(song_id, song_id) for song_id in table.ids("", 1, number - 1)), None)
            return next(iter(table.select(selection, None, 1, number - 1)), None)

    def _total(self, selection: Selection) -> int:
        """How many songs ``selection`` has, counted again once something has changed."""
        table = self._index.table
        with table_errors():
            now = table.changes(None, 0)[0]
            then, total = self._totals.get(selection, (None, 0))
            if then != now:
                total = table.count() if selection.is_everything else table.count_of(selection)
                if len(self._totals) >= _MOST_TOTALS:
                    self._totals.clear()
                self._totals[selection] = now, total
        return total

    def _check_whole(self, selection: Selection) -> None:
        if not self._index.is_whole():
            raise Unavailable(
                "the index of the library is being built or copied, and nothing is found without it",
                _ASK_AGAIN,
            )
        with table_errors():
            if selection.needs_facts and self._has_songs() and self._index.table.has_early():
                raise Unavailable("the index of the library is of an early version", _ASK_AGAIN)

    def entries(self, *, last: int | None = None, since: datetime | None = None) -> Iterator[Entry]:
        """The figures of all readable songs, newest first: of the ``last`` ones, and of those that were
        created at ``since`` or later. The index must be whole."""
        marked = self._library.open_ids()
        made = {song.id: entry_of(song) for song in self._library.load_all(marked) if isinstance(song, Song)}
        indexed = (entry for entry in self._indexed() if entry.id not in made)
        every = heapq.merge(made.values(), indexed, key=lambda entry: entry.id)
        for entry in islice(every, last):
            if since and id_time(entry.id) < since - _ID_APART:  # the following ones are older still
                return
            if since is None or entry.created_at >= since:
                yield entry

    def ended(self, most: int) -> list[Entry]:
        """The figures of the newest songs that have ended. The index must be whole."""
        return list(islice((entry for entry in self._indexed() if entry.has_ended), most))

    def is_whole(self) -> bool:
        """Whether songs can be searched and summed up now."""
        return self._index.is_whole()

    def is_built(self) -> bool:
        """Whether ``complete`` has only to copy an index, and to read no songs."""
        return not isinstance(self._index, FolderIndex) and self._index.is_built()

    def complete(self, progress: Progress = lambda _read, _all: None, since: datetime | None = None) -> None:
        """Makes the index whole, if it is not: reads the manifests that were never read. With ``since``, as
        far as ``entries`` of that time needs it. Raises ``Unavailable`` if it cannot be kept."""
        with table_errors():
            if since is None or isinstance(self._index, FolderIndex):
                self._index.complete(progress)
            else:
                self._index.copy_since(_last_id(since - _ID_APART), progress)

    def rebuild(self, progress: Progress = lambda _read, _all: None) -> None:
        """Builds the index anew from all manifests. Unfinished songs of early versions get the mark by which
        they are found."""
        with table_errors():
            self._index.rebuild(progress)
            marked = set(self._library.open_ids())
            for song_id in self._index.table.unended():
                if song_id not in marked:
                    self._library.mark(song_id)

    def unfinished(self) -> list[str]:
        """The ids of songs that may be unfinished, newest first: those with a mark and, in a folder, those
        without, which people copy there or early versions left. In a bucket these get their mark by
        ``rebuild``. Raises ``Unavailable`` if the index of a folder cannot be kept."""
        marked = self._library.open_ids()
        if not isinstance(self._index, FolderIndex):
            return marked
        self.complete()
        with table_errors():
            return sorted({*marked, *self._index.table.unended()})

    def find(self, text: str) -> str:
        """The only id that starts with ``text``, else ``text`` itself; for "latest", the id of the newest
        readable song."""
        if text == "latest":
            newest = (song for song in self._every() if isinstance(song, Song))
            if song := next(newest, None):
                return song.id
            raise NotFound("song", text, "the library is empty: 'songwright make' makes the first")
        matches = self.beginning(text, 2)
        return matches[0] if len(matches) == 1 else text

    def beginning(self, text: str, most: int) -> list[str]:
        """The ids that start with ``text``, ``most`` at the most, newest first; none for an empty text."""
        if not text or not is_id(text.ljust(15, "0")):
            return []
        return [known for known in islice(self._ids(_before(text)), most) if known.startswith(text)]

    def count(self, after: str, most: int) -> int:
        """How many songs are older than ``after``, counted up to ``most``."""
        if isinstance(self._index, FolderIndex) and self._index.lists_ids():
            return min(self._index.table.count(after), most)
        return sum(1 for _ in islice(self._library.ids(after), most))

    def _every(self) -> Iterator[Song | Damaged]:
        after = ""
        while some := self.page(after, _MORE):
            yield from some
            after = some[-1].id

    def _ids(self, after: str) -> Iterator[str]:
        """The ids after ``after``, newest first. A bucket lists them in that order, however many there are; a
        folder has to be read whole."""
        if not (isinstance(self._index, FolderIndex) and self._index.lists_ids()):
            yield from self._library.ids(after)
            return
        # The marks come first: a song that ends meanwhile is in one of the two, or in both.
        marked = [song_id for song_id in self._library.open_ids() if song_id > after]
        table = self._index.table
        before = after
        for song_id in heapq.merge(marked, _following(table.ids, after)):
            if song_id != before:
                yield song_id
            before = song_id

    def _selected(self, selection: Selection, after: Place | None) -> Iterator[Place]:
        most = _MORE
        while True:
            with table_errors():
                some = self._index.table.select(selection, after, most)
            if not some:
                return
            yield from some
            after, most = some[-1], _AT_ONCE

    def _indexed(self) -> Iterator[Entry]:
        after = ""
        while some := self._read_entries(after):
            yield from some
            after = some[-1].id

    def _read_entries(self, after: str) -> list[Entry]:
        with table_errors():
            return self._index.table.entries(after, _AT_ONCE) if self._has_songs() else []

    def _has_songs(self) -> bool:
        """Whether there is a table to read: it is not made for a folder without songs."""
        return not isinstance(self._index, FolderIndex) or self._index.has_songs()

    def _filled(self, ids: Iterator[str], most: int) -> list[Song | Damaged]:
        """The first ``most`` songs of ``ids`` that are there."""
        found: list[Song | Damaged] = []
        wanted = most
        while len(found) < most and (some := list(islice(ids, wanted))):
            found += [song for song in self._library.load_all(some) if song is not None]
            wanted = _MORE
        return found[:most]


def _is_one(song: Song | Damaged, selection: Selection) -> bool:
    return selection.takes(entry_of(song) if isinstance(song, Song) else unreadable_entry(song.id, 0.0))


def _following(read: Callable[[str, int], Sequence[str]], after: str) -> Iterator[str]:
    """All ids after ``after`` of a reader that answers so many after one."""
    most = _MORE
    while some := read(after, most):
        yield from some
        after, most = some[-1], _AT_ONCE


def _last_id(at: datetime) -> str:
    """The id that sorts last of all that are made at this time: those of older songs sort after it."""
    time, random = new_id(at.timestamp())[:9], 6 * ALPHABET[-1]
    return time + random


def _before(text: str) -> str:
    """What sorts before all ids that begin with ``text``, and after all smaller ids."""
    return f"{text[:-1]}{chr(ord(text[-1]) - 1)}~"
