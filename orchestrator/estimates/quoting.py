"""Quotes from the newest songs of a library, for a service's event loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

from config.engine import EngineInfo
from config.errors import SongwrightError, Unavailable
from orchestrator.estimates.costs import newest
from orchestrator.estimates.quotes import MOST, Measurements, Quote
from orchestrator.songs.brief import Brief
from orchestrator.songs.index.catalogue import Catalogue
from orchestrator.songs.index.entry import Entry
from orchestrator.songs.library import Library
from orchestrator.songs.library_threads import LibraryThreads
from orchestrator.songs.manifest import Song

log = logging.getLogger(__name__)


class Quotes:
    """Quotes from the songs that end in this process and from those of others, read from the library."""

    def __init__(self, library: Library, catalogue: Catalogue, threads: LibraryThreads) -> None:
        self._library = library
        self._catalogue = catalogue
        self._threads = threads
        self._measurements = Measurements()
        self._reading: asyncio.Task[None] | None = None

    def learn(self, song: Song) -> None:
        """Learns from a song that has ended."""
        self._measurements.learn([song])

    def warm(self) -> None:
        """Reads the newest songs in the background, so that the first quote need not wait."""
        self._begin_reading().add_done_callback(lambda task: task.cancelled() or task.exception())

    async def quote(
        self, brief: Brief, engines: Mapping[str, EngineInfo], lanes: int, notes: tuple[str, ...] = ()
    ) -> Quote:
        """As ``Measurements.quote``. At most once a minute, new songs are read from the library; only the
        first quote waits for that."""
        known = self._measurements
        first = not known.has_read
        if known.due(time.monotonic()) and (self._reading is None or self._reading.done()):
            self._begin_reading()
        if first and self._reading:
            await asyncio.shield(self._reading)
        return known.quote(brief, engines, lanes, notes)

    def _begin_reading(self) -> asyncio.Task[None]:
        self._reading = asyncio.get_running_loop().create_task(self._read())
        return self._reading

    async def _read(self) -> None:
        now_s = time.monotonic()
        try:
            self._measurements.learn(await self._threads.run(self._newest), read_at_s=now_s)
        except SongwrightError as error:
            if not self._measurements.has_read:
                raise
            log.warning("quotes are of the songs that are known: %s", error)
            self._measurements.learn((), read_at_s=now_s)

    def _newest(self) -> Sequence[Song | Entry]:
        try:
            if self._catalogue.is_whole():
                return self._catalogue.ended(MOST)
        except Unavailable as error:
            log.warning("quotes are read from the songs themselves: %s", error)
        return list(newest(self._library, last=MOST, skip=self._measurements))
