"""The contract of a worker, which runs the steps of songs, and a step's result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, cast

from config.engine import Report
from lyrics.contract import SongPlan
from orchestrator.estimates.meter import Usage
from orchestrator.songs.manifest import Asset, EngineFacts, MusicFacts, Song
from orchestrator.songs.stages import Stage
from vision.contract import Scene

T = TypeVar("T")

DRAFT = "draft"
"""The step that only writes a plan, for no song."""


@dataclass(frozen=True)
class StepResult:
    """What a step adds to the manifest."""

    engine: EngineFacts | None
    """None if no engine was needed."""
    assets: dict[str, Asset]
    plan: SongPlan | None = None
    music: MusicFacts | None = None
    usage: Usage | None = None
    """The engine time; None if the step did not run in an engine's process."""
    scene: Scene | None = None


def with_usage(result: T, usage: Usage) -> T:
    """``result`` with its ``usage``; a result without that field, such as a plan, is unchanged."""
    return cast(T, replace(result, usage=usage)) if isinstance(result, StepResult) else result


class Worker(Protocol):
    """Runs the steps of songs."""

    async def run(self, stage: Stage, song: Song, report: Report) -> StepResult:
        """Runs the ``stage`` of ``song``. Cancelling the awaiting task stops the work itself."""
        ...


def engine_for(stage: Stage, song: Song) -> str | None:
    """The craft whose engine runs the ``stage`` of ``song``. None if no engine is needed: for a plan that
    came with the request, for a photo as cover, and for the tags."""
    given = song.brief.plan if stage is Stage.LYRICS else stage is Stage.COVER and song.brief.photo_as_cover
    return None if given else stage.craft
