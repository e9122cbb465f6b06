"""The library is the store itself: a folder of objects a song, its manifest among them."""

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
        """As its id tells."""
        return id_time(self.id)


class Library:
    """Songs by id in a store.

    One that cannot be read costs itself: it is listed as ``Damaged``, left out where songs are worked with
    (with one line in the log), and can be deleted.

    A song that is not settled has an empty object ``open/<id>`` as well: what a restart has to take up is
    found without reading the whole library.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._opened: set[str] = set()
        self._reported: set[str] = set()

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
        with _translated(song_id):
            version = self.store.version(manifest_key(song_id))
            if len(version.data) > LARGEST_BYTES:
                raise too_large(manifest_key(song_id), LARGEST_BYTES)
        return song_of(song_id, version.data), version.etag

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
        """Raises ``NotFound`` for an id that is not in the library, or is not an id at all, and
        ``Unreadable`` for a song that is damaged."""
        _check_id(song_id)
        with _translated(song_id):
            data = read(self.store, manifest_key(song_id), LARGEST_BYTES)
        return song_of(song_id, data)

    def load_or_skip(self, song_id: str) -> Song | None:
        """The song, or None where it is being deleted or is damaged, of which the log has a line."""
        try:
            return self.load(song_id)
        except NotFound:
            return None
        except Unreadable as error:
            self._report(song_id, error)
            return None

    def ids(self, after: str = "") -> Iterator[str]:
        """The ids of all songs, newest first; those older than ``after``, where it is given."""
        start = f"{_PREFIX}{after}/" if after else ""
        before = ""
        for entry in self.store.list(_PREFIX, after=start, shallow=True):
            song_id = entry.removeprefix(_PREFIX).removesuffix("/")
            # Not only folders: what else has an id for its name is a song that is damaged.
            if _ID.fullmatch(song_id) and song_id != before:
                before = song_id
                yield song_id

    def entries(self, after: str = "") -> Iterator[Song | Damaged]:
        """All songs, damaged ones too, newest first; those older than ``after``, where it is given."""
        for song_id in self.ids(after):
            try:
                yield self.load(song_id)
            except Unreadable as error:
                yield Damaged(song_id, error.what)
            except NotFound:
                # A folder without a manifest is a song that is being deleted, or was not accepted any more.
                continue

    def songs(self, after: str = "") -> Iterator[Song]:
        """All songs that can be read, newest first; those older than ``after``, where it is given."""
        loaded = (self.load_or_skip(song_id) for song_id in self.ids(after))
        return (song for song in loaded if song is not None)

    def find(self, text: str) -> str:
        """The id that ``text`` is, or the only one that starts so, or ``text`` as it is; "latest" is that of
        the newest song that can be read."""
        if text == "latest":
            song = next(self.songs(), None)
            if song is None:
                raise NotFound("song", text, "the library is empty: 'songwright make' makes the first")
            return song.id
        matches = [known for known in self.ids() if known.startswith(text)] if text else []
        return matches[0] if len(matches) == 1 else text

    def unsettled(self, beginning: timedelta = timedelta()) -> Iterator[Song]:
        """Songs that something is left to do for, oldest first. What is there of a song without a manifest is
        cleared away, once it is older than a song takes in ``beginning``. Foreign objects and damaged songs
        are left alone."""
        for key in reversed(list(self.store.list(_OPEN))):
            song_id = key[len(_OPEN) :]
            if not _ID.fullmatch(song_id):
                continue
            try:
                song = self.load(song_id)
            except NotFound:
                # By the clock of whoever accepted the song, which the store's may be hours from.
                if beginning and datetime.now(UTC) - id_time(song_id) < beginning:
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
        """Takes away what a killed process has left of half a write for this song, which nobody else makes
        now."""
        self.store.sweep(f"{_PREFIX}{song_id}/")

    def delete(self, song_id: str) -> None:
        """Deletes the song's objects, its manifest first, so that no moment shows a whole song with parts
        missing. A song that is damaged goes with whatever is in its place."""
        try:
            finished = self.load(song_id).status.finished
        except Unreadable:
            finished = False
        self.store.put(_OPEN + song_id, b"", "application/octet-stream")  # by which a restart finds the rest
        self.store.delete(manifest_key(song_id))
        if not finished:
            self.sweep(song_id)
        self._delete_rest(song_id)
        self._close(song_id)
        self._reported.discard(song_id)

    def _delete_rest(self, song_id: str) -> None:
        """Deletes the objects of a song that has no manifest any more."""
        folder = f"{_PREFIX}{song_id}/"
        if manifest_key(song_id) not in self.store.list(folder):  # else another process has just begun it
            self.store.delete_below(folder)

    def _close(self, song_id: str) -> None:
        self.store.delete(_OPEN + song_id)
        self._opened.discard(song_id)

    def _report(self, song_id: str, error: Unreadable) -> None:
        """One line in the log for each damaged song, however often it is met."""
        if song_id not in self._reported:
            self._reported.add(song_id)
            log.warning("%s", error, extra={"song_id": song_id})


def has_songs(store: Store) -> bool:
    """Whether there is any song in ``store``, or a part of one."""
    return next(iter(store.list(_PREFIX, shallow=True)), None) is not None


def put_asset(store: Store, song_id: str, name: str, data: bytes, content_type: str) -> Asset:
    """Stores one object of a song and gives its facts."""
    key = asset_key(song_id, name)
    store.put(key, data, content_type)
    digest = hashlib.sha256(data).hexdigest()
    return Asset(key=key, content_type=content_type, size_bytes=len(data), sha256=digest)


def asset_key(song_id: str, name: str) -> str:
    """The key of one of a song's objects ("audio.wav", "stems/bass.flac")."""
    return f"{_PREFIX}{song_id}/{name}"


def manifest_key(song_id: str) -> str:
    return asset_key(song_id, "song.json")


def _written(song: Song) -> bytes:
    return song.model_dump_json(indent=2).encode()


def _check_id(song_id: str) -> None:
    if not _ID.fullmatch(song_id):
        raise NotFound("song", song_id, "an id has 15 letters and digits: see 'songwright list'")


@contextmanager
def _translated(song_id: str) -> Iterator[None]:
    """Says of a manifest that is not there, or cannot be read, which song that is."""
    try:
        yield
    except NotFound as error:
        raise NotFound("song", song_id, "see 'songwright list'") from error
    except Unreadable as error:
        raise unreadable(song_id, error.what) from error
