"""The library of songs. Each song is a folder of objects in the store, its manifest among them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TypeVar

from config.errors import NotFound, Unreadable
from orchestrator.songs.index.bucket import BucketIndex
from orchestrator.songs.index.entry import Entry, changing_facts, entry_of, unreadable_entry
from orchestrator.songs.index.folder import FolderIndex
from orchestrator.songs.index.table import IndexTable, temporary_table
from orchestrator.songs.manifest import Asset, Song, id_time
from orchestrator.songs.reading import LARGEST_BYTES, Damaged, errors_naming, is_id, song_of
from storage.contract import Store, read, too_large
from storage.local import LocalStore

T = TypeVar("T")
log = logging.getLogger(__name__)

_PREFIX = "songs/"
_OPEN = "open/"
_READS_AT_ONCE = 24  # in a bucket each is a request of its own


class Library:
    """Songs by id in a store.

    A song that cannot be read harms no other: it is listed as ``Damaged``, skipped elsewhere (with one line
    in the log), and can be deleted.

    A song that is not settled also has an empty object ``open/<id>``: a restart finds the songs to resume
    without reading the whole library. The mark goes only when the index has the song's last facts.
    """

    def __init__(self, store: Store, table: Path | None = None) -> None:
        """``table`` is the file in which this machine copies the index of a bucket. Without one that is a
        temporary file of this process."""
        self.store = store
        self.index: FolderIndex | BucketIndex
        if isinstance(store, LocalStore):
            self.index = FolderIndex(store, is_id, self.load)
        else:
            kept = IndexTable(table) if table else temporary_table()
            self.index = BucketIndex(store, kept, self._entries, self.ids, self.open_ids)
        self._marked: set[str] = set()
        self._noted: dict[str, object] = {}  # what the index knows of songs that are not settled
        self._reported: set[str] = set()

    def save(self, song: Song) -> Song:
        """Writes the whole manifest atomically, and returns the song."""
        if not song.settled:
            self.mark(song.id)
        self.store.put(manifest_key(song.id), _manifest_json(song), "application/json")
        self._note(song)
        return song

    def version(self, song_id: str) -> tuple[Song, str]:
        """As ``load``, with the etag of the version, for ``save_if``."""
        _check_id(song_id)
        with errors_naming(song_id):
            version = self.store.version(manifest_key(song_id))
            if len(version.data) > LARGEST_BYTES:
                raise too_large(manifest_key(song_id), LARGEST_BYTES)
        return song_of(song_id, version.data), version.etag

    def save_if(self, song: Song, etag: str | None) -> str:
        """Writes the manifest if the stored version still has ``etag``; with None, the first one of a new
        song. Returns the new etag, or an empty string if another process has written since."""
        if etag is None:
            self.mark(song.id)
        saved = self.store.put_if(manifest_key(song.id), _manifest_json(song), "application/json", etag=etag)
        if saved:
            self._note(song)
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
        self._forget(song_id)

    def load(self, song_id: str) -> Song:
        """The song's manifest. Raises ``NotFound`` for an id that is not in the library or is no id, and
        ``Unreadable`` for a damaged song."""
        _check_id(song_id)
        with errors_naming(song_id):
            data = read(self.store, manifest_key(song_id), LARGEST_BYTES)
        return song_of(song_id, data)

    def load_or_skip(self, song_id: str) -> Song | None:
        """The song; None if it is being deleted or is damaged. A damaged song is logged once."""
        try:
            return self.load(song_id)
        except NotFound:
            return None
        except Unreadable as error:
            self._report(song_id, str(error))
            return None

    def ids(self, after: str = "") -> Iterator[str]:
        """The ids of all songs, newest first; with ``after``, only the older ones."""
        start = f"{_PREFIX}{after}/" if after else ""
        before = ""
        for entry in self.store.list(_PREFIX, after=start, shallow=True):
            song_id = entry.removeprefix(_PREFIX).removesuffix("/")
            # Not only folders: another object that is named by an id is a damaged song.
            if is_id(song_id) and song_id != before:
                before = song_id
                yield song_id

    def entries(self, after: str = "") -> Iterator[Song | Damaged]:
        """All songs, damaged ones too, newest first; with ``after``, only the older ones."""
        for some in _batches(self.ids(after)):
            # A folder without a manifest is a song that is being deleted, or that was not accepted.
            yield from (song for song in self.load_all(some) if song is not None)

    def songs(self, after: str = "") -> Iterator[Song]:
        """All readable songs, newest first; with ``after``, only the older ones."""
        for some in _batches(self.ids(after)):
            yield from (song for song in self.reading(self.load_or_skip, some) if song is not None)

    def load_all(self, song_ids: Sequence[str]) -> list[Song | Damaged | None]:
        """These songs, damaged ones too, in the same order; None for those that are not there."""
        return self.reading(self._load_any, song_ids)

    def reading(self, read: Callable[[str], T], song_ids: Sequence[str]) -> list[T]:
        """``read`` of each song, in the same order; in a bucket, of several at once."""
        if isinstance(self.store, LocalStore) or len(song_ids) < 2:
            return [read(song_id) for song_id in song_ids]
        with ThreadPoolExecutor(min(_READS_AT_ONCE, len(song_ids)), "manifests") as threads:
            return list(threads.map(read, song_ids))

    def open_ids(self) -> list[str]:
        """The ids of songs that are not settled, newest first."""
        marks = (key[len(_OPEN) :] for key in self.store.list(_OPEN))
        return [song_id for song_id in marks if is_id(song_id)]

    def unsettled(self, storing: timedelta = timedelta()) -> Iterator[Song]:
        """Songs that are not settled, oldest first. Objects of a song without a manifest are deleted once
        they are older than ``storing``, the time that storing a new song may take. Foreign objects and
        damaged songs stay."""
        return (song for song, _ in self.unsettled_versions(storing))

    def unsettled_versions(self, storing: timedelta = timedelta()) -> Iterator[tuple[Song, str]]:
        """As ``unsettled``, each with its etag, for ``save_if``."""
        for some in _batches(reversed(self.open_ids())):
            for song_id, found in zip(some, self.reading(self._version_any, some), strict=True):
                song, etag = found
                if song is None:
                    # By the clock of the process that accepted the song; the store's may be hours off.
                    if storing and datetime.now(UTC) - id_time(song_id) < storing:
                        continue
                    # The process ended between this mark and the manifest, or while it deleted the song.
                    self._delete_rest(song_id)
                    self._forget(song_id)
                elif isinstance(song, Damaged):
                    self._report(song_id, song.reason)
                elif song.settled:
                    self._settle(song)
                else:
                    yield song, etag

    def sweep(self, song_id: str) -> None:
        """Deletes half-written files of a killed process for this song. Only its owner may call this."""
        self.store.sweep(f"{_PREFIX}{song_id}/")

    def sweep_unfinished(self, store: LocalStore) -> None:
        """Deletes half-written files of killed processes: in the folders of songs that are not settled, and
        outside all songs. There are none elsewhere."""
        store.sweep(leave_out=_PREFIX)
        for song_id in self.open_ids():
            self.sweep(song_id)

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
        self._forget(song_id)
        self._reported.discard(song_id)

    def _delete_rest(self, song_id: str) -> None:
        """Deletes the objects of a song without a manifest."""
        folder = f"{_PREFIX}{song_id}/"
        if manifest_key(song_id) not in self.store.list(folder):  # else another process has just stored it
            self.store.delete_below(folder)

    def _note(self, song: Song) -> None:
        """Tells the index of a song's first manifest, of each state, and of the last."""
        if song.settled:
            self._settle(song)
        elif self._noted.get(song.id) != (facts := changing_facts(song)):
            self._noted[song.id] = facts
            self.index.note(song)

    def _settle(self, song: Song) -> None:
        """Removes the mark of a settled song once the index has it. Without the index, the mark stays, and
        by it the song is found."""
        if self.index.note(song):
            self._close(song.id)
        else:
            self.mark(song.id)

    def _forget(self, song_id: str) -> None:
        """As ``_settle``, for a song that is not there any more."""
        if self.index.gone(song_id):
            self._close(song_id)

    def _load_any(self, song_id: str) -> Song | Damaged | None:
        return self._version_any(song_id)[0]

    def _version_any(self, song_id: str) -> tuple[Song | Damaged | None, str]:
        try:
            return self.version(song_id)
        except Unreadable as error:
            return Damaged(song_id, error.what), ""
        except NotFound:
            return None, ""

    def _entries(self, song_ids: Sequence[str]) -> list[Entry | None]:
        """The entries of songs by their manifests; None for those that are not there."""
        now_s = datetime.now(UTC).timestamp()

        def entry(song: Song | Damaged | None) -> Entry | None:
            if isinstance(song, Damaged):
                return unreadable_entry(song.id, now_s)
            return entry_of(song) if song else None

        return [entry(song) for song in self.load_all(song_ids)]

    def _close(self, song_id: str) -> None:
        self.store.delete(_OPEN + song_id)
        self._marked.discard(song_id)
        self._noted.pop(song_id, None)

    def _report(self, song_id: str, why: str) -> None:
        """Logs each damaged song once."""
        if song_id not in self._reported:
            self._reported.add(song_id)
            log.warning("%s", why, extra={"song_id": song_id})


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


def _batches(song_ids: Iterable[str]) -> Iterator[list[str]]:
    """A few first, for readers that want no more."""
    left, size = iter(song_ids), _READS_AT_ONCE
    while some := list(islice(left, size)):
        yield some
        size = 4 * _READS_AT_ONCE


def _check_id(song_id: str) -> None:
    if not is_id(song_id):
        raise NotFound("song", song_id, "an id has 15 letters and digits: see 'songwright list'")
