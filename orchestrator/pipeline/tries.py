"""Limits on the tries of a song that kills its process, and the rules for blaming it.

A step whose engine's process dies is tried three times in all. After the first death it runs alone in its
process, so that songs that shared the process are not harmed again (``Song.crashes``). If the process of the
whole service or command dies in three runs before another step is stored, the song is not started again
(``Song.runs``). Both counts are in the manifest: they survive every death.
"""

from __future__ import annotations

import asyncio
import time

from config.cuda import lost_gpu, out_of_memory
from config.errors import EngineFailed, SongwrightError
from orchestrator.songs.manifest import Failure, Song

MOST_TRIES = 3
COOLDOWN_S = 10.0
"""Seconds after a death that no song caused, before a song gets its last try."""


class ProcessDied(EngineFailed):
    """The engine's process ended in the middle of the work. ``blamed``: the work may have caused it."""

    def __init__(self, engine: str, reason: str, blamed: bool = True) -> None:  # noqa: FBT001, FBT002 - a field
        super().__init__(engine, reason)
        self.args = (engine, reason, blamed)
        self.blamed = blamed


def is_deadly(error: SongwrightError) -> bool:
    """Whether the work killed its engine's process, lost its GPU or ran out of memory: another try, alone in
    a new process, may succeed."""
    no_memory = isinstance(error, EngineFailed) and error.reason.startswith("MemoryError")
    return isinstance(error, ProcessDied) or no_memory or out_of_memory(error) or lost_gpu(error)


def final_error(error: SongwrightError, tries: int) -> SongwrightError:
    """``error``, with the number of tries in its message."""
    if isinstance(error, EngineFailed):
        failed = EngineFailed(error.engine, f"{error.reason} (tried {tries} times)")
        failed.spent = error.spent
        return failed
    return error


def run_limit_failure(song: Song) -> Failure | None:
    """Why ``song`` may not be started again; None if it may."""
    if song.status.finished or song.runs < MOST_TRIES:
        return None
    reason = (
        f"it was begun {song.runs} times, and each time the process that made it died in the middle - "
        f"'songwright resume {song.id}' tries it again from its last step"
    )
    return Failure(type="EngineFailed", message=reason, step="job")


def is_suspect(song: Song) -> bool:
    """Whether the next death of its process makes the song fail. It then runs alone and after a cooldown, so
    that it is not blamed for another song's crash or a kill from outside."""
    return not song.status.finished and song.runs >= MOST_TRIES - 1


class CrashCooldown:
    """The time after a process died that no song explains: it was killed while idle or loading, or the whole
    service was. The cause may also have killed processes at work, so no song gets its last try meanwhile."""

    def __init__(self) -> None:
        self._last_s: float | None = None

    def restart(self) -> None:
        """Starts the cooldown after such a death. May be called in any thread."""
        self._last_s = time.monotonic()

    @property
    def left_s(self) -> float:
        """Seconds until the cooldown ends; 0 if none runs."""
        if self._last_s is None:
            return 0.0
        return max(0.0, self._last_s + COOLDOWN_S - time.monotonic())

    async def wait(self) -> None:
        """Waits until the cooldown has ended."""
        while left_s := self.left_s:  # noqa: ASYNC110 - it ends by the clock, and another death extends it
            await asyncio.sleep(left_s)
