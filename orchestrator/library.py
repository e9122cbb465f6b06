"""The library is the store itself: a folder of objects a song, its manifest among them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import ValidationError

from config.errors import NotFound, StoreUnavailable
from orchestrator.manifest import Song
from storage.contract import Store, read

_PREFIX = "songs/"
_MANIFEST = "/song.json"
_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{15}")


class Library:
    """Songs by id in a store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def save(self, song: Song) -> Song:
        """Writes the manifest, whole or not at all, and gives the song back."""
        self.store.put(manifest_key(song.id), song.model_dump_json(indent=2).encode(), "application/json")
        return song

    def load(self, song_id: str) -> Song:
        """Raises ``NotFound`` for an id that is not in the library, or is not an id at all."""
        if not _ID.fullmatch(song_id):
            raise NotFound("song", song_id, "an id has 15 letters and digits: see 'songwright list'")
        try:
            data = read(self.store, manifest_key(song_id))
        except NotFound as error:
            raise NotFound("song", song_id, "see 'songwright list'") from error
        try:
            return Song.model_validate_json(data)
        except ValidationError as error:
            raise StoreUnavailable(
                f"the manifest of song {song_id} cannot be read ({error.error_count()} errors)",
                f"restore {manifest_key(song_id)} from a backup, or delete its folder",
            ) from error

    def ids(self) -> Iterator[str]:
        """The ids of all songs, newest first."""
        for key in self.store.list(_PREFIX):
            if key.endswith(_MANIFEST):
                yield key[len(_PREFIX) : -len(_MANIFEST)]

    def songs(self) -> Iterator[Song]:
        """All songs, newest first."""
        return (self.load(song_id) for song_id in self.ids())

    def delete(self, song_id: str) -> None:
        """Deletes the song's objects, its manifest first, so that no moment shows a whole song with parts
        missing."""
        self.load(song_id)
        self.store.delete(manifest_key(song_id))
        for key in list(self.store.list(f"{_PREFIX}{song_id}/")):
            self.store.delete(key)


def asset_key(song_id: str, name: str) -> str:
    """The key of one of a song's objects ("audio.wav", "stems/bass.flac")."""
    return f"{_PREFIX}{song_id}/{name}"


def manifest_key(song_id: str) -> str:
    return asset_key(song_id, "song.json")
