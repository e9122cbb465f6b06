"""Writes the manifest of a song while the song is made.

R2 accepts one write a second to one key. So in a bucket a change that comes sooner after the last write is
written with later ones. In a folder each change is stored at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from config.errors import Conflict, SongwrightError
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song
from storage.local import LocalStore

log = logging.getLogger(__name__)

BUCKET_SPACING_S = 1.0
"""The least time between two writes of a manifest in a bucket."""
JOIN_S = 0.05
"""In which a change waits for others, so that one write has the last part and the end."""


class Superseded(Conflict):
    """Another runner has written the song's manifest. The one that gets this error stops writing; clients
    never see it."""


class ManifestWriter:
    """Writes the manifests of one song in order, each over the one before. Used in the event loop."""

    def __init__(
        self, library: Library, song: Song, etag: str, superseded: Callable[[Superseded], None]
    ) -> None:
        """``song`` is what is stored now, with ``etag`` (see ``RunOptions``). ``superseded`` is called if a
        write in the background finds that another runner has written."""
        self._library = library
        self._etag = etag
        self._superseded = superseded
        self._song = self._stored = song
        # In a folder, writes cost next to nothing.
        self._spacing_s = 0.0 if isinstance(library.store, LocalStore) else BUCKET_SPACING_S
        # The last write may be another process's, and was a little later than the manifest says.
        just_written = abs(datetime.now(UTC) - song.updated_at) < 2 * timedelta(seconds=self._spacing_s)
        self._free_s = time.monotonic() + (self._spacing_s if just_written else 0.0)
        self._writing = asyncio.Lock()
        self._later: asyncio.Task[None] | None = None
        self._due_s: float | None = None
        self._sooner = asyncio.Event()

    @property
    def is_spaced(self) -> bool:
        """Whether the store takes only so many writes of one manifest."""
        return self._spacing_s > 0.0

    @property
    def is_free(self) -> bool:
        """Whether the store takes a write now."""
        return time.monotonic() >= self._free_s and not self._writing.locked()

    async def write(self, song: Song) -> None:
        """Writes ``song`` as soon as the store takes it. Raises ``Superseded``, and the store's errors."""
        self._song = song
        await self._flush()

    def write_later(self, song: Song, within_s: float = JOIN_S) -> None:
        """Writes ``song`` in the background, with the changes that come within ``within_s`` seconds, unless a
        later one is written before."""
        self._song = song
        due_s = time.monotonic() + within_s
        self._due_s = due_s if self._due_s is None else min(due_s, self._due_s)
        self._sooner.set()
        if self._later is None or self._later.done():
            self._later = asyncio.get_running_loop().create_task(self._write_later())

    def close(self) -> None:
        """Gives up what waits to be written."""
        if self._later:
            self._later.cancel()

    async def _write_later(self) -> None:
        try:
            while self._due_s is not None:  # a change may come while another is written
                if (left_s := self._due_s - time.monotonic()) > 0:
                    self._sooner.clear()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._sooner.wait(), left_s)
                else:
                    self._due_s = None
                    await self._flush()
        except Superseded as error:
            self._superseded(error)
        except SongwrightError as error:
            # The next write has all of it, and raises its own error.
            log.warning("the manifest is written later: %s", error, extra={"song_id": self._song.id})

    async def _flush(self) -> None:
        async with self._writing:
            if self._song is self._stored:
                return
            await asyncio.sleep(max(self._free_s - time.monotonic(), 0.0))
            song = self._song  # the newest: others may have come meanwhile
            writing = asyncio.ensure_future(asyncio.to_thread(self._write, song))
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError:
                # The thread goes on anyway, and would write this manifest over the next one.
                await asyncio.wait([writing])
                raise
            self._stored = song

    def _write(self, song: Song) -> None:
        try:
            if not self._etag:
                self._library.save(song)
                return
            etag = self._library.save_if(song, self._etag)
            if not etag:
                raise Superseded(
                    f"another runner has written song {song.id}", "let it go on: see what it makes"
                )
            self._etag = etag
        finally:
            self._free_s = time.monotonic() + self._spacing_s
