"""Every step in this process, where the command line makes a song."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from art.contract import PAINTERS, Painter
from config.engine import EngineOptions, Registry, Report
from config.errors import Cancelled
from config.settings import Settings, options_of
from lyrics.contract import WRITERS, Writer
from music.contract import COMPOSERS, Composer
from orchestrator.estimates.meter import Meter
from orchestrator.pipeline.steps import (
    cover_step,
    given_plan_step,
    metered,
    music_step,
    photo_cover_step,
    plan_step,
    scene_step,
    tag_step,
)
from orchestrator.pipeline.worker import StepResult
from orchestrator.songs.manifest import Song
from storage.contract import Store
from vision.contract import READERS, Reader

T = TypeVar("T")


class Lane:
    """One engine and the threads it runs in, as many as it takes songs together: one, unless it is said
    otherwise. It is loaded there on first use."""

    def __init__(
        self,
        registry: Registry[Any],
        name: str,
        options: EngineOptions,
        *,
        together: int = 1,
    ) -> None:
        self.name = name
        self._options = options
        self._registry = registry
        self._engine: Any = None
        self._meter = Meter()  # whatever GPU the settings name for Modal, this is a machine of one's own
        self._loading = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=together, thread_name_prefix=f"{registry.craft}-{name}")

    def load(self) -> Any:
        """The engine, loaded if it was not yet. Raises as ``Registry.load`` does."""
        with self._loading:
            if self._engine is None:
                self._engine = self._registry.load(self.name, self._options)
            return self._engine

    def charge(self, gpu: str) -> None:
        """From now on, what is used is used of this GPU of Modal's."""
        self._meter = Meter(gpu)

    async def run(self, work: Callable[[Any, Report], T], report: Report) -> T:
        """``work(engine, report)`` in the lane's thread. When the awaiting task is cancelled, the next
        report that the engine makes raises ``Cancelled`` inside it, and this returns once the thread is free
        again; at once where the engine is still being loaded, which nothing can stop."""
        stop = threading.Event()
        loaded = threading.Event()

        def begun(engine: Any, watched: Report) -> T:
            loaded.set()
            if stop.is_set():
                raise Cancelled
            return work(engine, watched)

        def watched(stage: str, fraction: float) -> None:
            if stop.is_set():
                raise Cancelled
            report(stage, fraction)

        future = asyncio.get_running_loop().run_in_executor(self._pool, self._work, begun, watched)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError as gone:
            stop.set()
            if not loaded.is_set():
                future.add_done_callback(_seen)
                raise
            await asyncio.wait([future])
            # Seen, so that asyncio does not report it as lost; and it tells what was used until then.
            raise gone from future.exception()

    def close(self) -> None:
        """Lets the thread end, and unloads the engine's model if it has one."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if unload := getattr(self._engine, "close", None):
            unload()

    def _work(self, work: Callable[[Any, Report], T], report: Report) -> T:
        report("loading", 0.0)
        engine = self.load()

        def step() -> T:
            result = work(engine, report)
            report("done", 1.0)
            return result

        return metered(self._meter, self.name, step)


def _seen(future: asyncio.Future[Any]) -> None:
    """So that asyncio does not report what it ended with as lost."""
    if not future.cancelled():
        future.exception()


class LocalWorker:
    """Runs every step in this process, a bounded thread per engine, so that music and cover are made
    together."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._store = store
        self._writer = Lane(WRITERS, settings.lyrics.engine, options_of(settings, "lyrics"))
        self._composer = Lane(COMPOSERS, settings.music.engine, options_of(settings, "music"))
        self._painter = Lane(PAINTERS, settings.art.engine, options_of(settings, "art"))
        self._reader = Lane(READERS, settings.vision.engine, options_of(settings, "vision"))

    async def scene(self, song: Song, report: Report) -> StepResult:
        def work(reader: Reader, watched: Report) -> StepResult:
            return scene_step(reader, self._store, song, watched)

        return await self._reader.run(work, report)

    async def plan(self, song: Song, report: Report) -> StepResult:
        if song.brief.plan:  # nothing to write: the writer need not even be there
            return await asyncio.to_thread(given_plan_step, self._store, song, song.brief.plan)

        def work(writer: Writer, watched: Report) -> StepResult:
            return plan_step(writer, self._store, song, watched)

        return await self._writer.run(work, report)

    async def music(self, song: Song, report: Report) -> StepResult:
        def work(composer: Composer, watched: Report) -> StepResult:
            return music_step(composer, self._store, song, watched)

        return await self._composer.run(work, report)

    async def cover(self, song: Song, report: Report) -> StepResult:
        if song.brief.photo_as_cover:  # nothing to paint: likewise
            result = await asyncio.to_thread(photo_cover_step, self._store, song)
            report("done", 1.0)
            return result

        def work(painter: Painter, watched: Report) -> StepResult:
            return cover_step(painter, self._store, song, watched)

        return await self._painter.run(work, report)

    async def tag(self, song: Song) -> StepResult:
        return await asyncio.to_thread(tag_step, self._store, song)

    def close(self) -> None:
        """Lets the threads end; work that still runs is waited for by whoever awaits it."""
        for lane in (self._writer, self._composer, self._painter, self._reader):
            lane.close()
