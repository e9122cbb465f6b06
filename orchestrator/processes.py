"""A service's worker: each engine in processes of its own.

The service's process then only waits and answers, however long an engine holds Python's lock; a crash or
an engine that hangs costs the songs of one process and not the service; and what an engine's memory grows to
is its own.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import pickle
import queue
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
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
_TOGETHER = {"musicgen": 8, "acestep": 4, "qwen": 8}  # songs that one batch of the engine takes in
_STEPS: Mapping[str, Callable[..., Any]] = {
    "draft": draft_step,
    "plan": plan_step,
    "music": music_step,
    "cover": cover_step,
}

log = logging.getLogger(__name__)

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
            craft: ProcessLane(craft, settings, processes_for(craft, settings), together_for(craft, settings))
            for craft in REGISTRIES
        }

    @property
    def songs_at_once(self) -> int:
        """How many songs keep every lane at work: those that are composed, and one being planned."""
        return self.music_lanes + 1

    @property
    def music_lanes(self) -> int:
        """How many songs can be composed at once."""
        lane = self._lanes["music"]
        return lane.size * lane.together

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
    """One craft's engine in ``size`` processes, each of which works on ``together`` songs; work beyond that
    waits its turn."""

    def __init__(self, craft: str, settings: Settings, size: int, together: int) -> None:
        self.craft = craft
        self.size = size
        self.together = together
        self._settings = settings
        self._engine: str = getattr(settings, craft).engine
        self._threads = ThreadPoolExecutor(max_workers=size * together, thread_name_prefix=f"lane-{craft}")
        # A place for each thread. Given back at the end, so that the processes take turns.
        self._places: queue.SimpleQueue[int] = queue.SimpleQueue()
        for _ in range(together):
            for number in range(size):
                self._places.put(number)
        self._processes: list[_EngineProcess | None] = [None] * size
        self._starting = threading.Lock()
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
        with self._starting:
            for process in self._processes:
                if process:
                    process.end()

    def _warm_up(self) -> None:
        number = self._places.get()
        try:
            with suppress(SongwrightError):  # kept in ``state``, where readiness and each song find it
                self._process(number)
        finally:
            self._places.put(number)

    def _call(self, step: str, song: Song, told: Report, stop: threading.Event) -> Any:
        number = self._places.get()
        try:
            if stop.is_set() or self._closed:
                raise Cancelled
            return self._process(number).call(step, song, told, stop)
        finally:
            self._places.put(number)

    def _process(self, number: int) -> _EngineProcess:
        """The process of that number, started and loaded if need be."""
        with self._starting:
            if self._closed:
                raise Cancelled
            process = self._processes[number]
            if process is None or not process.lives:
                process = _EngineProcess(self.craft, self._engine, self._settings, self.together)
                self._processes[number] = process
        try:
            info = process.ready()
        except SongwrightError as error:
            self.state = EngineState("unavailable", self._engine, error=error)
            raise
        self.state = EngineState("ready", self._engine, info=info)
        return process


_Message = tuple[str, object]
"""What a process says about a call: "report", "error" or "done", and which. "ended" is said of it."""


class _EngineProcess:
    """The parent's end of one process that holds an engine. Several threads may call it at once."""

    def __init__(self, craft: str, engine: str, settings: Settings, together: int) -> None:
        self._engine = engine
        # "spawn" on every system: a fork would copy the service's threads' locks in whatever state they are.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, craft, settings, together), name=f"songwright-{craft}", daemon=True
        )
        self._process.start()
        theirs.close()
        self.lives = True
        self._fate = ""
        self._loaded: Future[EngineInfo] = Future()
        self._numbers = count()
        self._calls: dict[int, queue.SimpleQueue[_Message]] = {}
        self._guard = threading.Lock()  # of ``lives``, ``_calls`` and of sending
        threading.Thread(target=self._listen, name=f"listen-{craft}", daemon=True).start()

    def ready(self) -> EngineInfo:
        """Waits until the engine is loaded. Raises what kept it from that."""
        return self._loaded.result()

    def call(self, step: str, song: Song, told: Report, stop: threading.Event) -> Any:
        heard: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        number = next(self._numbers)
        if not self._sent((number, (step, song)), heard):
            heard.put(("ended", None))
        try:
            asked_to_stop_at: float | None = None
            while True:
                if stop.is_set() and asked_to_stop_at is None:
                    self._sent((number, "stop"))
                    asked_to_stop_at = time.monotonic()
                if asked_to_stop_at and time.monotonic() - asked_to_stop_at > _CANCEL_GRACE_S:
                    self.end()
                    raise Cancelled
                try:
                    kind, value = heard.get(timeout=0.05)
                except queue.Empty:
                    continue
                if kind == "report":
                    told(*value)  # type: ignore[misc]  # it is what ``_Reporter`` was told
                elif kind == "done":
                    return value
                elif kind == "error":
                    assert isinstance(value, Exception)
                    raise value
                elif stop.is_set():
                    raise Cancelled
                else:
                    raise EngineFailed(
                        self._engine, f"its process ended in the middle of its work, {self._fate}"
                    )
        finally:
            with self._guard:
                self._calls.pop(number, None)

    def end(self) -> None:
        """Kills it; whoever waits for it is told."""
        self.lives = False
        self._process.kill()

    def _sent(self, message: object, heard: queue.SimpleQueue[_Message] | None = None) -> bool:
        """Whether the process was still there to be sent it; the answers go to ``heard``."""
        with self._guard:
            if not self.lives:
                return False
            if heard:
                assert isinstance(message, tuple)
                self._calls[message[0]] = heard
            try:
                self._connection.send(message)
            except OSError:
                return False
        return True

    def _listen(self) -> None:
        """Hands on what the process says, until it has ended."""
        try:
            kind, value = self._connection.recv()
            if kind == "error":
                self.end()
                self._loaded.set_exception(value)
            else:
                self._loaded.set_result(value)
                while True:
                    number, kind, value = self._connection.recv()
                    with self._guard:
                        heard = self._calls.get(number)
                    if heard:
                        heard.put((kind, value))
        except (EOFError, OSError):
            pass  # it has ended; how, is told to all who wait
        except Exception:
            # Cut short by its death, or an error of an engine's own that cannot be put together again here.
            log.exception("the process of engine %r said what cannot be read", self._engine)
        self._fate = self._how_it_ended()
        with self._guard:
            self.lives = False
            for heard in self._calls.values():
                heard.put(("ended", None))
        self._connection.close()
        if not self._loaded.done():
            error = EngineUnavailable(
                f"the process of engine {self._engine!r} ended while loading, {self._fate}",
                "see the service's log, and 'songwright doctor'",
            )
            self._loaded.set_exception(error)

    def _how_it_ended(self) -> str:
        """In words; it is over after this."""
        self._process.join(timeout=1.0)
        code = self._process.exitcode
        self._process.kill()
        self._process.join()
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


def together_for(craft: str, settings: Settings) -> int:
    """How many songs one process of a craft's engine works on together: as set, or as many as its batch
    takes."""
    chosen: EngineSettings = getattr(settings, craft)
    return chosen.together or _TOGETHER.get(chosen.engine, 1)


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not told on this system: assume a small machine
        return 4_000_000_000


def _serve(connection: Connection, craft: str, settings: Settings, together: int) -> None:
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
    sending = threading.Lock()
    stops: dict[int, threading.Event] = {}
    threads = ThreadPoolExecutor(max_workers=together, thread_name_prefix=craft)

    def say(number: int, kind: str, value: object) -> None:
        # The service gone: nobody waits for the rest, and this process ends.
        with sending, suppress(OSError):
            connection.send((number, kind, value))

    def work(number: int, step: str, song: Song) -> None:
        report = _Reporter(stops[number], partial(say, number, "report"))
        kind, value = _outcome(step, song, engine, store, report)
        del stops[number]
        try:
            say(number, kind, value)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            failed = EngineFailed(engine.info.name, f"what it answered cannot be sent: {error}")
            say(number, "error", failed)

    with suppress(EOFError, OSError):
        connection.send(("ready", engine.info))
        while True:
            number, what = connection.recv()
            if what != "stop":
                stops[number] = threading.Event()
                threads.submit(work, number, *what)
            elif stop := stops.get(number):  # else the work had ended by then
                stop.set()
    os._exit(0)  # not to wait for engines at work


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
    except Exception as error:  # noqa: BLE001 - an engine's bug ends its song, with the reason kept
        return "error", EngineFailed(engine.info.name, f"{type(error).__name__}: {error}")
    else:
        return "done", result


class _Reporter:
    """A ``Report`` that tells the service of each new stage, and else ten times a second at most."""

    def __init__(self, stop: threading.Event, say: Callable[[tuple[str, float]], None]) -> None:
        self._stop = stop
        self._say = say
        self._stage = ""
        self._told_at = 0.0

    def __call__(self, stage: str, fraction: float) -> None:
        if self._stop.is_set():
            raise Cancelled
        now = time.monotonic()
        if stage != self._stage or fraction >= 1.0 or now - self._told_at > _REPORT_EVERY_S:
            self._stage, self._told_at = stage, now
            self._say((stage, fraction))
