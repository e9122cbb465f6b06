"""Quotes from the newest songs of a library, for a service's event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from config.engine import EngineInfo
from orchestrator.estimates.costs import newest
from orchestrator.estimates.quotes import MOST, Measurements, Quote
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.library_threads import LibraryThreads
from orchestrator.songs.manifest import Song


class Quotes:
    """Quotes from the songs that end in this process and from those of others, read from the library."""

    def __init__(self, library: Library, threads: LibraryThreads) -> None:
        self._library = library
        self._threads = threads
        self._measurements = Measurements()
        self._reading = asyncio.Lock()

    def learn(self, song: Song) -> None:
        """Learns from a song that has ended."""
        self._measurements.learn([song])

    async def quote(
        self, brief: Brief, engines: Mapping[str, EngineInfo], lanes: int, notes: tuple[str, ...] = ()
    ) -> Quote:
        """As ``Measurements.quote``. At most once a minute, new songs are read from the library."""
        known = self._measurements
        async with self._reading:
            if known.due(now_s := time.monotonic()):
                songs = await self._threads.run(lambda: list(newest(self._library, last=MOST, skip=known)))
                known.learn(songs, read_at_s=now_s)
        return known.quote(brief, engines, lanes, notes)
