"""The library of songs. Each song is a folder of objects in the store, its manifest among them."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from config.errors import NotFound, Unreadable
from orchestrator.songs.manifest import Asset, Song, id_time
from orchestrator.songs.reading import LARGEST_BYTES, song_of, unreadable
from storage.contract import Store, read, too_large

log = logging.getLogger(__name__)

_PREFIX = "songs/"
_OPEN = "open/"
_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{15}")


@dataclass(frozen=True)
class Damaged:
    """A song whose manifest cannot be read, and why."""

    id: str
    reason: str

    @property
    def created_at(self) -> datetime:
        """The time in its id."""
        return id_time(self.id)


class Library:
    """Songs by id in a store.

    A song that cannot be read harms no other: it is listed as ``Damaged``, skipped elsewhere (with one line
    in the log), and can be deleted.

    A song that is not settled also has an empty object ``open/<id>``: a restart finds the songs to resume
    without reading the whole library.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._marked: set[str] = set()
        self._reported: set[str] = set()

    def save(self, song: Song) -> Song:
        """Writes the whole manifest atomically, and returns the song."""
        if not song.settled:
            self.mark(song.id)
        self.store.put(manifest_key(song.id), _manifest_json(song), "application/json")
        if song.settled:
            self._close(song.id)
        return song

    def version(self, song_id: str) -> tuple[Song, str]:
        """As ``load``, with the etag of the version, for ``save_if``."""
        _check_id(song_id)
        with _errors_naming(song_id):
            version = self.store.version(manifest_key(song_id))
            if len(version.data) > LARGEST_BYTES:
                raise too_large(manifest_key(song_id), LARGEST_BYTES)
        return song_of(song_id, version.data), version.etag

    def save_if(self, song: Song, etag: str | None) -> str:
        """Writes the manifest if the stored version still has ``etag``; with None, the first one of a new
        song. Returns the new etag, or an empty string if another process has written since."""
        key = manifest_key(song.id)
        if etag is None:
            self.mark(song.id)
        saved = self.store.put_if(key, _manifest_json(song), "application/json", etag=etag)
        if saved and song.settled:
            self._close(song.id)
        return saved

    def mark(self, song_id: str) -> None:
        """Records that a song is not settled. Called before its first object is stored, so that objects
        without a manifest can be found and deleted."""
        if song_id not in self._marked:
            self.store.put(_OPEN + song_id, b"", "application/octet-stream")
            self._marked.add(song_id)

    def take_back(self, song_id: str) -> None:
        """Undoes the first ``save`` of a song, complete or not, and deletes what was stored before it."""
        self.store.delete(manifest_key(song_id))
        self._delete_rest(song_id)
        self._close(song_id)

    def load(self, song_id: str) -> Song:
        """The song's manifest. Raises ``NotFound`` for an id that is not in the library or is no id, and
        ``Unreadable`` for a damaged song."""
        _check_id(song_id)
        with _errors_naming(song_id):
            data = read(self.store, manifest_key(song_id), LARGEST_BYTES)
        return song_of(song_id, data)

    def load_or_skip(self, song_id: str) -> Song | None:
        """The song; None if it is being deleted or is damaged. A damaged song is logged once."""
        try:
            return self.load(song_id)
        except NotFound:
            return None
        except Unreadable as error:
            self._report(song_id, error)
            return None

    def ids(self, after: str = "") -> Iterator[str]:
        """The ids of all songs, newest first; with ``after``, only the older ones."""
        start = f"{_PREFIX}{after}/" if after else ""
        before = ""
        for entry in self.store.list(_PREFIX, after=start, shallow=True):
            song_id = entry.removeprefix(_PREFIX).removesuffix("/")
            # Not only folders: another object that is named by an id is a damaged song.
            if _ID.fullmatch(song_id) and song_id != before:
                before = song_id
                yield song_id

    def entries(self, after: str = "") -> Iterator[Song | Damaged]:
        """All songs, damaged ones too, newest first; with ``after``, only the older ones."""
        for song_id in self.ids(after):
            try:
                yield self.load(song_id)
            except Unreadable as error:
                yield Damaged(song_id, error.what)
            except NotFound:
                # A folder without a manifest is a song that is being deleted, or that was not accepted.
                continue

    def songs(self, after: str = "") -> Iterator[Song]:
        """All readable songs, newest first; with ``after``, only the older ones."""
        loaded = (self.load_or_skip(song_id) for song_id in self.ids(after))
        return (song for song in loaded if song is not None)

    def find(self, text: str) -> str:
        """The only id that starts with ``text``, else ``text`` itself; for "latest", the id of the newest
        readable song."""
        if text == "latest":
            song = next(self.songs(), None)
            if song is None:
                raise NotFound("song", text, "the library is empty: 'songwright make' makes the first")
            return song.id
        matches = [known for known in self.ids() if known.startswith(text)] if text else []
        return matches[0] if len(matches) == 1 else text

    def unsettled(self, storing: timedelta = timedelta()) -> Iterator[Song]:
        """Songs that are not settled, oldest first. Objects of a song without a manifest are deleted once
        they are older than ``storing``, the time that storing a new song may take. Foreign objects and
        damaged songs stay."""
        for key in reversed(list(self.store.list(_OPEN))):
            song_id = key[len(_OPEN) :]
            if not _ID.fullmatch(song_id):
                continue
            try:
                song = self.load(song_id)
            except NotFound:
                # By the clock of the process that accepted the song; the store's may be hours off.
                if storing and datetime.now(UTC) - id_time(song_id) < storing:
                    continue
                # The process ended between this mark and the manifest, or while it deleted the song.
                self._delete_rest(song_id)
                self._close(song_id)
                continue
            except Unreadable as error:
                self._report(song_id, error)
                continue
            if song.settled:
                self._close(song_id)
            else:
                yield song

    def sweep(self, song_id: str) -> None:
        """Deletes half-written files of a killed process for this song. Only its owner may call this."""
        self.store.sweep(f"{_PREFIX}{song_id}/")

    def delete(self, song_id: str) -> None:
        """Deletes the song's objects, its manifest first, so that no reader sees a finished song without its
        parts. Of a damaged song, everything in its folder is deleted."""
        try:
            finished = self.load(song_id).status.finished
        except Unreadable:
            finished = False
        self.store.put(_OPEN + song_id, b"", "application/octet-stream")  # so that a restart finds the rest
        self.store.delete(manifest_key(song_id))
        if not finished:
            self.sweep(song_id)
        self._delete_rest(song_id)
        self._close(song_id)
        self._reported.discard(song_id)

    def _delete_rest(self, song_id: str) -> None:
        """Deletes the objects of a song without a manifest."""
        folder = f"{_PREFIX}{song_id}/"
        if manifest_key(song_id) not in self.store.list(folder):  # else another process has just stored it
            self.store.delete_below(folder)

    def _close(self, song_id: str) -> None:
        self.store.delete(_OPEN + song_id)
        self._marked.discard(song_id)

    def _report(self, song_id: str, error: Unreadable) -> None:
        """Logs each damaged song once."""
        if song_id not in self._reported:
            self._reported.add(song_id)
            log.warning("%s", error, extra={"song_id": song_id})


def has_songs(store: Store) -> bool:
    """Whether ``store`` holds any song, or a part of one."""
    return next(iter(store.list(_PREFIX, shallow=True)), None) is not None


def put_asset(store: Store, song_id: str, name: str, data: bytes, content_type: str) -> Asset:
    """Stores one object of a song and returns its facts."""
    key = asset_key(song_id, name)
    store.put(key, data, content_type)
    digest = hashlib.sha256(data).hexdigest()
    return Asset(key=key, content_type=content_type, size_bytes=len(data), sha256=digest)


def asset_key(song_id: str, name: str) -> str:
    """The key of one of a song's objects ("audio.wav", "stems/bass.flac")."""
    return f"{_PREFIX}{song_id}/{name}"


def manifest_key(song_id: str) -> str:
    return asset_key(song_id, "song.json")


def _manifest_json(song: Song) -> bytes:
    return song.model_dump_json(indent=2).encode()


def _check_id(song_id: str) -> None:
    if not _ID.fullmatch(song_id):
        raise NotFound("song", song_id, "an id has 15 letters and digits: see 'songwright list'")


@contextmanager
def _errors_naming(song_id: str) -> Iterator[None]:
    """Raises the store's errors about a manifest with the id of the song."""
    try:
        yield
    except NotFound as error:
        raise NotFound("song", song_id, "see 'songwright list'") from error
    except Unreadable as error:
        raise unreadable(song_id, error.what) from error
