"""How often a song is tried that kills the process which works on it, and when such a death is not its doing.

A step whose engine's process dies is tried three times in all, after the first death with nobody else in the
process, so that whoever shared it with the culprit ends well (``Song.crashes``). A song that has been begun
three times, and each time the process of the whole service or command died before another step was stored, is
not begun again (``Song.runs``). Both counts are in the manifest: they outlive whatever dies.
"""

from __future__ import annotations

import asyncio
import time

from config.cuda import lost_gpu, out_of_memory
from config.errors import EngineFailed, SongwrightError
from orchestrator.songs.manifest import Failure, Song

MOST_TRIES = 3
QUIET_S = 10.0
"""Seconds after a death that no song explains, before a song gets its last try."""


class ProcessDied(EngineFailed):
    """The engine's process ended in the middle of the work. ``blamed``: what it worked on may be why."""

    def __init__(self, engine: str, reason: str, blamed: bool = True) -> None:  # noqa: FBT001, FBT002 - a field
        super().__init__(engine, reason)
        self.args = (engine, reason, blamed)
        self.blamed = blamed


def is_deadly(error: SongwrightError) -> bool:
    """Whether ``error`` says that the work took its engine's process, its GPU or its memory with it: another
    try, alone in a new process, may succeed."""
    no_memory = isinstance(error, EngineFailed) and error.reason.startswith("MemoryError")
    return isinstance(error, ProcessDied) or no_memory or out_of_memory(error) or lost_gpu(error)


def given_up(error: SongwrightError, tries: int) -> SongwrightError:
    """``error``, with how often the step was tried."""
    if isinstance(error, EngineFailed):
        failed = EngineFailed(error.engine, f"{error.reason} (tried {tries} times)")
        failed.spent = error.spent
        return failed
    return error


def exhausted(song: Song) -> Failure | None:
    """Why ``song`` may not be begun once more, if it may not."""
    if song.status.finished or song.runs < MOST_TRIES:
        return None
    reason = (
        f"it was begun {song.runs} times, and each time the process that made it died in the middle - "
        f"'songwright resume {song.id}' tries it again from its last step"
    )
    return Failure(type="EngineFailed", message=reason, step="job")


def is_suspect(song: Song) -> bool:
    """Whether the next death may end it: it then runs alone, once all is quiet, so that no other song's deeds
    and no kill from outside are taken for its own."""
    return not song.status.finished and song.runs >= MOST_TRIES - 1


class Unrest:
    """When a process last died that no song explains: killed while it was idle or loaded its engine, or the
    whole service. Whoever kills these may have killed others, at work."""

    def __init__(self) -> None:
        self._last_s: float | None = None

    def note(self) -> None:
        """May be called in any thread."""
        self._last_s = time.monotonic()

    @property
    def rest_s(self) -> float:
        """Seconds until it has been quiet for long enough; 0 where it has."""
        if self._last_s is None:
            return 0.0
        return max(0.0, self._last_s + QUIET_S - time.monotonic())

    async def over(self) -> None:
        """Waits until it is quiet."""
        while rest_s := self.rest_s:  # noqa: ASYNC110 - it ends by the clock, and may be put off
            await asyncio.sleep(rest_s)
