"""What a service asks of the place where its engines are: this machine's processes or Modal's containers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from config.engine import EngineInfo
from config.errors import SongwrightError
from lyrics.contract import SongPlan
from orchestrator.pipeline.worker import Worker
from orchestrator.songs.manifest import SONG_CRAFTS, Song


@dataclass(frozen=True)
class EngineState:
    """What is known of a craft's engine: "starting", "ready" with its facts, or "unavailable" with why."""

    state: str
    engine: str
    info: EngineInfo | None = None
    error: SongwrightError | None = None
    retry_in_s: float | None = None
    """Seconds until loading is tried again; 0 while it is being tried, None where nobody does."""

    @property
    def detail(self) -> str | None:
        """Why it is unavailable, and when the next try is."""
        if not self.error or self.retry_in_s is None:
            return str(self.error) if self.error else None
        when = f"in {self.retry_in_s:.0f} s" if self.retry_in_s >= 0.5 else "now"
        return f"{self.error}; it is tried again {when}"


class ServiceWorker(Worker, Protocol):
    """A ``Worker`` whose engines can be asked after."""

    @property
    def music_lanes(self) -> int:
        """How many songs can be composed at once."""
        ...

    def start(self) -> None: ...

    def states(self) -> dict[str, EngineState]:
        """By craft, how its engine is."""
        ...

    def check(self, crafts: Iterable[str] = SONG_CRAFTS) -> None:
        """Raises what is known to keep an engine of ``crafts`` from its work."""
        ...

    async def draft(self, song: Song) -> SongPlan:
        """The plan alone; nothing is stored."""
        ...

    def close(self) -> None: ...
