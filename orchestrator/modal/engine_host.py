"""The engine in a container on Modal, and the songs that it works on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module

import modal.experimental
from pydantic import TypeAdapter

from config.cuda import gpu_error, lost_gpu, out_of_memory
from config.engine import EngineInfo, EngineOptions, ignore_progress, move_to_gpu
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
from orchestrator.modal.call_records import CallRecords
from orchestrator.modal.calls import MODAL_ERRORS
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.modal.progress import EarlyWords, Progress
from orchestrator.modal.runs import Runs
from orchestrator.pipeline.engines import REGISTRIES
from orchestrator.pipeline.steps import step_of
from orchestrator.pipeline.steps.writing import draft
from orchestrator.pipeline.worker import REPAINT, StepResult, wants_painting
from orchestrator.songs.manifest import Song
from orchestrator.songs.stages import Stage
from orchestrator.workers.in_process import EngineThreads
from orchestrator.workers.metering import free_memory
from storage.configured import open_store
from storage.contract import Store, read

log = logging.getLogger(__name__)

RESULT = TypeAdapter(StepResult)
INFO = TypeAdapter(EngineInfo)
_OTHER_NAMES: Mapping[str, Stage] = {REPAINT: Stage.COVER, "scene": Stage.PHOTO, "plan": Stage.LYRICS}
"""Steps that are not named as their stage. The last two are names of earlier versions, whose runners may
still run after a deployment."""
_NEEDED_BY: Mapping[str, tuple[str, ...]] = {"lyrics": ("lyrics.requests",)}
"""By craft, the modules that its first step imports."""

Outcome = tuple[str, SongwrightError | None]
"""What a call returns: its result as JSON, or its error. It does not raise, for Modal would call it again."""


async def leave_container() -> None:
    """Lets this container end once its calls have returned: Modal gives it no more calls."""
    await modal.experimental.stop_fetching_inputs.aio()


class EngineHost:
    """An engine that starts in two stages, so that Modal can take a memory snapshot between them: it is
    loaded without a GPU, then moved to the GPU.

    Neither stage raises: Modal would start such a container again and again, on a paid GPU. Instead, calls
    get the error, and the container ends, so that the next call has a new one.
    """

    def __init__(
        self,
        settings: Deployment,
        craft: str,
        engine: str,
        leave: Callable[[], Awaitable[None]] = leave_container,
    ) -> None:
        """``leave`` lets the container end once its calls have returned."""
        self._craft = craft
        self._engine = engine
        self._settings = settings
        self._spec = REGISTRIES[craft].spec(engine)
        self._gpu = self._spec.gpu and getattr(settings, craft).device != "cpu"
        self._threads = self._engine_threads()
        self._error: SongwrightError | None = None
        self._leave = leave
        self._leaving = False

    def _engine_threads(self) -> EngineThreads:
        """The engine as the settings have it now, not loaded yet."""
        chosen, options = getattr(self._settings, self._craft), options_of(self._settings, self._craft)
        if self._engine != chosen.engine:  # the set model and precision belong to another engine
            options = EngineOptions(commercial=self._settings.commercial, server=self._settings.openai)
        return EngineThreads(
            REGISTRIES[self._craft],
            self._engine,
            replace(options, staged=True),
            batch_size=chosen.together or self._spec.batch_size,
        )

    def load(self) -> None:
        """Loads the weights into memory. Every call gets the error of this, unless ``settle`` succeeds."""
        try:
            for module in _NEEDED_BY.get(self._craft, ()):
                import_module(module)  # into the snapshot too: a first song need not wait for it
            self._threads.load()
        except Exception as error:  # noqa: BLE001 - any error is kept for the calls
            self._set_error("loaded", error)

    def settle(self, reread: Callable[[], Deployment] | None = None) -> None:
        """Moves the model to the GPU, and records the engine for the deployment. If loading failed it is
        tried again, for the snapshot may be old. The settings in it may be old too: ``reread`` reads them
        from this container's environment, for the keys of the store and of a server; engine and model stay
        those that were loaded."""
        late = self._error is not None
        if late:
            self._error = None
            self.load()
        if self._error:
            return
        try:
            if reread:
                self._settings = reread()
                if self._spec.server:  # the snapshot may have an old key, and loading this one takes no time
                    self._threads.close()
                    self._threads = self._engine_threads()
            engine = self._threads.load()
            if self._gpu:
                move_to_gpu(engine)
                requested = getattr(self._settings, self._craft).gpu
                self._threads.charge(billed_gpu(requested, engine.info.device))
            # Opened only now: connections do not survive a snapshot.
            self._store = open_store(self._settings)
            self._progress = Progress(f"{self._settings.modal.app}-progress")
            self._words = EarlyWords(f"{self._settings.modal.app}-words")
            self._runs = Runs(CallRecords(self._store), self._progress)
            record_engine(self._store, self._craft, engine.info)
        except Exception as error:  # noqa: BLE001 - as in ``load``
            self._set_error("used", error)
        else:
            if late:
                log.warning(
                    "the snapshot of this container was taken without the weights of %s, and each container "
                    "loads them until a new one is taken - run: modal deploy main.py",
                    engine.info.model or self._engine,
                )

    async def step(self, name: str, song_json: str, call_id: str) -> Outcome:
        """Runs a step of a song, by the name of its stage, or writes a "draft" of its plan. ``call_id`` is
        this call. A step that is finished or running already is not run again."""
        if self._error:
            await self._end_container()
            return "", self._error
        song = Song.model_validate_json(song_json)
        try:
            if name == "draft":
                plan = await self._threads.run(draft, self._store, song, ignore_progress)
                return plan.model_dump_json(), None
            stage = _OTHER_NAMES.get(name) or Stage(name)
            stopped = partial(self._progress.heartbeat_stopped, song.id, stage)
            return await self._runs.once(song.id, name, call_id, partial(self._run, stage, song), stopped)
        except SongwrightError as error:
            await self._recover(error)
            return "", error

    async def _run(self, stage: Stage, song: Song) -> str:
        on_cover = self._words.sender(song.id) if stage is Stage.LYRICS and wants_painting(song) else None
        with self._progress.reporting(song.id, stage) as report:
            result = await self._threads.run(step_of(stage, song, on_cover), self._store, song, report)
        return RESULT.dump_json(result).decode()

    async def wake(self) -> str:
        """What runs here, or the error. It does not raise, for Modal would call again, each time in a new
        container."""
        if self._error:
            await self._end_container()
            return f"engine {self._engine!r} cannot be used: {self._error}"
        return self.summary()

    def summary(self) -> str:
        """What runs here. Raises the error of an engine that cannot be used."""
        if self._error:
            raise self._error
        info: EngineInfo = self._threads.load().info
        return f"{info.name} {info.version}: {info.summary}"

    def close(self) -> None:
        """Unloads the model."""
        self._threads.close()

    async def _recover(self, error: SongwrightError) -> None:
        """After work that ended with ``error``: frees memory, or ends a container that would fail the next
        work too."""
        if out_of_memory(error):
            await asyncio.to_thread(free_memory, self._threads.load(), error)
        elif lost_gpu(error):
            self._set_error("used any more", error)
            await self._end_container()
        elif isinstance(error, StoreUnavailable):
            # The store's key may be a new one: a container reads the secret only when it starts.
            self._set_error("used any more", error)
            await self._end_container()

    def _set_error(self, what: str, error: Exception) -> None:
        """Keeps and logs why the engine cannot be used."""
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

    async def _end_container(self) -> None:
        if self._leaving:
            return
        self._leaving = True
        log.error("engine %r: this container ends, and the next call has a new one", self._engine)
        try:
            await self._leave()
        except MODAL_ERRORS as refusal:
            self._leaving = False  # the next call tries again
            log.warning("the container of engine %r was not let go: %s", self._engine, refusal)


def record_engine(store: Store, craft: str, info: EngineInfo) -> None:
    """Stores the facts of the engine that runs for ``craft``, for containers without an engine."""
    facts = INFO.dump_json(info)
    try:
        known = read(store, _record(craft)) == facts
    except NotFound:
        known = False
    if not known:
        store.put(_record(craft), facts, "application/json")


def recorded_engine(store: Store, craft: str) -> EngineInfo | None:
    """The facts of the engine that ran last for ``craft``; None if they are not known."""
    try:
        return INFO.validate_json(read(store, _record(craft)))
    except (NotFound, ValueError):  # never run, or recorded by a later version
        return None


def _record(craft: str) -> str:
    return f"engines/{craft}.json"
