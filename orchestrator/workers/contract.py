"""The contract of a service's worker, whose engines are in processes here or in containers on Modal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from config.engine import EngineInfo
from config.errors import SongwrightError
from lyrics.contract import SongPlan
from orchestrator.pipeline.worker import Worker
from orchestrator.songs.manifest import Song
from orchestrator.songs.stages import SONG_CRAFTS


@dataclass(frozen=True)
class EngineState:
    """The state of a craft's engine: "starting", "ready" with its facts, or "unavailable" with the error."""

    state: str
    engine: str
    info: EngineInfo | None = None
    error: SongwrightError | None = None
    retry_in_s: float | None = None
    """Seconds until the next try to load it; 0 during a try, None if there is none."""

    @property
    def detail(self) -> str | None:
        """Why it is unavailable, and the time of the next try."""
        if not self.error or self.retry_in_s is None:
            return str(self.error) if self.error else None
        when = f"in {self.retry_in_s:.0f} s" if self.retry_in_s >= 0.5 else "now"
        return f"{self.error}; it is tried again {when}"


class ServiceWorker(Worker, Protocol):
    """A ``Worker`` that reports the state of its engines."""

    @property
    def music_lanes(self) -> int:
        """How many songs can be composed at once."""
        ...

    def start(self) -> None: ...

    def states(self) -> dict[str, EngineState]:
        """The states of the engines, by craft."""
        ...

    def check(self, crafts: Iterable[str] = SONG_CRAFTS) -> None:
        """Raises the error of an engine of ``crafts`` that is known to be unavailable."""
        ...

    async def draft(self, song: Song) -> SongPlan:
        """Writes only the plan; nothing is stored."""
        ...

    def close(self) -> None: ...
