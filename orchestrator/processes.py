"""A service's worker: each engine in processes of its own.

The service's process then only waits and answers, however long an engine holds Python's lock; a crash or
an engine that hangs costs one song and not the service; and what an engine's memory grows to is its own.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from config.engine import EngineInfo, Report, ignore_progress
from config.errors import Cancelled, EngineFailed, EngineUnavailable, SongwrightError
from config.settings import EngineSettings, Settings, options_of
from lyrics.contract import SongPlan
from orchestrator.engines import REGISTRIES
from orchestrator.manifest import Asset, Song
from orchestrator.steps import (
    StepResult,
    cover_step,
    draft_step,
    given_plan_step,
    music_step,
    plan_step,
    tag_step,
)
from orchestrator.stores import open_store

_WHOLE_MACHINE = frozenset({"musicgen", "audiocraft", "acestep"})  # every core, or the GPU, is one model's
_STEPS: Mapping[str, Callable[..., Any]] = {
    "draft": draft_step,
    "plan": plan_step,
    "music": music_step,
    "cover": cover_step,
}

_NICENESS = 10  # answering comes before rendering
_REPORT_EVERY_S = 0.1
_CANCEL_GRACE_S = 5.0  # engines report every 0.3 s or more often: one that has not noticed by then hangs
_RETRY_AFTER_S = 5.0
_MUSIC_BYTES = 2_000_000_000  # a song of some minutes takes about half of this


@dataclass(frozen=True)
class EngineState:
    """What is known of a craft's engine: "starting", "ready" with its facts, or "unavailable" with why."""

    state: str
    engine: str
    info: EngineInfo | None = None
    error: SongwrightError | None = None


class ProcessWorker:
    """Runs the steps in other processes of this machine; see ``Worker`` for the promises."""

    def __init__(self, settings: Settings) -> None:
        self._store = open_store(settings)
        self._lanes = {
            craft: ProcessLane(craft, settings, processes_for(craft, settings)) for craft in REGISTRIES
        }

    @property
    def songs_at_once(self) -> int:
        """How many songs keep every lane at work: one in each music process, and one being planned."""
        return self._lanes["music"].size + 1

    @property
    def music_lanes(self) -> int:
        return self._lanes["music"].size

    def start(self) -> None:
        """Loads every engine, in the background."""
        for lane in self._lanes.values():
            lane.start()

    def states(self) -> dict[str, EngineState]:
        """By craft, how its engine is."""
        return {craft: lane.state for craft, lane in self._lanes.items()}

    def check(self) -> None:
        """Raises what keeps an engine from loading, and has it tried again in the background."""
        for lane in self._lanes.values():
            if lane.state.error:
                lane.retry()
                raise lane.state.error

    async def draft(self, song: Song) -> SongPlan:
        """The plan alone; nothing is stored."""
        result = await self._lanes["lyrics"].run("draft", song, ignore_progress)
        assert isinstance(result, SongPlan)
        return result

    async def plan(self, song: Song, report: Report) -> StepResult:
        if song.brief.plan:
            return await asyncio.to_thread(given_plan_step, self._store, song, song.brief.plan)
        return await self._step("lyrics", "plan", song, report)

    async def music(self, song: Song, report: Report) -> StepResult:
        return await self._step("music", "music", song, report)

    async def cover(self, song: Song, report: Report) -> StepResult:
        return await self._step("art", "cover", song, report)

    async def tag(self, song: Song) -> Asset:
        result = await self._lanes["art"].run("tag", song, ignore_progress)
        assert isinstance(result, Asset)
        return result

    async def _step(self, craft: str, step: str, song: Song, report: Report) -> StepResult:
        result = await self._lanes[craft].run(step, song, report)
        assert isinstance(result, StepResult)
        return result

    def close(self) -> None:
        """Ends every process; what still runs in one is lost."""
        for lane in self._lanes.values():
            lane.close()


class ProcessLane:
    """One craft's engine in ``size`` processes; work beyond that waits its turn."""

    def __init__(self, craft: str, settings: Settings, size: int) -> None:
        self.craft = craft
        self.size = size
        self._settings = settings
        self._engine: str = getattr(settings, craft).engine
        self._threads = ThreadPoolExecutor(max_workers=size, thread_name_prefix=f"lane-{craft}")
        self._own = threading.local()  # each thread keeps one process
        self._started: list[_EngineProcess] = []
        self._closed = False
        self._tried_at = time.monotonic()
        self.state = EngineState("starting", self._engine)

    def start(self) -> None:
        for _ in range(self.size):
            self._threads.submit(self._warm_up)

    def retry(self) -> None:
        """Tries once more to load the engine, unless that was only just tried."""
        now = time.monotonic()
        if now - self._tried_at > _RETRY_AFTER_S:
            self._tried_at = now
            self._threads.submit(self._warm_up)

    async def run(self, step: str, song: Song, report: Report) -> Any:
        """The result of ``step`` on ``song``. Cancelling the awaiting task stops the work: the engine is
        told at its next report, and its process is ended if it does not listen."""
        loop = asyncio.get_running_loop()
        stop = threading.Event()

        def told(stage: str, fraction: float) -> None:
            if not stop.is_set():
                loop.call_soon_threadsafe(report, stage, fraction)

        future = loop.run_in_executor(self._threads, self._call, step, song, told, stop)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.wait([future])
            if not future.cancelled():
                future.exception()  # seen, so that asyncio does not report it as lost
            raise

    def close(self) -> None:
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._started:
            process.end()

    def _warm_up(self) -> None:
        with suppress(SongwrightError):  # kept in ``state``, where readiness and each song find it
            self._process()

    def _call(self, step: str, song: Song, told: Report, stop: threading.Event) -> Any:
        if stop.is_set() or self._closed:
            raise Cancelled
        process = self._process()
        try:
            return process.call(step, song, told, stop)
        finally:
            if not process.lives:
                self._own.process = None
                self._started.remove(process)

    def _process(self) -> _EngineProcess:
        """This thread's process, started and loaded if need be."""
        process: _EngineProcess | None = getattr(self._own, "process", None)
        if process is None or not process.lives:
            process = _EngineProcess(self.craft, self._engine, self._settings)
            self._started.append(process)
            self._own.process = process
        try:
            info = process.ready()
        except SongwrightError as error:
            self.state = EngineState("unavailable", self._engine, error=error)
            self._own.process = None
            self._started.remove(process)
            raise
        self.state = EngineState("ready", self._engine, info=info)
        return process


class _EngineProcess:
    """The parent's end of one process that holds an engine. Only one thread uses it."""

    def __init__(self, craft: str, engine: str, settings: Settings) -> None:
        self._engine = engine
        # "spawn" on every system: a fork would copy the service's threads' locks in whatever state they are.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, craft, settings), name=f"songwright-{craft}", daemon=True
        )
        self._process.start()
        theirs.close()
        self._info: EngineInfo | None = None
        self.lives = True

    def ready(self) -> EngineInfo:
        """Waits until the engine is loaded. Raises what kept it from that."""
        if self._info is None:
            try:
                kind, value = self._connection.recv()
            except (EOFError, OSError) as error:
                raise EngineUnavailable(
                    f"the process of engine {self._engine!r} ended while loading, {self._fate()}",
                    "see the service's log, and 'songwright doctor'",
                ) from error
            if kind == "error":
                self.end()
                raise value
            self._info = value
        assert self._info is not None
        return self._info

    def call(self, step: str, song: Song, told: Report, stop: threading.Event) -> Any:
        try:
            self._connection.send((step, song))
            asked_to_stop_at: float | None = None
            while True:
                if stop.is_set() and asked_to_stop_at is None:
                    self._connection.send("stop")
                    asked_to_stop_at = time.monotonic()
                if asked_to_stop_at and time.monotonic() - asked_to_stop_at > _CANCEL_GRACE_S:
                    self.end()
                    raise Cancelled
                if not self._connection.poll(0.05):
                    continue
                kind, value = self._connection.recv()
                if kind == "report":
                    told(*value)
                elif kind == "error":
                    raise value
                else:
                    return value
        except (EOFError, OSError) as error:
            fate = self._fate()
            if stop.is_set():
                raise Cancelled from error
            raise EngineFailed(
                self._engine, f"its process ended in the middle of its work, {fate}"
            ) from error

    def end(self) -> None:
        self.lives = False
        self._process.kill()
        self._connection.close()

    def _fate(self) -> str:
        """How the process ended, in words; it is over after this."""
        self._process.join(timeout=1.0)
        code = self._process.exitcode
        self.end()
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            return f"killed by {name}" + (", as when memory runs out" if name == "SIGKILL" else "")
        return f"with exit code {code}"


def processes_for(craft: str, settings: Settings) -> int:
    """How many processes a craft's engine gets: as set, or one; for music as many as this machine has cores
    and memory for."""
    chosen: EngineSettings = getattr(settings, craft)
    if chosen.processes:
        return chosen.processes
    if craft != "music" or chosen.engine in _WHOLE_MACHINE:
        return 1
    return max(1, min(os.cpu_count() or 1, _memory_bytes() // _MUSIC_BYTES))


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not told on this system: assume a small machine
        return 4_000_000_000


def _serve(connection: Connection, craft: str, settings: Settings) -> None:
    """The process: loads its engine, then does what it is sent until the service has gone."""
    # Ctrl-C and a service manager's SIGTERM go to the whole group; only the service decides what they mean.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    threading.Thread(target=_end_with_the_service, args=(os.getppid(),), daemon=True).start()
    name: str = getattr(settings, craft).engine
    try:
        engine = REGISTRIES[craft].load(name, options_of(settings, craft))
    except SongwrightError as error:
        connection.send(("error", error))
        return
    store = open_store(settings)
    # The service gone: nobody waits for the rest.
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        connection.send(("ready", engine.info))
        while True:
            message = connection.recv()
            if message == "stop":
                continue  # for work that had ended by then
            step, song = message
            connection.send(_outcome(step, song, engine, store, _Reporter(connection)))


def _end_with_the_service(parent: int) -> None:
    """Ends this process, even in the middle of an engine that never reports, once the service is killed."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _outcome(step: str, song: Song, engine: Any, store: Any, report: Report) -> tuple[str, object]:
    try:
        if step == "tag":
            return "done", tag_step(store, song)
        result = _STEPS[step](engine, store, song, report)
        report("done", 1.0)
    except SongwrightError as error:
        return "error", error
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # noqa: BLE001 - an engine's bug ends its song, with the reason kept
        return "error", EngineFailed(engine.info.name, f"{type(error).__name__}: {error}")
    else:
        return "done", result


class _Reporter:
    """A ``Report`` that tells the service of each new stage, and else ten times a second at most."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stage = ""
        self._told_at = 0.0

    def __call__(self, stage: str, fraction: float) -> None:
        if self._connection.poll() and self._connection.recv() == "stop":
            raise Cancelled
        now = time.monotonic()
        if stage != self._stage or fraction >= 1.0 or now - self._told_at > _REPORT_EVERY_S:
            self._stage, self._told_at = stage, now
            self._connection.send(("report", (stage, fraction)))
