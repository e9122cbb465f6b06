"""An SQLite file that may be deleted at any time, used by threads and processes at once."""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from config.errors import Unavailable

_VERSION = 2
_TABLES = {
    "songs": "CREATE TABLE songs (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT, "
    "version REAL NOT NULL, line TEXT NOT NULL, changed INTEGER NOT NULL, title TEXT NOT NULL, "
    "length_s REAL NOT NULL, instrumental INTEGER, favourite INTEGER NOT NULL)",
    "marks": "CREATE TABLE marks (kind TEXT NOT NULL, value TEXT NOT NULL, place INTEGER NOT NULL, "
    "PRIMARY KEY (kind, value, place)) WITHOUT ROWID",
    "words": """CREATE VIRTUAL TABLE words USING fts5(text, tokenize = "unicode61 remove_diacritics 2")""",
    "facts": "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "taken": "CREATE TABLE taken (key TEXT PRIMARY KEY) WITHOUT ROWID",
}
_INDEXES = (
    "CREATE INDEX unread ON songs (place) WHERE state IS NULL",
    "CREATE INDEX early ON songs (place) WHERE instrumental IS NULL AND line != ''",
    "CREATE INDEX changes ON songs (changed)",
    "CREATE INDEX titles ON songs (title, id)",
    "CREATE INDEX lengths ON songs (length_s DESC, id)",
    "CREATE INDEX versions ON songs (version DESC, id)",
    "CREATE INDEX marked ON marks (place)",
)
_CHANGES, _FORGOTTEN, _BOOK = "changes", "forgotten", "book"
_WAIT_S = 10.0  # for another process that writes
_CACHE_KIB = 4096  # of each connection
_BROKEN = ("malformed", "not a database", "no such table", "no such column", "fts5: ")
_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700


class DatabaseFile:
    """Connections to the file at ``path``, which the first one makes, with the index's tables. Methods raise
    ``sqlite3.Error`` if it cannot be used. A damaged file is deleted then: the next connection makes another.
    """

    def __init__(self, path: Path, *, parents: bool = True) -> None:
        """``parents``: whether the folders above that of the file are made too."""
        self._path = path
        self._parents = parents
        self._idle: list[tuple[sqlite3.Connection, int]] = []  # with the number of the file
        self._guard = threading.Lock()

    @contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        """A connection that no other thread uses meanwhile."""
        db, number = self._take()
        try:
            yield db
        except sqlite3.Error as error:
            db.close()
            if any(word in str(error) for word in _BROKEN):
                self.remove()
            raise
        except BaseException:
            db.close()
            raise
        with self._guard:
            self._idle.append((db, number))

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are stored all or none."""
        with self.connected() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def clear(self) -> None:
        """Removes every row."""
        with self.writing() as db:
            for table in _TABLES:
                db.execute(f"DELETE FROM {table}")

    def close(self) -> None:
        """Closes the idle connections."""
        with self._guard:
            while self._idle:
                self._idle.pop()[0].close()

    def remove(self) -> None:
        """Deletes the file."""
        self.close()
        for ending in ("", "-wal", "-shm"):
            with suppress(OSError):
                Path(f"{self._path}{ending}").unlink(missing_ok=True)

    def _take(self) -> tuple[sqlite3.Connection, int]:
        with self._guard:
            db, number = self._idle.pop() if self._idle else (None, 0)
        if db is not None:
            if number == self._number():
                return db, number
            db.close()  # the file was deleted, and may be another one now
        try:
            db = self._open()
        except sqlite3.DatabaseError as error:
            if any(word in str(error) for word in _BROKEN):
                self.remove()
            raise
        return db, self._number()

    def _number(self) -> int:
        try:
            return self._path.stat().st_ino
        except OSError:
            return -1

    def _open(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=self._parents, exist_ok=True)
            ignored = self._path.parent / ".gitignore"
            if not ignored.exists():
                ignored.write_text("*\n")
            self._path.touch(mode=_PRIVATE_FILE)
        except OSError as error:
            raise sqlite3.OperationalError(f"{self._path} cannot be made: {error.strerror}") from error
        db = sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA temp_store = FILE")
            db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            if _version(db) != _VERSION:
                _make(db)
        except BaseException:
            db.close()
            raise
        return db


@dataclass(frozen=True)
class Bookmark:
    """How far the changes of a table were read."""

    book: str
    """Another one after the table was made anew; empty before its first song."""
    number: int


def next_change(db: sqlite3.Connection, *, forgets: bool = False) -> int:
    """The number of the changes of this transaction; with ``forgets``, rows go without a trace."""
    found = db.execute("SELECT value FROM facts WHERE name = ?", (_CHANGES,)).fetchone()
    number = int(found[0]) + 1 if found else 1
    facts = {_CHANGES: str(number)} | ({_FORGOTTEN: str(number)} if forgets else {})
    if not found:
        facts[_BOOK] = secrets.token_hex(8)
    db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())
    return number


def changes_since(
    db: sqlite3.Connection, bookmark: Bookmark | None, most: int
) -> tuple[Bookmark, list[tuple[str, str | None]] | None]:
    """The ids and states of the songs that have changed since ``bookmark``, and the next bookmark. None in
    place of the songs if they are more than ``most``, or nobody knows which: the whole is to be read anew."""
    names = (_CHANGES, _FORGOTTEN, _BOOK)
    facts = dict(db.execute("SELECT name, value FROM facts WHERE name IN (?, ?, ?)", names).fetchall())
    now = Bookmark(facts.get(_BOOK, ""), int(facts.get(_CHANGES, 0)))
    if bookmark is None or bookmark == now:
        return now, []
    if bookmark.book not in ("", now.book) or int(facts.get(_FORGOTTEN, 0)) > bookmark.number:
        return now, None
    query = "SELECT id, state FROM songs WHERE changed > ? ORDER BY changed LIMIT ?"
    found = db.execute(query, (bookmark.number, most + 1)).fetchall()
    return now, (found if len(found) <= most else None)


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _make(db: sqlite3.Connection) -> None:
    """Makes the tables; those of another version are dropped. One of several processes does it."""
    db.execute("BEGIN IMMEDIATE")
    if _version(db) != _VERSION:
        for table, statement in _TABLES.items():
            db.execute(f"DROP TABLE IF EXISTS {table}")
            db.execute(statement)
        for statement in _INDEXES:
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {_VERSION}")
    db.execute("COMMIT")


@contextmanager
def table_errors() -> Iterator[None]:
    """Raises ``Unavailable`` for errors of the table."""
    try:
        yield
    except sqlite3.Error as error:
        raise Unavailable(
            f"this machine cannot keep the index: {error}", "free some space, and ask again"
        ) from error
