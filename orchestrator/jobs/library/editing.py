"""Changes that users make to a song, whatever it is doing: none is lost beside what its maker writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

from orchestrator.jobs.feed import Feed
from orchestrator.jobs.running import RunningSongs
from orchestrator.jobs.waiting import WaitingQueue
from orchestrator.songs.library import Library
from orchestrator.songs.library_threads import LibraryThreads
from orchestrator.songs.manifest import Song
from orchestrator.songs.ownership import edit_stored


class Editor:
    """Changes songs that wait, songs that run, by the one who makes them, and songs of the store. Used in the
    event loop."""

    def __init__(
        self,
        library: Library,
        threads: LibraryThreads,
        feed: Feed,
        waiting: WaitingQueue,
        running: RunningSongs,
        free: Callable[[], None],
    ) -> None:
        """``free`` is called when a song that waits may begin again."""
        self._library = library
        self._threads = threads
        self._feed = feed
        self._waiting = waiting
        self._running = running
        self._free = free
        self._held: dict[str, tuple[asyncio.Lock, int]] = {}

    @property
    def held(self) -> set[str]:
        """Songs that are being changed: until that is stored, the work of those that wait must not begin."""
        return set(self._held)

    async def edit(self, song_id: str, facts: Mapping[str, object]) -> Song:
        """The song with these facts of its manifest, once they are stored. Raises ``Conflict`` if another
        process makes it, and what the store raises."""
        while run := self._running.get(song_id):
            assert run.task
            if song := await run.edits.apply(facts, run.task):
                return song
        async with self.alone(song_id):
            if song_id not in self._running:
                here = song_id in self._waiting
                edit = partial(edit_stored, here=here)
                song = await self._threads.run(edit, self._library, song_id, facts)
                self._feed.amend(song)
                return song
        return await self.edit(song_id, facts)  # it has begun while another changed it

    @asynccontextmanager
    async def alone(self, song_id: str) -> AsyncIterator[None]:
        """While the block runs, nobody else changes the song here, and if it waits it goes on waiting."""
        lock, users = self._held.get(song_id, (asyncio.Lock(), 0))
        self._held[song_id] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self._held.pop(song_id)
            if users > 1:
                self._held[song_id] = lock, users - 1
            else:
                self._free()
