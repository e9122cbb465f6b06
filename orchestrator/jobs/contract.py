"""The contract of a service's jobs, which run in this process or as calls on Modal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from orchestrator.songs.manifest import Song


@dataclass(frozen=True)
class QueueEstimate:
    """An unfinished song's position in the queue (1 is next; None once its work began) and the seconds until
    it is done (None if unknown)."""

    queue_position: int | None
    seconds_left: float | None


@dataclass(frozen=True)
class Bounds:
    """The limits of a queue."""

    waiting: int
    """The most songs that wait."""
    at_once: int
    """The most songs that run at the same time."""
    lanes: int
    """How many of these can be composed at the same time."""
    job_timeout_s: float


class ServiceJobs(Protocol):
    """Accepts songs and follows them to their end. ``queue.Jobs`` documents the methods."""

    @property
    def waiting(self) -> int: ...
    @property
    def running(self) -> int: ...

    async def start(self) -> None: ...
    async def submit(self, songs: list[Song], photo: bytes = b"") -> list[Song]: ...
    def check_room(self, count: int) -> None: ...
    async def wait(self, song_id: str) -> Song: ...
    async def cancel(self, song_id: str) -> Song: ...
    async def delete(self, song_id: str) -> None: ...
    async def edit(self, song_id: str, facts: Mapping[str, object], /) -> Song: ...
    def first_waiting(self, most: int, /) -> list[str]: ...
    def is_made(self, song_id: str, /) -> bool: ...
    def estimate(self, song_id: str, /) -> QueueEstimate: ...
    async def drain(self, grace_s: float, /) -> None: ...
