"""The index as a table that is searched: an SQLite file of this machine, with a full-text index.

The file is safe to delete at any time: it is made again from the songs. Several processes may use it at once.
"""

from __future__ import annotations

import atexit
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from orchestrator.songs.index.database import Bookmark, DatabaseFile, changes_since, next_change
from orchestrator.songs.index.entry import DELETED, ENDED, FIRST, LAST, UNREADABLE, Entry, entry_in
from orchestrator.songs.index.selection import Place, Selection, counted, marks_of, selected, title_key
from orchestrator.songs.index.text import indexed, query_of
from orchestrator.songs.manifest import ALPHABET

_PLACE_BITS = 63  # of the 75 of an id: SQLite's row numbers have no more
_MOST_PARAMETERS = 500
_AT_ONCE = 2000  # rows of one transaction


class IndexTable:
    """Entries by id. Methods raise ``sqlite3.Error`` if the file cannot be used; a broken one is deleted
    first, so that the next call begins an empty one."""

    def __init__(self, path: Path, *, parents: bool = True) -> None:
        """``parents`` is as for ``DatabaseFile``."""
        self.path = path
        self._file = DatabaseFile(path, parents=parents)

    def put(self, entries: Iterable[Entry], taken: Iterable[str] = (), *, sure: bool = False) -> None:
        """Adds or replaces entries, all or none. An earlier version replaces a later one only with ``sure``:
        its manifest is the newest, whatever the clocks were. ``taken`` are names that ``untaken`` leaves out
        from then on."""
        with self._file.writing() as db:
            change = next_change(db)
            for entry in entries:
                _put(db, entry, change, sure=sure)
            db.executemany("INSERT OR IGNORE INTO taken VALUES (?)", [(key,) for key in taken])

    def add_unread(self, song_ids: Iterable[str]) -> None:
        """Adds songs of which only the ids are known; known ones stay as they are."""
        for some in _batches(song_ids):
            with self._file.writing() as db:
                change = next_change(db)
                for song_id in some:
                    if not _row(db, song_id):
                        _insert(db, song_id, change)

    def match(self, listed: Iterable[str], still: Callable[[str], bool]) -> None:
        """Makes the table have the ids of ``listed``, the songs that there are. ``still`` answers whether one
        is there now: the list takes a while, and songs come and go meanwhile."""
        with self._file.connected() as db:
            # A million ids belong on the disk.
            db.execute("CREATE TEMP TABLE IF NOT EXISTS listed (id TEXT PRIMARY KEY) WITHOUT ROWID")
            db.execute("BEGIN")
            db.execute("DELETE FROM listed")
            db.executemany("INSERT OR IGNORE INTO listed VALUES (?)", ((song_id,) for song_id in listed))
            db.execute("COMMIT")
            there = "SELECT id FROM songs WHERE state IS NULL OR state != ?"
            new = _column(db, f"SELECT id FROM listed EXCEPT {there}", DELETED)
            gone = _column(db, f"{there} EXCEPT SELECT id FROM listed", DELETED)
            db.execute("DELETE FROM listed")
        self.forget(song_id for song_id in gone if not still(song_id))
        back = self.known(new)  # songs that were deleted, and restored from a backup
        self.forget(song_id for song_id in back if still(song_id))
        self.add_unread(song_id for song_id in new if song_id not in back or still(song_id))

    def forget(self, song_ids: Iterable[str], *, unread: bool = False) -> None:
        """Removes these, as if they had never been here; with ``unread``, those that are not read by now."""
        for some in _batches(song_ids):
            with self._file.writing() as db:
                for song_id in some:
                    row = _row(db, song_id)
                    if row and not (unread and row[2]):
                        next_change(db, forgets=True)
                        db.execute("DELETE FROM songs WHERE place = ?", (row[0],))
                        _unfind(db, row[0])

    def unread(self, most: int) -> list[str]:
        """Ids of songs whose manifests were not read yet, newest first."""
        with self._file.connected() as db:
            query = "SELECT id FROM songs WHERE state IS NULL ORDER BY place LIMIT ?"
            return [song_id for (song_id,) in db.execute(query, (most,))]

    def count_unread(self) -> int:
        with self._file.connected() as db:
            return int(db.execute("SELECT count(*) FROM songs WHERE state IS NULL").fetchone()[0])

    def count(self, after: str = "") -> int:
        """The number of songs, damaged ones too; with ``after``, of the older ones."""
        with self._file.connected() as db:
            query = "SELECT count(*) FROM songs WHERE id > ? AND (state IS NULL OR state != ?)"
            return int(db.execute(query, (after, DELETED)).fetchone()[0])

    def ids(self, after: str, most: int, passed: int = 0) -> list[str]:
        """The next ids after ``after``, and after ``passed`` others, in their order: newest first."""
        query = (
            "SELECT id FROM songs WHERE id > ? AND (state IS NULL OR state != ?) ORDER BY id LIMIT ? OFFSET ?"
        )
        with self._file.connected() as db:
            return _column(db, query, after, DELETED, most, passed)

    def known(self, song_ids: Iterable[str]) -> set[str]:
        """Those of ``song_ids`` that have an entry, be it unread or deleted."""
        found: set[str] = set()
        wanted = list(song_ids)
        with self._file.connected() as db:
            for start in range(0, len(wanted), _MOST_PARAMETERS):
                some = wanted[start : start + _MOST_PARAMETERS]
                query = f"SELECT id FROM songs WHERE id IN ({', '.join('?' * len(some))})"
                found.update(song_id for (song_id,) in db.execute(query, some))
        return found

    def select(self, selection: Selection, after: Place | None, most: int, passed: int = 0) -> list[Place]:
        """The next songs of ``selection`` in its order: see ``selected``."""
        if selection.text and not query_of(selection.text):
            return []
        with self._file.connected() as db:
            return selected(db, selection, after, most, passed)

    def count_of(self, selection: Selection) -> int:
        """How many songs ``selection`` has."""
        if selection.text and not query_of(selection.text):
            return 0
        with self._file.connected() as db:
            return counted(db, selection)

    def changes(
        self, bookmark: Bookmark | None, most: int
    ) -> tuple[Bookmark, list[tuple[str, str | None]] | None]:
        """As ``database.changes_since``."""
        with self._file.connected() as db:
            return changes_since(db, bookmark, most)

    def has_early(self) -> bool:
        """Whether there are entries of early versions, without all the facts that songs are found by."""
        with self._file.connected() as db:
            early = "instrumental IS NULL AND line != ''"
            query = f"SELECT 1 FROM songs WHERE {early} AND state NOT IN (?, ?) LIMIT 1"
            return db.execute(query, (UNREADABLE, DELETED)).fetchone() is not None

    def entries(self, after: str, most: int) -> list[Entry]:
        """The next entries of readable songs after ``after``, newest first."""
        with self._file.connected() as db:
            query = "SELECT line FROM songs WHERE id > ? AND state NOT IN (?, ?) ORDER BY id LIMIT ?"
            found = db.execute(query, (after, DELETED, UNREADABLE, most)).fetchall()
        return [entry_in(line) for (line,) in found]

    def lines(self, song_ids: Iterable[str]) -> dict[str, str]:
        """The stored lines of these songs, by id; of an unread song there is none."""
        with self._file.connected() as db:
            rows = ((song_id, _row(db, song_id)) for song_id in song_ids)
            return {song_id: row[2] for song_id, row in rows if row and row[2]}

    def unended(self) -> list[str]:
        """Ids of the readable songs that have not ended."""
        states = [*ENDED, UNREADABLE, DELETED]
        with self._file.connected() as db:
            query = f"SELECT id FROM songs WHERE state NOT IN ({', '.join('?' * len(states))}) ORDER BY id"
            return [song_id for (song_id,) in db.execute(query, states)]

    def every_line(self) -> Iterator[str]:
        """The stored lines of all songs that were read, newest first."""
        after = -1
        while True:
            with self._file.connected() as db:
                query = (
                    "SELECT place, line FROM songs WHERE place > ? AND state != ? ORDER BY place LIMIT 1000"
                )
                found = db.execute(query, (after, DELETED)).fetchall()
            if not found:
                return
            yield from (line for _, line in found)
            after = found[-1][0]

    def fact(self, name: str) -> str:
        """A fact about the table itself; empty if it was never set."""
        with self._file.connected() as db:
            found = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def set_fact(self, name: str, value: str) -> None:
        with self._file.writing() as db:
            db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def untaken(self, keys: Iterable[str]) -> list[str]:
        """Those of ``keys`` that were not taken yet."""
        with self._file.connected() as db:
            query = "SELECT 1 FROM taken WHERE key = ?"
            return [key for key in keys if not db.execute(query, (key,)).fetchone()]

    def keep_taken(self, keys: Iterable[str]) -> None:
        """Forgets all taken names but these."""
        kept = set(keys)
        with self._file.writing() as db:
            gone = [(key,) for (key,) in db.execute("SELECT key FROM taken") if key not in kept]
            db.executemany("DELETE FROM taken WHERE key = ?", gone)

    def clear(self) -> None:
        """Removes everything."""
        self._file.clear()

    def close(self) -> None:
        self._file.close()

    def remove(self) -> None:
        """Deletes the file."""
        self._file.remove()


def temporary_table() -> IndexTable:
    """A table that is deleted when this process ends."""
    folder = Path(tempfile.gettempdir(), f"songwright-index-{secrets.token_hex(8)}")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return IndexTable(folder / "songs.sqlite")


def _put(db: sqlite3.Connection, entry: Entry, change: int, *, sure: bool) -> None:
    row = _row(db, entry.id)
    line = entry.line()
    if row and row[1] > entry.version and not (sure and row[1] < LAST):
        return
    if row and row[1] == entry.version and row[2] == line:
        return
    place = row[0] if row else _insert(db, entry.id, change)
    if row:
        _unfind(db, place)
    db.execute(
        "UPDATE songs SET state = ?, version = ?, line = ?, changed = ?, title = ?, length_s = ?, "
        "instrumental = ?, favourite = ? WHERE place = ?",
        (
            entry.state,
            entry.version,
            line,
            change,
            title_key(entry.title),
            entry.length_s,
            entry.instrumental,
            entry.favourite,
            place,
        ),
    )
    if entry.title or entry.words:
        db.execute(
            "INSERT INTO words (rowid, text) VALUES (?, ?)", (place, indexed(f"{entry.title} {entry.words}"))
        )
    marks = [(kind, value, place) for kind, value in marks_of(entry)]
    db.executemany("INSERT OR IGNORE INTO marks VALUES (?, ?, ?)", marks)


def _unfind(db: sqlite3.Connection, place: int) -> None:
    """Removes what a song is found by."""
    db.execute("DELETE FROM words WHERE rowid = ?", (place,))
    db.execute("DELETE FROM marks WHERE place = ?", (place,))


def _insert(db: sqlite3.Connection, song_id: str, change: int) -> int:
    """Adds a song that was not read yet, and returns its place."""
    place = _place(song_id)
    # Two ids of one millisecond may begin with the same 63 bits.
    while db.execute("SELECT 1 FROM songs WHERE place = ?", (place,)).fetchone():
        place += 1
    db.execute(
        "INSERT INTO songs VALUES (?, ?, NULL, ?, '', ?, ?, 0, NULL, 0)",
        (place, song_id, FIRST, change, title_key("")),
    )
    return place


def _batches(song_ids: Iterable[str]) -> Iterator[list[str]]:
    """So few at once that another writer waits for no longer than it takes to blink."""
    left = iter(song_ids)
    while some := list(islice(left, _AT_ONCE)):
        yield some


def _column(db: sqlite3.Connection, query: str, *values: object) -> list[str]:
    return [song_id for (song_id,) in db.execute(query, values)]


def _row(db: sqlite3.Connection, song_id: str) -> tuple[int, float, str] | None:
    found: tuple[int, float, str] | None = db.execute(
        "SELECT place, version, line FROM songs WHERE id = ?", (song_id,)
    ).fetchone()
    return found


def _place(song_id: str) -> int:
    """The row number of a song, in the order of the ids: newest first."""
    number = 0
    for character in song_id:
        number = number << 5 | ALPHABET.index(character)
    return number >> (5 * len(song_id) - _PLACE_BITS)
