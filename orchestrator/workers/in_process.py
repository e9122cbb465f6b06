"""Runs every step in this process, for the command line."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from config.engine import Closable, EngineOptions, Report
from config.errors import Cancelled
from config.registry import Registry
from config.settings import Settings, options_of
from lyrics.contract import OnCover
from orchestrator.estimates.meter import Meter
from orchestrator.pipeline.engines import REGISTRIES, crafts_in_use
from orchestrator.pipeline.steps import Step, step_of
from orchestrator.pipeline.worker import StepResult, engine_for, retrieve_exception, with_usage
from orchestrator.songs.manifest import Song
from orchestrator.songs.stages import Stage
from orchestrator.workers.listening import Listening
from orchestrator.workers.metering import metered
from storage.contract import Store

T = TypeVar("T")


class EngineThreads:
    """One engine and its threads, one for each song that it works on at a time. The engine is loaded in such
    a thread on first use."""

    def __init__(
        self,
        registry: Registry[Any],
        name: str,
        options: EngineOptions,
        *,
        batch_size: int = 1,
    ) -> None:
        self.name = name
        self._options = options
        self._registry = registry
        self._engine: Any = None
        self._meter = Meter()  # without a GPU of Modal: this is the user's own machine
        self._loading = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=batch_size, thread_name_prefix=f"{registry.craft}-{name}")

    def load(self) -> Any:
        """The engine; loads it on the first call. Raises as ``Registry.load`` does."""
        with self._loading:
            if self._engine is None:
                self._engine = self._registry.load(self.name, self._options)
            return self._engine

    def charge(self, gpu: str) -> None:
        """From now on, usage is counted for this GPU of Modal's."""
        self._meter = Meter(gpu)

    async def run(self, step: Step[T], store: Store, song: Song, report: Report) -> T:
        """Runs ``step`` of ``song`` in one of the engine's threads. If the awaiting task is cancelled, the
        engine's next report raises ``Cancelled`` inside it, and this returns once the thread is free. Loading
        cannot be stopped: during it, this returns at once."""
        stop = threading.Event()
        loaded = threading.Event()

        def report_or_cancel(doing: str, fraction: float) -> None:
            if stop.is_set():
                raise Cancelled
            report(doing, fraction)

        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(
            self._pool, self._work, step, store, song, report_or_cancel, loaded, stop
        )
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError as cancelled:
            stop.set()
            if not loaded.is_set():
                future.add_done_callback(retrieve_exception)
                raise
            await asyncio.wait([future])
            # Retrieved, so that asyncio does not report it as lost; it also has the usage until then.
            raise cancelled from future.exception()

    def close(self) -> None:
        """Lets the threads end, and unloads the engine's model if it has one."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if isinstance(self._engine, Closable):
            self._engine.close()

    def _work(
        self,
        step: Step[T],
        store: Store,
        song: Song,
        report: Report,
        loaded: threading.Event,
        stop: threading.Event,
    ) -> T:
        report("loading", 0.0)
        engine = self.load()
        loaded.set()
        with metered(self._meter, self.name) as measured:
            if stop.is_set():
                raise Cancelled
            result = step(engine, store, song, report)
            report("done", 1.0)
        return with_usage(result, measured.usage)


class InProcessWorker:
    """Runs every step in this process, with a thread for each engine, so that music and cover are made at the
    same time."""

    def __init__(self, settings: Settings, store: Store, listening: Listening | None = None) -> None:
        self._store = store
        self._listening = listening or Listening()
        self._engines = {
            craft: EngineThreads(
                REGISTRIES[craft], getattr(settings, craft).engine, options_of(settings, craft)
            )
            for craft in crafts_in_use(settings)
        }

    @property
    def listens(self) -> bool:
        return "listening" in self._engines

    @property
    def separates(self) -> bool:
        return "separation" in self._engines

    async def run(
        self, stage: Stage, song: Song, report: Report, on_cover: OnCover | None = None
    ) -> StepResult:
        early = on_cover or self._listening.hear_of(stage, song.id)
        craft, step = engine_for(stage, song), step_of(stage, song, early)
        if craft:
            return await self._engines[craft].run(step, self._store, song, report)
        result = await asyncio.to_thread(step, None, self._store, song, report)
        if stage.craft:  # the tags have no progress to show
            report("done", 1.0)
        return result

    def close(self) -> None:
        """Lets the threads end. Work that still runs goes on until its end."""
        for engine in self._engines.values():
            engine.close()
