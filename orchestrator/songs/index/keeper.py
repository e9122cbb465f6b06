"""Keeps a service's index whole, in the background."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

from config.errors import SongwrightError
from orchestrator.songs.index.bucket import BucketIndex
from orchestrator.songs.library import Library
from orchestrator.songs.library_threads import LibraryThreads

log = logging.getLogger(__name__)

_PERIOD_S = 20.0
_FIRST_S = 5.0  # a start has other things to read
_FEW = 256  # songs, which are read within seconds
_REST = 1.0  # seconds without work after each second of building: songs come first


class IndexKeeper:
    """Reads what the index does not know yet: an old library's manifests, and what others changed. While
    nobody adds songs or searches, a bucket is not asked again."""

    def __init__(self, library: Library, threads: LibraryThreads, *, builds: bool) -> None:
        """``builds``: a bucket that has no index gets one, however many songs there are. A container that may
        be gone in a minute begins with that only if they are few: ``songwright index`` reads more."""
        self._library = library
        self._index = library.index
        self._threads = threads
        self._builds = builds
        self._stopping = threading.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._keep())

    def stop(self) -> None:
        """Ends the work after the manifests that are being read."""
        self._stopping.set()
        if self._task:
            self._task.cancel()

    async def _keep(self) -> None:
        await self._try(self._begin)
        await asyncio.sleep(_FIRST_S)
        while True:
            await self._try(self._round)
            await asyncio.sleep(_PERIOD_S)

    async def _try(self, work: Callable[[], None]) -> None:
        try:
            await self._threads.run(work)
        except (SongwrightError, sqlite3.Error, OSError) as error:
            log.warning("the index is not up to date: %s", error)

    def _begin(self) -> None:
        """Copies the index of a bucket, which is a few requests; a bucket without songs gets an empty one.
        Few songs are read at once where nobody else would."""
        if isinstance(self._index, BucketIndex):
            with _claimed(self._index.used):
                if self._index.sync():
                    return
                most = 0 if self._builds else _FEW
                if len(list(islice(self._library.ids(), most + 1))) <= most:
                    self._index.complete()
                else:
                    self._index.used.set()

    def _round(self) -> None:
        if not isinstance(self._index, BucketIndex):
            self._complete()
        elif self._index.used.is_set():
            with _claimed(self._index.used):
                self._complete() if self._builds else self._index.sync()

    def _complete(self) -> None:
        self._index.complete(stopping=self._stopping.is_set, rest=_REST)


@contextmanager
def _claimed(work: threading.Event) -> Iterator[None]:
    """Clears the event; sets it again if the work fails."""
    work.clear()
    try:
        yield
    except BaseException:
        work.set()
        raise
