"""Keeps a service's index whole, in the background."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading

from config.errors import SongwrightError
from orchestrator.songs.index.bucket import BucketIndex
from orchestrator.songs.library import Library
from orchestrator.songs.library_threads import LibraryThreads

log = logging.getLogger(__name__)

_PERIOD_S = 20.0
_FIRST_S = 5.0  # a start has other things to read
_REST = 1.0  # seconds without work after each second of building: songs come first


class IndexKeeper:
    """Reads what the index does not know yet: an old library's manifests, and what others changed."""

    def __init__(self, library: Library, threads: LibraryThreads, *, builds: bool) -> None:
        """``builds``: a bucket that has no index gets one. A container that may be gone in a minute does not
        begin with that: ``songwright index`` does."""
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
        await asyncio.sleep(_FIRST_S)
        while True:
            try:
                await self._threads.run(self._round)
            except (SongwrightError, sqlite3.Error, OSError) as error:
                log.warning("the index is not up to date: %s", error)
            await asyncio.sleep(_PERIOD_S)

    def _round(self) -> None:
        if isinstance(self._index, BucketIndex) and not self._builds:
            self._index.sync()
        else:
            self._index.complete(stopping=self._stopping.is_set, rest=_REST)
