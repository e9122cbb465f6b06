"""The library is the store itself: a folder of objects a song, its manifest among them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError

from config.errors import NotFound, StoreUnavailable
from orchestrator.manifest import Song
from storage.contract import Store, read

_PREFIX = "songs/"
_OPEN = "open/"
_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{15}")


class Library:
    """Songs by id in a store.

    A song that is not settled has an empty object ``open/<id>`` as well: what a restart has to take up is
    found without reading the whole library.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._opened: set[str] = set()

    def save(self, song: Song) -> Song:
        """Writes the manifest, whole or not at all, and gives the song back."""
        if not song.settled:
            self.mark(song.id)
        self.store.put(manifest_key(song.id), _written(song), "application/json")
        if song.settled:
            self._close(song.id)
        return song

    def version(self, song_id: str) -> tuple[Song, str]:
        """As ``load``, with the tag of what was read, for ``save_if``."""
        _check_id(song_id)
        with _missing(song_id):
            version = self.store.version(manifest_key(song_id))
        return _read(song_id, version.data), version.etag

    def save_if(self, song: Song, etag: str) -> str:
        """Writes the manifest if it is still the version with ``etag``; answers with the new version's, or
        with nothing where somebody else has written since."""
        key = manifest_key(song.id)
        saved = self.store.put_if(key, _written(song), "application/json", etag=etag)
        if saved and song.settled:
            self._close(song.id)
        return saved

    def mark(self, song_id: str) -> None:
        """Says that something is left to do for a song. Done before its first object is stored, so that one
        without a manifest is found and cleared away."""
        if song_id not in self._opened:
            self.store.put(_OPEN + song_id, b"", "application/octet-stream")
            self._opened.add(song_id)

    def take_back(self, song_id: str) -> None:
        """Undoes the first ``save`` of a song, and what was stored before it, however far that came."""
        self.store.delete(manifest_key(song_id))
        self._delete_rest(song_id)
        self._close(song_id)

    def load(self, song_id: str) -> Song:
        """Raises ``NotFound`` for an id that is not in the library, or is not an id at all."""
        _check_id(song_id)
        with _missing(song_id):
            data = read(self.store, manifest_key(song_id))
        return _read(song_id, data)

    def ids(self, after: str = "") -> Iterator[str]:
        """The ids of all songs, newest first; those older than ``after``, where it is given."""
        start = f"{_PREFIX}{after}/" if after else ""
        for folder in self.store.list(_PREFIX, after=start, shallow=True):
            song_id = folder[len(_PREFIX) : -1]
            if _ID.fullmatch(song_id) and folder.endswith("/"):
                yield song_id

    def songs(self, after: str = "") -> Iterator[Song]:
        """All songs, newest first; those older than ``after``, where it is given."""
        for song_id in self.ids(after):
            # A folder without a manifest is a song that is being deleted, or was not accepted any more.
            with suppress(NotFound):
                yield self.load(song_id)

    def unsettled(self, beginning: timedelta = timedelta()) -> Iterator[Song]:
        """Songs that something is left to do for, oldest first. What is there of a song without a manifest is
        cleared away, once it is older than a song takes in ``beginning``."""
        for key in reversed(list(self.store.list(_OPEN))):
            song_id = key[len(_OPEN) :]
            try:
                song = self.load(song_id)
            except NotFound:
                if self._younger(key, beginning):
                    continue
                # The process ended between this mark and the manifest, or while it deleted the song.
                self._delete_rest(song_id)
                self._close(song_id)
                continue
            if song.settled:
                self._close(song_id)
            else:
                yield song

    def sweep(self, song_id: str) -> None:
        """Takes away what a killed process has left of half a write for this song, which nobody else makes
        now."""
        self.store.sweep(f"{_PREFIX}{song_id}/")

    def delete(self, song_id: str) -> None:
        """Deletes the song's objects, its manifest first, so that no moment shows a whole song with parts
        missing."""
        finished = self.load(song_id).status.finished
        self.store.put(_OPEN + song_id, b"", "application/octet-stream")  # by which a restart finds the rest
        self.store.delete(manifest_key(song_id))
        if not finished:
            self.sweep(song_id)
        self._delete_rest(song_id)
        self._close(song_id)

    def _younger(self, key: str, age: timedelta) -> bool:
        try:
            return bool(age) and datetime.now(UTC) - self.store.stat(key).modified < age
        except NotFound:
            return True  # somebody has just seen to it

    def _delete_rest(self, song_id: str) -> None:
        """Deletes the objects of a song that has no manifest any more."""
        keys = list(self.store.list(f"{_PREFIX}{song_id}/"))
        if manifest_key(song_id) not in keys:  # else another process has just begun it
            for key in keys:
                self.store.delete(key)

    def _close(self, song_id: str) -> None:
        self.store.delete(_OPEN + song_id)
        self._opened.discard(song_id)


def has_songs(store: Store) -> bool:
    """Whether there is any song in ``store``, or a part of one."""
    return next(iter(store.list(_PREFIX, shallow=True)), None) is not None


def asset_key(song_id: str, name: str) -> str:
    """The key of one of a song's objects ("audio.wav", "stems/bass.flac")."""
    return f"{_PREFIX}{song_id}/{name}"


def manifest_key(song_id: str) -> str:
    return asset_key(song_id, "song.json")


def _written(song: Song) -> bytes:
    return song.model_dump_json(indent=2).encode()


def _read(song_id: str, data: bytes) -> Song:
    try:
        return Song.model_validate_json(data)
    except ValidationError as error:
        raise StoreUnavailable(
            f"the manifest of song {song_id} cannot be read ({error.error_count()} errors)",
            f"restore {manifest_key(song_id)} from a backup, or delete its folder",
        ) from error


def _check_id(song_id: str) -> None:
    if not _ID.fullmatch(song_id):
        raise NotFound("song", song_id, "an id has 15 letters and digits: see 'songwright list'")


@contextmanager
def _missing(song_id: str) -> Iterator[None]:
    """Says of a manifest that is not there that the song is not."""
    try:
        yield
    except NotFound as error:
        raise NotFound("song", song_id, "see 'songwright list'") from error
