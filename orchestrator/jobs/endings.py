"""Notifications of the end of songs: listeners for all songs, and waiters for one song."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from config.errors import SongwrightError
from orchestrator.songs.manifest import Song

EndListener = Callable[[Song], None]


class SongEndings:
    """Calls its listeners, in the order in which they were added, with each song that has ended and whose
    manifest is stored. Used in the event loop's thread."""

    def __init__(self) -> None:
        self._listeners: list[EndListener] = []

    def add(self, listener: EndListener) -> None:
        self._listeners.append(listener)

    def __call__(self, song: Song) -> None:
        for listener in self._listeners:
            listener(song)


class Waiters:
    """A future for each song that will end in this process; any number of tasks may wait for it."""

    def __init__(self) -> None:
        self._futures: dict[str, asyncio.Future[Song]] = {}

    def __contains__(self, song_id: object) -> bool:
        return song_id in self._futures

    def wait(self, song_id: str) -> asyncio.Future[Song]:
        """A future with the song's final manifest. Cancelling it does not affect other waiters."""
        return asyncio.shield(self._futures[song_id])

    def open(self, song_id: str) -> None:
        self._futures[song_id] = asyncio.get_running_loop().create_future()

    def end(self, song: Song) -> None:
        """Gives ``song`` to all waiters."""
        future = self._futures.pop(song.id)
        if not future.done():
            future.set_result(song)

    def fail(self, song_id: str, error: SongwrightError) -> None:
        """Raises ``error`` in all waiters of the song."""
        _fail(self._futures.pop(song_id), error)

    def fail_all(self, error: SongwrightError) -> None:
        """Raises ``error`` in all waiters of all songs; each song may still end."""
        for future in self._futures.values():
            _fail(future, error)


def _fail(future: asyncio.Future[Song], error: SongwrightError) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # marks it as retrieved: there may be no waiter
