"""Accepts new songs into a queue: as many as there is room for, and all songs of a request or none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from config.errors import Conflict, QueueFull, SongwrightError, Unavailable
from orchestrator.pipeline.inputs.photos import keep_photo
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status

log = logging.getLogger("orchestrator.jobs.queue")

STORING = timedelta(minutes=5)
"""The most time that storing a new song takes. Until then, objects without a manifest may belong to one."""


class SongTaken(Conflict):
    """There is a song with this id already."""


class Intake:
    """Limits how many songs wait. Used in the event loop's thread."""

    def __init__(self, limit: int, depth: Callable[[], int], retry_after_s: Callable[[], float]) -> None:
        """``limit`` is the most songs that may wait. ``depth`` returns how many wait, ``retry_after_s`` the
        seconds until a place is likely to be free."""
        self._limit = limit
        self._depth = depth
        self._retry_after_s = retry_after_s
        self._storing: dict[str, asyncio.Event] = {}  # set once the song waits, or is taken back
        self.closed = False
        """Whether the service is stopping and accepts no more songs."""

    def check_open(self) -> None:
        """Raises ``Unavailable`` if the service is stopping."""
        if self.closed:
            raise stopping()

    def check_room(self, count: int) -> None:
        """Raises ``QueueFull`` if there is no room for ``count`` more songs, ``Unavailable`` when
        stopping."""
        self.check_open()
        depth = self._depth() + len(self._storing)
        if depth + count > self._limit:
            raise QueueFull(depth, self._retry_after_s())

    @contextmanager
    def accepting(self, songs: list[Song]) -> Iterator[None]:
        """Reserves the places of ``songs`` while they are stored and join the queue; raises as ``check_room``
        does."""
        self.check_room(len(songs))
        accepted = asyncio.Event()
        self._storing.update((song.id, accepted) for song in songs)
        try:
            yield
        finally:
            for song in songs:
                del self._storing[song.id]
            accepted.set()

    def __contains__(self, song_id: object) -> bool:
        return song_id in self._storing

    async def accepted(self, song_id: str) -> None:
        """Waits while the song is being accepted. Its manifest may be read before it is in the queue, and
        would then look like another process's song."""
        if accepted := self._storing.get(song_id):
            await accepted.wait()


def save_all(library: Library, songs: list[Song], photo: bytes = b"") -> list[Song]:
    """Stores new songs, each with its ``photo`` if there is one. Stores all or none."""
    begun: list[Song] = []
    saved: list[Song] = []
    try:
        for song in songs:
            begun.append(song)
            whole = keep_photo(library, song, photo) if photo else song
            if not library.save_if(whole, None):
                begun.remove(song)  # the other one's
                raise SongTaken(f"there is a song {song.id} already", "send the request again")
            saved.append(whole)
    except BaseException:
        for song in begun:
            try:
                library.take_back(song.id)
            except SongwrightError as error:
                # The next start makes the song, although its client got an error.
                log.error("song could not be taken back: %s", error, extra={"song_id": song.id})
        raise
    return saved


def stopping() -> Unavailable:
    """The error of every call while the service stops."""
    return Unavailable("the service is stopping", "songs are kept and go on when it starts again: ask then")


def checked_cancelled(song: Song) -> Song:
    """``song`` if it is cancelled. Raises ``Conflict`` if it has ended in another way."""
    if song.status is not Status.CANCELLED:
        raise Conflict(f"song {song.id} is {song.status} already", "delete it if you do not want it")
    return song


def made_elsewhere(song_id: str) -> Conflict:
    """The error for a request to end a song that another process makes."""
    return Conflict(f"another process makes song {song_id}", "stop that process: Ctrl-C where it runs")
