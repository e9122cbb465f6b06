"""The contract of a worker, which runs the steps of songs, and a step's result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar, cast

from config.engine import Report
from lyrics.contract import CoverWords, OnCover, SongPlan
from orchestrator.estimates.meter import Usage
from orchestrator.songs.facts.sound import ListeningFacts, MusicFacts
from orchestrator.songs.library import asset_key
from orchestrator.songs.manifest import Asset, EngineFacts, Song
from orchestrator.songs.stages import Stage
from storage.contract import Store
from vision.contract import Scene

T = TypeVar("T")

COVER_FILE = "cover.png"
REPAINT = "repaint"
"""On Modal, the step that paints the cover again, where it was begun with other words than the plan's."""
DRAFT = "draft"
"""The step that only writes a plan, for no song."""

Early = Callable[[Any], None]
"""Called with what a step has made before its end, in the thread that makes it: the music's ``Piece``s, a
plan's ``CoverWords``."""


@dataclass(frozen=True)
class StepResult:
    """What a step adds to the manifest."""

    engine: EngineFacts | None
    """None if no engine was needed."""
    assets: dict[str, Asset]
    taken: dict[str, EngineFacts] = field(default_factory=dict)
    """By craft, the engines of another song that have made what was taken from it."""
    plan: SongPlan | None = None
    music: MusicFacts | None = None
    listening: ListeningFacts | None = None
    usage: Usage | None = None
    """The engine time; None if the step did not run in an engine's process."""
    scene: Scene | None = None
    words: CoverWords | None = None
    """Of a painted cover: what it was made from."""


def with_usage(result: T, usage: Usage) -> T:
    """``result`` with its ``usage``; a result without that field, such as a plan, is unchanged."""
    return cast(T, replace(result, usage=usage)) if isinstance(result, StepResult) else result


class Worker(Protocol):
    """Runs the steps of songs."""

    @property
    def listens(self) -> bool:
        """Whether an engine is set that listens to songs."""
        ...

    @property
    def separates(self) -> bool:
        """Whether an engine is set that takes songs apart."""
        ...

    async def run(
        self, stage: Stage, song: Song, report: Report, on_cover: OnCover | None = None
    ) -> StepResult:
        """Runs the ``stage`` of ``song``. Cancelling the awaiting task stops the work itself. ``on_cover`` is
        given for a plan: it is called, in any thread, once the words of the cover are known, or never. If the
        step is tried again, it may be called again."""
        ...


def engine_for(stage: Stage, song: Song) -> str | None:
    """The craft whose engine runs the ``stage`` of ``song``. None if no engine is needed: for a plan that
    came with the request, for a cover that is a photo or of the song that is changed, and for the tags."""
    brief = song.brief
    given = {Stage.LYRICS: bool(brief.plan), Stage.COVER: brief.takes_cover}
    return None if given.get(stage) else stage.craft


def wants_painting(song: Song) -> bool:
    """Whether a painter still has to make the song's cover. It may begin before the plan is whole."""
    wanted = song.brief.cover and "cover" not in song.assets
    return wanted and engine_for(Stage.COVER, song) is not None


def wants_listening(song: Song) -> bool:
    """Whether the song has words to be heard, and nobody has listened to it yet."""
    return bool(song.plan and song.plan.lyrics and song.plan.voice != "none") and song.listening is None


def drop_unused_cover(song: Song, store: Store) -> None:
    """Deletes the cover that was painted for a song whose plan did not come, if there is one."""
    if wants_painting(song):
        store.delete(asset_key(song.id, COVER_FILE))


def retrieve_exception(future: asyncio.Future[Any]) -> None:
    """Retrieves the exception, so that asyncio does not report it as lost."""
    if not future.cancelled():
        future.exception()
