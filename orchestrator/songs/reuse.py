"""Requests that were answered before: a retry with its ``Idempotency-Key``, and the same request with the
same seed.

Each is an object of the store that names the songs, so that it outlives the process and is shared where the
store is.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress

from pydantic import BaseModel, ConfigDict, ValidationError

from config.errors import Conflict, NotFound, Unreadable
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import GIVEN, PHOTO, Song, Status
from storage.contract import read

_KEYS = "idempotency/"
_CACHE = "cache/"
_LARGEST_NOTE_BYTES = 10_000


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)

    song_ids: tuple[str, ...]
    request: str
    """The digest of what was asked."""


class Reuse:
    """Finds the songs of earlier requests. Its calls block on the store, ``claim`` apart."""

    def __init__(self, library: Library, engines: Callable[[], dict[str, str]]) -> None:
        """``engines`` tells by craft the identity of the engine in use."""
        self._library = library
        self._engines = engines
        self._claimed: dict[str, asyncio.Lock] = {}

    def claim(self, name: str) -> asyncio.Lock:
        """A lock for requests with the same idempotency name: the second waits until the first is stored."""
        if len(self._claimed) > 1000:
            self._claimed = {kept: lock for kept, lock in self._claimed.items() if lock.locked()}
        return self._claimed.setdefault(name, asyncio.Lock())

    def of_key(self, name: str, request: str, former: Iterable[str] = ()) -> list[Song] | None:
        """The songs that were made for this idempotency name, or for one of its ``former`` names. Raises
        ``Conflict`` if it came with another request then."""
        for known in (name, *former):
            answer = self._load(_KEYS + known)
            songs = self._songs(answer) if answer else None
            # Of the former, each a token's own, another's request is another's key.
            if answer and songs and (known == name or answer.request == request):
                if answer.request != request:
                    raise Conflict("this Idempotency-Key came with another request before", "send a new key")
                return songs
        return None

    def keep_key(self, name: str, request: str, songs: list[Song]) -> None:
        """Stored before the songs are, so that no song is ever without it: a name whose songs are missing
        counts for nothing."""
        self._save(_KEYS + name, _Answer(song_ids=tuple(song.id for song in songs), request=request))

    def of_request(self, brief: Brief) -> list[Song] | None:
        """The finished songs of the same brief, made by the engines in use now."""
        now = self._engines()
        answer = self._load(_CACHE + digest(brief.model_dump_json()))
        songs = self._songs(answer) if answer else None
        if songs and all(
            song.status is Status.DONE and _made_by(song).items() <= now.items() for song in songs
        ):
            return songs
        return None

    def keep_request(self, song: Song) -> None:
        """Remembers the songs of this one's request once all of them are done."""
        siblings = [song if other == song.id else self._library.load(other) for other in song.sibling_ids]
        if all(sibling.status is Status.DONE for sibling in siblings):
            answer = _Answer(song_ids=song.sibling_ids, request="")
            self._save(_CACHE + digest(song.brief.model_dump_json()), answer)

    def forget(self, song: Song) -> None:
        """Forgets what would lead to a song that is deleted."""
        names = [_CACHE + digest(song.brief.model_dump_json())]
        if song.idempotency:
            names.append(_KEYS + song.idempotency)
        for name in names:
            answer = self._load(name)
            if answer and song.id in answer.song_ids:
                self._library.store.delete(name)

    def _songs(self, answer: _Answer) -> list[Song] | None:
        # A song that is damaged answers nothing any more: it is made anew.
        with suppress(NotFound, Unreadable):
            return [self._library.load(song_id) for song_id in answer.song_ids]
        return None

    def _load(self, key: str) -> _Answer | None:
        # A note that is missing or damaged is a request not seen before; the songs themselves are safe.
        with suppress(NotFound, Unreadable, ValidationError):
            return _Answer.model_validate_json(read(self._library.store, key, _LARGEST_NOTE_BYTES))
        return None

    def _save(self, key: str, answer: _Answer) -> None:
        self._library.store.put(key, answer.model_dump_json().encode(), "application/json")


def digest(*parts: str) -> str:
    """A name for what was asked that tells nothing of it."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _made_by(song: Song) -> dict[str, str]:
    engines = song.engines.items()
    return {craft: facts.identity for craft, facts in engines if facts.name not in (GIVEN, PHOTO)}
