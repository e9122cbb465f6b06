"""Changes that users make to a song while it is made: its title, its tags and the like.

Whoever makes a song writes the whole manifest each time, from what it has in memory. So nobody else may write
it meanwhile: a change goes through the one who makes the song.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from orchestrator.songs.manifest import Song

Edit = Callable[[Mapping[str, object]], Awaitable[Song | None]]
"""Changes these facts of the manifest, and returns it once it is stored; None if the song has ended."""


class Edits:
    """The way to the one who makes a song. Used in the event loop."""

    def __init__(self) -> None:
        self._edit: asyncio.Future[Edit] = asyncio.get_running_loop().create_future()

    def open(self, edit: Edit) -> None:
        """The song is being made, and is changed by ``edit``."""
        if not self._edit.done():
            self._edit.set_result(edit)

    async def apply(self, facts: Mapping[str, object], work: asyncio.Future[None]) -> Song | None:
        """The song with these facts, once they are stored. None if it has ended, and its making, ``work``,
        too: then it is changed in the store. Raises the store's errors."""
        either: list[asyncio.Future[Any]] = [self._edit, work]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._edit.done() and (song := await self._edit.result()(facts)):
            return song
        await asyncio.wait([work])
        return None
