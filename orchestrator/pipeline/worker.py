"""What a song asks of whoever runs its steps, and what it gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from config.engine import Report
from lyrics.contract import SongPlan
from orchestrator.estimates.meter import Usage
from orchestrator.songs.manifest import Asset, EngineFacts, MusicFacts, Song
from vision.contract import Scene


@dataclass(frozen=True)
class StepResult:
    """What a step adds to the manifest."""

    engine: EngineFacts | None
    """None where no engine had a part in it."""
    assets: dict[str, Asset]
    plan: SongPlan | None = None
    music: MusicFacts | None = None
    usage: Usage | None = None
    """What it used of an engine's process; None where it ran beside them."""
    scene: Scene | None = None


class Worker(Protocol):
    """Runs each step of a song somewhere. Cancelling the awaiting task stops the work itself."""

    async def scene(self, song: Song, report: Report) -> StepResult: ...
    async def plan(self, song: Song, report: Report) -> StepResult: ...
    async def music(self, song: Song, report: Report) -> StepResult: ...
    async def cover(self, song: Song, report: Report) -> StepResult: ...
    async def tag(self, song: Song) -> StepResult: ...
