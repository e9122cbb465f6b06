"""Finds the songs of earlier requests: a retry with its ``Idempotency-Key``, or the same request with the
same seed.

Each request is an object of the store that names the songs. It outlives the process, and all services that
share the store share it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress

from pydantic import BaseModel, ConfigDict, ValidationError

from config.errors import Conflict, NotFound, Unreadable
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.library_threads import LibraryThreads
from orchestrator.songs.manifest import GIVEN, PHOTO, Song, Status
from storage.contract import read

log = logging.getLogger(__name__)

_KEYS = "idempotency/"
_CACHE = "cache/"
_LARGEST_ENTRY_BYTES = 10_000


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True)

    song_ids: tuple[str, ...]
    request: str
    """The digest of the request."""


class Reuse:
    """Finds the songs of earlier requests. All methods but ``claim`` block on the store."""

    def __init__(self, library: Library, engines: Callable[[], dict[str, str]]) -> None:
        """``engines`` returns the identities of the engines in use, by craft."""
        self._library = library
        self._engines = engines
        self._claimed: dict[str, asyncio.Lock] = {}

    def claim(self, name: str) -> asyncio.Lock:
        """A lock for requests with the same idempotency name. The second waits until the first is stored."""
        if len(self._claimed) > 1000:
            self._claimed = {kept: lock for kept, lock in self._claimed.items() if lock.locked()}
        return self._claimed.setdefault(name, asyncio.Lock())

    def of_key(self, name: str, request: str, former: Iterable[str] = ()) -> list[Song] | None:
        """The songs of this idempotency name, or of one of its ``former`` names. Raises ``Conflict`` if it
        came with another request then."""
        for known in (name, *former):
            entry = self._load(_KEYS + known)
            songs = self._songs(entry) if entry else None
            # Each former name belongs to one token: another request there is another client's key.
            if entry and songs and (known == name or entry.request == request):
                if entry.request != request:
                    raise Conflict("this Idempotency-Key came with another request before", "send a new key")
                return songs
        return None

    def keep_key(self, name: str, request: str, songs: list[Song]) -> None:
        """Stores the name of ``songs`` before the songs themselves, so that no song is ever without it. A
        name whose songs are missing is ignored."""
        self._save(_KEYS + name, _Entry(song_ids=tuple(song.id for song in songs), request=request))

    def of_request(self, brief: Brief, is_made: Callable[[str], bool] | None = None) -> list[Song] | None:
        """The songs of the same brief, if the engines that made them are in use now. Each of them is done,
        or is being made: ``is_made`` returns whether somebody makes an unfinished song."""
        now = self._engines()
        entry = self._load(_CACHE + digest(brief.model_dump_json()))
        songs = self._songs(entry) if entry else None

        def made(song: Song) -> bool:
            return not song.status.finished and is_made is not None and is_made(song.id)

        if entry and songs and not all(song.status is Status.DONE or made(song) for song in songs):
            songs = self._songs(entry)  # one may have ended since
        if songs and all(
            (song.status is Status.DONE or made(song)) and _made_by(song).items() <= now.items()
            for song in songs
        ):
            return songs
        return None

    def claim_request(self, brief: Brief) -> asyncio.Lock:
        """As ``claim``, for requests with the same brief."""
        return self.claim(_CACHE + digest(brief.model_dump_json()))

    def begin_request(self, songs: list[Song]) -> None:
        """Stores the request of new songs before the songs themselves, so that the same request finds them
        while they are made."""
        self._save_request(songs[0])

    def keep_request(self, song: Song) -> None:
        """Stores the request of this song once all of its songs are done, unless it is stored already: see
        ``begin_request``."""
        siblings = [song if other == song.id else self._library.load(other) for other in song.sibling_ids]
        if all(sibling.status is Status.DONE for sibling in siblings):
            entry = self._load(_CACHE + digest(song.brief.model_dump_json()))
            if entry is None or entry.song_ids != song.sibling_ids:
                self._save_request(song)

    def forget(self, song: Song) -> None:
        """Deletes the entries that name a deleted song."""
        names = [_CACHE + digest(song.brief.model_dump_json())]
        if song.idempotency:
            names.append(_KEYS + song.idempotency)
        for name in names:
            entry = self._load(name)
            if entry and song.id in entry.song_ids:
                self._library.store.delete(name)

    def _save_request(self, song: Song) -> None:
        entry = _Entry(song_ids=song.sibling_ids, request="")
        self._save(_CACHE + digest(song.brief.model_dump_json()), entry)

    def _songs(self, entry: _Entry) -> list[Song] | None:
        # If a song is damaged, the request is made again.
        with suppress(NotFound, Unreadable):
            return [self._library.load(song_id) for song_id in entry.song_ids]
        return None

    def _load(self, key: str) -> _Entry | None:
        # Without a readable entry the request counts as new; the songs themselves are safe.
        with suppress(NotFound, Unreadable, ValidationError):
            return _Entry.model_validate_json(read(self._library.store, key, _LARGEST_ENTRY_BYTES))
        return None

    def _save(self, key: str, entry: _Entry) -> None:
        self._library.store.put(key, entry.model_dump_json().encode(), "application/json")


class StoringRequests:
    """Stores the requests of finished songs in the background, so that a repeated request finds the song.
    Used in the event loop."""

    def __init__(self, reuse: Reuse, threads: LibraryThreads) -> None:
        self._reuse = reuse
        self._threads = threads
        self._tasks: set[asyncio.Task[None]] = set()

    def keep(self, song: Song) -> None:
        """Begins to store the request of a song that has ended."""
        if song.status is Status.DONE:
            task = asyncio.get_running_loop().create_task(self._threads.run(self._reuse.keep_request, song))
            self._tasks.add(task)
            task.add_done_callback(self._stored)

    async def stored(self) -> None:
        """Waits until all are stored."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _stored(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if error := task.exception():
            # The song itself is stored; only a repeated request does not find it.
            log.warning("the request was not remembered: %s", error)


def digest(*parts: str) -> str:
    """A name for a request that reveals nothing of it."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _made_by(song: Song) -> dict[str, str]:
    engines = song.engines.items()
    return {craft: facts.identity for craft, facts in engines if facts.name not in (GIVEN, PHOTO)}
