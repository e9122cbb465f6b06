"""The container's end of a class on Modal: one engine, and the songs that it works on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import modal.experimental
from pydantic import TypeAdapter

from config.cuda import gpu_error, lost_gpu, out_of_memory
from config.engine import EngineInfo, EngineOptions, Report
from config.errors import (
    EngineFailed,
    EngineUnavailable,
    NotFound,
    SongwrightError,
    StoreUnavailable,
    WeightsMissing,
)
from config.gpus import billed_gpu
from config.settings import options_of
from orchestrator.modal.calls import REFUSALS
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.modal.marks import Marks
from orchestrator.modal.progress import Progress
from orchestrator.modal.runs import Runs
from orchestrator.pipeline.engines import REGISTRIES
from orchestrator.pipeline.steps import cover_step, draft_step, make_room, music_step, plan_step, scene_step
from orchestrator.pipeline.worker import StepResult
from orchestrator.songs.manifest import Song
from orchestrator.workers.in_process import Lane
from storage.configured import open_store
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


async def leave_container() -> None:
    """Lets this container end once its calls are answered: Modal gives it no more."""
    await modal.experimental.stop_fetching_inputs.aio()


class Station:
    """An engine in two stages, so that a memory snapshot can be taken between them: loaded where there is no
    GPU, then moved to it.

    Neither stage raises: a container that ends so is started again, without end and on a paid GPU. What
    cannot be used answers the calls that it gets with the error, and lets its container end, so that the next
    call has a new one.
    """

    def __init__(
        self,
        settings: Deployment,
        craft: str,
        engine: str,
        leave: Callable[[], Awaitable[None]] = leave_container,
    ) -> None:
        """``leave`` lets the container end once the calls that it has are answered."""
        self._craft = craft
        self._engine = engine
        self._settings = settings
        chosen, spec = getattr(settings, craft), REGISTRIES[craft].spec(engine)
        self._gpu = spec.gpu and chosen.device != "cpu"
        options = options_of(settings, craft)
        if engine != chosen.engine:  # another engine's model and precision mean nothing to it
            options = EngineOptions(commercial=settings.commercial)
        self._lane = Lane(
            REGISTRIES[craft],
            engine,
            replace(options, staged=True),
            together=chosen.together or spec.batch_size,
        )
        self._error: SongwrightError | None = None
        self._leave = leave
        self._leaving = False

    def load(self) -> None:
        """Loads the weights into memory. What keeps it from that is what every call answers, unless it is
        mended when the container settles."""
        try:
            self._lane.load()
        except Exception as error:  # noqa: BLE001 - whatever it is, the class says what becomes of it
            self._unusable("loaded", error)

    def settle(self, reread: Callable[[], Deployment] | None = None) -> None:
        """Moves the model to the GPU, and lets the deployment know what runs here. What kept it from loading
        may be mended by now: the snapshot that this container came from may be old. So may the settings:
        ``reread`` reads them from the environment of this container, for the keys of the store and the rest;
        engine and model stay those that were loaded."""
        late = self._error is not None
        if late:
            self._error = None
            self.load()
        if self._error:
            return
        try:
            if reread:
                self._settings = reread()
            engine = self._lane.load()
            if self._gpu and hasattr(engine, "settle"):
                engine.settle()
            if self._gpu:
                asked = getattr(self._settings, self._craft).gpu
                self._lane.charge(billed_gpu(asked, engine.info.device))
            # Made only now: connections do not outlive a snapshot.
            self._store = open_store(self._settings)
            self._runs = Runs(Marks(self._store))
            self._progress = Progress(f"{self._settings.modal.app}-progress")
            record_engine(self._store, self._craft, engine.info)
        except Exception as error:  # noqa: BLE001 - as in ``load``
            self._unusable("used", error)
        else:
            if late:
                log.warning(
                    "the snapshot of this container was taken without the weights of %s, and each container "
                    "loads them until a new one is taken - run: modal deploy main.py",
                    engine.info.model or self._engine,
                )

    async def step(self, name: str, song_json: str, call_id: str) -> Outcome:
        """Runs a step of a song ("scene", "plan", "music", "cover"), or makes a "draft" of its plan. A step
        that ``call_id``, this call, finds made or under way is not run again."""
        if self._error:
            await self._let_go()
            return "", self._error
        song = Song.model_validate_json(song_json)
        try:
            if name == "draft":
                plan = await self._lane.run(partial(_drafted, self._store, song), _silent)
                return plan.model_dump_json(), None
            part = _STEPS[name][0]
            silent = partial(self._progress.silent, song.id, part)
            return await self._runs.once(song.id, name, call_id, partial(self._run, name, song), silent)
        except SongwrightError as error:
            await self._recover(error)
            return "", error

    async def _run(self, name: str, song: Song) -> str:
        with self._progress.telling(song.id, _STEPS[name][0]) as report:
            result = await self._lane.run(partial(_made, name, self._store, song), report)
        return RESULT.dump_json(result).decode()

    async def wake(self) -> str:
        """What runs here, or what keeps it from that. A call that raised would be made again, in a container
        of its own each time."""
        if self._error:
            await self._let_go()
            return f"engine {self._engine!r} cannot be used: {self._error}"
        return self.summary()

    def summary(self) -> str:
        """What runs here. Raises what keeps it from that."""
        if self._error:
            raise self._error
        info: EngineInfo = self._lane.load().info
        return f"{info.name} {info.version}: {info.summary}"

    def close(self) -> None:
        """Unloads the model."""
        self._lane.close()

    async def _recover(self, error: SongwrightError) -> None:
        """After work that ended with ``error``: makes room, or lets a container end that could only fail the
        next work as well."""
        if out_of_memory(error):
            await asyncio.to_thread(make_room, self._lane.load(), error)
        elif lost_gpu(error):
            self._unusable("used any more", error)
            await self._let_go()
        elif isinstance(error, StoreUnavailable):
            # Its key may have been rotated: a container reads the secret when it starts, and never again.
            self._unusable("used any more", error)
            await self._let_go()

    def _unusable(self, what: str, error: Exception) -> None:
        """Keeps and logs what stands against the engine."""
        if isinstance(error, WeightsMissing):
            self._error = EngineUnavailable(error.what, "run: modal run main.py::prefetch")
        elif isinstance(error, SongwrightError):
            self._error = error
        else:
            self._error = gpu_error(self._engine, error) or EngineFailed(
                self._engine, f"{type(error).__name__}: {error}"
            )
        unexpected = error if isinstance(self._error, EngineFailed) else None
        log.error("engine %r cannot be %s: %s", self._engine, what, self._error, exc_info=unexpected)

    async def _let_go(self) -> None:
        if self._leaving:
            return
        self._leaving = True
        log.error("engine %r: this container ends, and the next call has a new one", self._engine)
        try:
            await self._leave()
        except REFUSALS as refusal:
            self._leaving = False  # the next call tries again
            log.warning("the container of engine %r was not let go: %s", self._engine, refusal)


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
