"""Which songs of the library are wanted, and in which order: the same for the table, which finds them, and
for a manifest, which says whether it still is one of them."""

from __future__ import annotations

import base64
import json
import sqlite3
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from config.errors import InvalidRequest
from orchestrator.songs.index.entry import DELETED, UNREADABLE, Entry
from orchestrator.songs.index.text import query_of

Sort = Literal["newest", "oldest", "title", "duration", "updated"]
Kind = Literal["genre", "tag", "metadata"]

_NO_TITLE = "\U0010ffff"  # after all others
_TITLE_CHARACTERS = 100
_OF_SORT = "~"  # begins a cursor that is no id
_LONGEST_CURSOR = 1200
_LARGEST = 2**63 - 1  # of SQLite's numbers


class Place(NamedTuple):
    """Where a song stands in an order: the value that is sorted by, and the id among equal ones."""

    key: str | float
    id: str


@dataclass(frozen=True)
class _Order:
    """An order of the table's rows. Of two songs with the same key, the newer one comes first."""

    column: str
    falling: bool = False


_ORDERS: Mapping[Sort, _Order] = {
    "newest": _Order("songs.id"),  # ids count down
    "oldest": _Order("songs.id", falling=True),
    "title": _Order("songs.title"),
    "duration": _Order("songs.length_s", falling=True),
    "updated": _Order("songs.version", falling=True),
}


@dataclass(frozen=True)
class Selection:
    """Songs to which all of this applies, in the order ``sort``: newest or oldest first, by title, the
    longest first, the last changed first."""

    text: str = ""
    """Every word of it is in the title, the prompt, the categories or the tags."""
    states: frozenset[str] = frozenset()
    """``Status`` values and ``UNREADABLE``; none: any."""
    genre: str = ""
    """That of the plan, or one of its categories, in letters of any case."""
    instrumental: bool | None = None
    favourite: bool | None = None
    tag: str = ""
    """In letters of any case."""
    metadata: tuple[str, ...] = ()
    """Each "key:value", exactly so."""
    sort: Sort = "newest"

    @property
    def is_everything(self) -> bool:
        """Whether these are all songs, newest first: for them no index is needed."""
        return self == Selection()

    @property
    def needs_facts(self) -> bool:
        """Whether it needs what entries of early versions do not have."""
        return bool(self.genre) or self.instrumental is not None or self.sort in ("title", "duration")

    def takes(self, entry: Entry) -> bool:
        """Whether the song is one of them, apart from ``text``."""
        marks = set(marks_of(entry))
        return (
            (not self.states or entry.state in self.states)
            and all(mark in marks for mark in self._marks())
            and self.instrumental in (None, entry.instrumental)
            and self.favourite in (None, entry.favourite)
            and (entry.state != UNREADABLE or not self._of_readable())
        )

    def _of_readable(self) -> bool:
        return bool(self._marks()) or self.instrumental is not None or self.favourite is not None

    def query(self, after: Place | None = None) -> tuple[str, list[object]]:
        """What follows SELECT ... FROM songs, without its order, and the parameters."""
        joined = " JOIN words ON songs.place = words.rowid" if self.text else ""
        states = sorted(self.states)
        clauses, values = [f"songs.state IN ({', '.join('?' * len(states))})"], [*states]
        if not states:
            clauses, values = ["songs.state != ?"], [DELETED]  # one that is not read yet has none
        parameters: list[object] = list(values)
        if self._of_readable():
            clauses.append("songs.state != ?")
            parameters.append(UNREADABLE)
        if self.text:
            clauses.append("words MATCH ?")
            parameters.append(query_of(self.text))
        for kind, value in self._marks():
            clauses.append("songs.place IN (SELECT place FROM marks WHERE kind = ? AND value = ?)")
            parameters += [kind, value]
        for column, wanted in (("instrumental", self.instrumental), ("favourite", self.favourite)):
            if wanted is not None:
                clauses.append(f"songs.{column} = ?")
                parameters.append(int(wanted))
        if after is not None:
            order = _ORDERS[self.sort]
            past = "<" if order.falling else ">"
            if order.column == "songs.id":
                clauses.append(f"songs.id {past} ?")
                parameters.append(after.id)
            else:
                clauses.append(f"({order.column} {past} ? OR ({order.column} = ? AND songs.id > ?))")
                parameters += [after.key, after.key, after.id]
        return f"{joined} WHERE {' AND '.join(clauses)}", parameters

    @property
    def column(self) -> str:
        """The column that is sorted by."""
        return _ORDERS[self.sort].column

    @property
    def order(self) -> str:
        """What follows ORDER BY."""
        order = _ORDERS[self.sort]
        direction = "DESC" if order.falling else "ASC"
        return f"{order.column} {direction}" + ("" if order.column == "songs.id" else ", songs.id")

    def cursor(self, place: Place) -> str:
        """What stands for the songs after ``place``: an id where they are newest first, as it always was."""
        if self.sort == "newest":
            return place.id
        packed = json.dumps([self.sort, place.key, place.id], ensure_ascii=False).encode()
        return _OF_SORT + base64.urlsafe_b64encode(packed).decode().rstrip("=")

    def after(self, cursor: str) -> Place | None:
        """The place that ``cursor`` made. Raises ``InvalidRequest`` for one of another order."""
        if not cursor:
            return None
        if self.sort == "newest" and not cursor.startswith(_OF_SORT):
            return Place(cursor, cursor)
        try:
            if len(cursor) > _LONGEST_CURSOR:
                raise ValueError("it is too long")
            packed = cursor.removeprefix(_OF_SORT)
            made = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
            sort, key, song_id = json.loads(made)
            if sort != self.sort or not isinstance(song_id, str) or not isinstance(key, str | int | float):
                raise ValueError("it is of another order")
            f"{key}{song_id}".encode()  # raises for what is no Unicode
            if isinstance(key, int) and abs(key) > _LARGEST:
                raise ValueError("no table has such a number")
        except (ValueError, TypeError, RecursionError) as error:
            fix = "send `next_cursor` of the page before, with the `sort` that it had"
            raise InvalidRequest("cursor", cursor, fix) from error
        return Place(key, song_id)

    def _marks(self) -> list[tuple[Kind, str]]:
        wanted: list[tuple[Kind, str]] = [("metadata", pair) for pair in self.metadata]
        if self.genre:
            wanted.append(("genre", folded(self.genre)))
        if self.tag:
            wanted.append(("tag", folded(self.tag)))
        return wanted


def marks_of(entry: Entry) -> Iterable[tuple[Kind, str]]:
    """What a song can be filtered by, as the table keeps it."""
    yield from (("genre", folded(genre)) for genre in entry.genres)
    yield from (("tag", folded(tag)) for tag in entry.tags)
    yield from (("metadata", f"{key}:{value}") for key, value in entry.metadata.items())


def title_key(title: str) -> str:
    """By what a title is sorted: without regard to case and accents; a song without one comes last."""
    plain = unicodedata.normalize("NFKD", title.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))[:_TITLE_CHARACTERS].strip() or _NO_TITLE


def folded(text: str) -> str:
    """``text`` in one case and without spaces around it."""
    return text.strip().casefold()


def selected(
    db: sqlite3.Connection, selection: Selection, after: Place | None, most: int, passed: int = 0
) -> list[Place]:
    """The next ``most`` songs of ``selection`` after ``passed`` others, with their places.

    It reads so many rows of the order's own
    index, and of others what the narrowest filter leaves."""
    rest, parameters = selection.query(after)
    query = (
        f"SELECT {selection.column}, songs.id FROM songs{rest} ORDER BY {selection.order} LIMIT ? OFFSET ?"
    )
    return [Place(*row) for row in db.execute(query, (*parameters, most, passed))]


def counted(db: sqlite3.Connection, selection: Selection) -> int:
    """How many songs it has."""
    rest, parameters = selection.query()
    return int(db.execute(f"SELECT count(*) FROM songs{rest}", parameters).fetchone()[0])
