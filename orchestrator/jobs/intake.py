"""New songs into the library: all of a request, or none."""

from __future__ import annotations

import logging

from config.errors import SongwrightError
from orchestrator.pipeline.photos import keep_photo
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song

log = logging.getLogger("orchestrator.jobs.queue")


def save_all(library: Library, songs: list[Song], photo: bytes = b"") -> list[Song]:
    """Stores new songs, each with the ``photo`` that it is made from, all or none."""
    begun: list[Song] = []
    saved: list[Song] = []
    try:
        for song in songs:
            begun.append(song)
            whole = keep_photo(library, song, photo) if photo else song
            saved.append(library.save(whole))
    except BaseException:
        for song in begun:
            try:
                library.take_back(song.id)
            except SongwrightError as error:
                # The next start will make it, though nobody was told of it.
                log.error("song could not be taken back: %s", error, extra={"song_id": song.id})
        raise
    return saved
