"""Where a song's steps run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from art.contract import PAINTERS, Painter
from config.engine import EngineOptions, Registry, Report
from config.errors import Cancelled, EngineFailed, SongwrightError
from config.settings import Settings, options_of
from lyrics.contract import WRITERS, Writer
from music.contract import COMPOSERS, Composer
from orchestrator.manifest import Asset, Song
from orchestrator.steps import (
    StepResult,
    cover_step,
    given_plan_step,
    music_step,
    photo_cover_step,
    plan_step,
    scene_step,
    tag_step,
)
from storage.contract import Store
from vision.contract import READERS, Reader

T = TypeVar("T")


class Worker(Protocol):
    """Runs each step of a song somewhere. Cancelling the awaiting task stops the work itself."""

    async def scene(self, song: Song, report: Report) -> StepResult: ...
    async def plan(self, song: Song, report: Report) -> StepResult: ...
    async def music(self, song: Song, report: Report) -> StepResult: ...
    async def cover(self, song: Song, report: Report) -> StepResult: ...
    async def tag(self, song: Song) -> Asset: ...


class Lane:
    """One engine and the one thread it runs in: it is loaded there on first use, and never runs twice at
    once."""

    def __init__(self, registry: Registry[Any], name: str, options: EngineOptions) -> None:
        self.name = name
        self._options = options
        self._registry = registry
        self._engine: Any = None
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"{registry.craft}-{name}")

    async def run(self, work: Callable[[Any, Report], T], report: Report) -> T:
        """``work(engine, report)`` in the lane's thread. When the awaiting task is cancelled, the next
        report that the engine makes raises ``Cancelled`` inside it, and this returns once the thread is free
        again."""
        stop = threading.Event()

        def watched(stage: str, fraction: float) -> None:
            if stop.is_set():
                raise Cancelled
            report(stage, fraction)

        future = asyncio.get_running_loop().run_in_executor(self._pool, self._work, work, watched)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.wait([future])
            future.exception()  # seen, so that asyncio does not report it as lost
            raise

    def close(self) -> None:
        """Lets the thread end, and unloads the engine's model if it has one."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if unload := getattr(self._engine, "close", None):
            unload()

    def _work(self, work: Callable[[Any, Report], T], report: Report) -> T:
        report("loading", 0.0)
        if self._engine is None:
            self._engine = self._registry.load(self.name, self._options)
        try:
            result = work(self._engine, report)
            report("done", 1.0)
            return result
        except SongwrightError:
            raise
        except Exception as error:
            # An engine's bug ends its song, with the reason kept, and not the process that makes others.
            raise EngineFailed(self.name, f"{type(error).__name__}: {error}") from error


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

    async def tag(self, song: Song) -> Asset:
        return await asyncio.to_thread(tag_step, self._store, song)

    def close(self) -> None:
        """Lets the threads end; work that still runs is waited for by whoever awaits it."""
        for lane in (self._writer, self._composer, self._painter, self._reader):
            lane.close()
