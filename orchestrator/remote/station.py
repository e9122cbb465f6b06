"""The container's end of a class on Modal: one engine, and the songs that it works on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pydantic import TypeAdapter

from config.deployment import Deployment
from config.engine import EngineInfo, EngineOptions, Report
from config.errors import EngineUnavailable, NotFound, SongwrightError, WeightsMissing
from config.gpus import billed_gpu
from config.settings import options_of
from config.together import together_of
from orchestrator.engines import REGISTRIES
from orchestrator.manifest import Song
from orchestrator.remote.progress import Progress
from orchestrator.steps import StepResult, cover_step, draft_step, music_step, plan_step, scene_step
from orchestrator.stores import open_store
from orchestrator.workers import Lane
from storage.contract import Store, read

log = logging.getLogger(__name__)

RESULT = TypeAdapter(StepResult)
INFO = TypeAdapter(EngineInfo)
_STEPS: Mapping[str, tuple[str, Callable[..., Any]]] = {
    "scene": ("photo", scene_step),
    "plan": ("lyrics", plan_step),
    "music": ("music", music_step),
    "cover": ("cover", cover_step),
}
"""By its name, the part of the song that a step makes, and how."""

Outcome = tuple[str, SongwrightError | None]
"""What a call answers: its result as JSON, or the error that ended it. A call that raises is one that Modal
may make again."""


class Station:
    """An engine in two stages, so that a memory snapshot can be taken between them: loaded where there is no
    GPU, then moved to it."""

    def __init__(self, settings: Deployment, craft: str, engine: str) -> None:
        self._craft = craft
        self._settings = settings
        self._gpu = getattr(settings, craft).device != "cpu" and engine != "sketch"
        chosen = getattr(settings, craft)
        options = options_of(settings, craft)
        if engine != chosen.engine:  # another engine's model and precision mean nothing to it
            options = EngineOptions(commercial=settings.commercial)
        self._lane = Lane(
            REGISTRIES[craft],
            engine,
            replace(options, staged=True),
            together=together_of(engine, chosen.together),
        )
        self._error: SongwrightError | None = None

    def load(self) -> None:
        """Loads the weights into memory. What keeps it from that is what every call answers."""
        try:
            self._lane.load()
        except WeightsMissing as error:
            self._error = EngineUnavailable(error.what, "run: modal run main.py::prefetch")
        except SongwrightError as error:
            self._error = error
        if self._error:
            log.error("the engine cannot be loaded: %s", self._error)

    def settle(self) -> None:
        """Moves the model to the GPU, and lets the deployment know what runs here. What kept it from loading
        may be mended by now: the snapshot that this container came from may be old."""
        if self._error:
            self._error = None
            self.load()
        if self._error:
            return
        try:
            engine = self._lane.load()
            if self._gpu and hasattr(engine, "settle"):
                engine.settle()
            if self._gpu:
                asked = getattr(self._settings, self._craft).gpu
                self._lane.charge(billed_gpu(asked, engine.info.device))
            # Made only now: connections do not outlive a snapshot.
            self._store = open_store(self._settings)
            self._progress = Progress(f"{self._settings.modal.app}-progress")
            record_engine(self._store, self._craft, engine.info)
        except SongwrightError as error:
            log.error("the engine cannot be used: %s", error)
            self._error = error

    async def step(self, name: str, song_json: str) -> Outcome:
        """Runs a step of a song ("scene", "plan", "music", "cover"), or makes a "draft" of its plan."""
        if self._error:
            return "", self._error
        song = Song.model_validate_json(song_json)
        try:
            if name == "draft":
                plan = await self._lane.run(partial(_drafted, self._store, song), _silent)
                return plan.model_dump_json(), None
            with self._progress.telling(song.id, _STEPS[name][0]) as report:
                result = await self._lane.run(partial(_made, name, self._store, song), report)
            return RESULT.dump_json(result).decode(), None
        except SongwrightError as error:
            return "", error

    def summary(self) -> str:
        """What runs here. Raises what keeps it from that."""
        if self._error:
            raise self._error
        info: EngineInfo = self._lane.load().info
        return f"{info.name} {info.version}: {info.summary}"

    def close(self) -> None:
        """Unloads the model."""
        self._lane.close()


def record_engine(store: Store, craft: str, info: EngineInfo) -> None:
    """Keeps what runs for ``craft``, for containers that hold no engine."""
    facts = INFO.dump_json(info)
    try:
        known = read(store, _record(craft)) == facts
    except NotFound:
        known = False
    if not known:
        store.put(_record(craft), facts, "application/json")


def recorded_engine(store: Store, craft: str) -> EngineInfo | None:
    """What ran last for ``craft``."""
    try:
        return INFO.validate_json(read(store, _record(craft)))
    except (NotFound, ValueError):  # never run, or recorded by a later version
        return None


def _record(craft: str) -> str:
    return f"engines/{craft}.json"


def _made(name: str, store: Store, song: Song, engine: Any, report: Report) -> StepResult:
    result: StepResult = _STEPS[name][1](engine, store, song, report)
    return result


def _drafted(store: Store, song: Song, engine: Any, report: Report) -> Any:
    return draft_step(engine, store, song, report)


def _silent(_stage: str, _fraction: float) -> None:
    """Nobody watches a draft."""
