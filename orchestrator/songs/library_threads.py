"""The library for an event loop: calls of the store run in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song

T = TypeVar("T")

_THREADS = 24


class LibraryThreads:
    """Threads for the store's calls only: the few threads of the loop's default pool may all wait for
    engines."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="store")

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """``work(*arguments)``, in a thread. Raises what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)

    async def load(self, song_id: str) -> Song:
        """The song's manifest; raises as ``Library.load`` does."""
        return await self.run(self._library.load, song_id)

    def close(self) -> None:
        """Waits until the threads have finished their writes."""
        self._pool.shutdown(wait=True)
