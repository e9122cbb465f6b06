"""The processes of one craft's engine. A thread for each restarts it when it ends, and songs queue for
them."""

from __future__ import annotations

import asyncio
import copy
import logging
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from config.engine import EngineInfo, Report
from config.errors import Cancelled, EngineUnavailable, SongwrightError, Unavailable
from config.settings import Settings
from orchestrator.pipeline.tries import MOST_TRIES, CrashCooldown
from orchestrator.pipeline.worker import Early
from orchestrator.songs.manifest import Song
from orchestrator.workers.contract import EngineState
from orchestrator.workers.engine_process import EngineProcess

log = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 60.0
_LONGEST_PAUSE_AT_WORK_S = 2.0
_POLL_S = 0.1


@dataclass(eq=False)
class _Slot:
    """A place for one process, with the current process and its number of songs."""

    process: EngineProcess | None = None
    ready: bool = False
    error: SongwrightError | None = None
    """The error of the last try to load, until one succeeds."""
    hopeless: bool = False
    """Whether songs fail at once instead of waiting for the next try."""
    retry_at: float = 0.0
    busy: int = 0
    alone: bool = False
    """Whether its song must be the only one in the process."""
    left_at: float = 0.0

    @property
    def is_running(self) -> bool:
        """Whether songs may be sent to it. A process that died a moment ago may still count as running."""
        return self.ready and self.process is not None and self.process.is_running


class EnginePool:
    """One craft's engine in ``size`` processes, each of which works on ``batch_size`` songs at once; more
    songs wait. A process that ends is restarted at once. If the next one ends too without having finished any
    work, the restarts back off: 1 s, doubled each time, up to a minute (2 s if they died at work)."""

    def __init__(
        self, craft: str, settings: Settings, size: int, batch_size: int, cooldown: CrashCooldown
    ) -> None:
        self.craft = craft
        self.size = size
        self.batch_size = batch_size
        self._settings = settings
        self._cooldown = cooldown
        self._engine: str = getattr(settings, craft).engine
        self._threads = ThreadPoolExecutor(max_workers=size * batch_size, thread_name_prefix=f"pool-{craft}")
        self._slots = [_Slot() for _ in range(size)]
        self._keepers: list[threading.Thread] = []
        self._change = threading.Condition()  # of the slots, the queue and ``_closed``
        self._queue: deque[object] = deque()  # callers that wait for a place, in order
        self._info: EngineInfo | None = None
        # Held for the milliseconds of a start, so that ``close`` never meets a half-started process.
        self._starting = threading.Lock()
        self._closed = False

    @property
    def started(self) -> bool:
        return bool(self._keepers)

    @property
    def state(self) -> EngineState:
        with self._change:
            failed = next((slot for slot in self._slots if slot.error), None)
            if self._info and (not failed or any(slot.ready for slot in self._slots)):
                return EngineState("ready", self._engine, info=self._info)
            if not failed:
                return EngineState("starting", self._engine)
            wait_s = max(0.0, failed.retry_at - time.monotonic())
            return EngineState("unavailable", self._engine, error=_fresh_error(failed), retry_in_s=wait_s)

    def start(self) -> None:
        """Loads the engine in the background. A second call does nothing."""
        if not self._keepers:
            # Daemons: they may wait for ever.
            self._keepers = [
                threading.Thread(target=self._keep, args=(slot,), name=f"keep-{self.craft}", daemon=True)
                for slot in self._slots
            ]
            for keeper in self._keepers:
                keeper.start()

    async def run(
        self, step: str, song: Song, report: Report, *, alone: bool = False, early: Early | None = None
    ) -> Any:
        """Runs ``step`` of ``song`` and returns its result; with ``alone``, no other song runs in the
        process; ``early`` is called in a thread of the pool. Cancelling the awaiting task stops the work,
        also while the engine loads: the engine's next report raises ``Cancelled``, and its process is killed
        if the engine does not stop."""
        loop = asyncio.get_running_loop()
        stop = threading.Event()

        def relay(stage: str, fraction: float) -> None:
            if not stop.is_set():
                loop.call_soon_threadsafe(report, stage, fraction)

        if self._closed:
            raise Cancelled
        submitted = self._threads.submit(self._call, step, song, relay, stop, alone, early)
        future = asyncio.wrap_future(submitted)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError as cancelled:
            stop.set()
            if submitted.cancel():  # it has no thread yet
                raise
            await asyncio.wait([future])
            # Retrieved, so that asyncio does not report it as lost; it also has the usage until then.
            raise cancelled from (None if future.cancelled() else future.exception())

    def close(self) -> None:
        """Ends every process; work that still runs is lost."""
        with self._starting, self._change:
            self._closed = True
            processes = [slot.process for slot in self._slots if slot.process]
            self._change.notify_all()
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.end()

    def _call(
        self,
        step: str,
        song: Song,
        report: Report,
        stop: threading.Event,
        alone: bool,  # noqa: FBT001 - a thread's arguments have no names
        early: Early | None,
    ) -> Any:
        slot, process = self._acquire(stop, alone=alone)
        try:
            return process.call(step, song, report, stop, early)
        finally:
            with self._change:
                slot.busy -= 1
                slot.alone = False
                slot.left_at = time.monotonic()
                self._change.notify_all()

    def _acquire(self, stop: threading.Event, *, alone: bool) -> tuple[_Slot, EngineProcess]:
        """Waits for a place in a process whose engine is loaded, first come, first served. Raises
        ``Cancelled`` after ``stop``, and the error of loading if it is unlikely to succeed soon."""
        me = object()
        with self._change:
            self._queue.append(me)
            try:
                while True:
                    if stop.is_set() or self._closed:
                        raise Cancelled
                    if not any(slot.ready for slot in self._slots):
                        for slot in self._slots:
                            if slot.hopeless:
                                raise _fresh_error(slot)
                    elif self._queue[0] is me and (found := self._free_slot(alone=alone)) and found.process:
                        found.busy += 1
                        found.alone = alone
                        return found, found.process
                    self._change.wait(_POLL_S)
            finally:
                self._queue.remove(me)
                self._change.notify_all()

    def _free_slot(self, *, alone: bool) -> _Slot | None:
        """The slot with the fewest songs that has a place; of several, the one that was left first."""
        most = 1 if alone else self.batch_size
        free = [s for s in self._slots if s.is_running and not s.alone and s.busy < most]
        return min(free, key=lambda slot: (slot.busy, slot.left_at), default=None)

    def _keep(self, slot: _Slot) -> None:
        """Keeps a process in ``slot`` until the pool is closed."""
        failures = 0  # in a row, without finished work in between
        while not self._closed:
            try:
                with self._starting:
                    if self._closed:
                        return
                    process = EngineProcess(self.craft, self._engine, self._settings, self.batch_size)
                    slot.process = process
            except (OSError, RuntimeError) as error:  # no more processes, memory, descriptors or threads
                what = f"no process can be started for engine {self._engine!r}: {error}"
                failures += 1
                self._record_failure(slot, EngineUnavailable(what, "free some of this machine"), failures)
                continue
            try:
                info = process.ready()
            except SongwrightError as error:
                if process.killed_idle:
                    self._cooldown.restart()
                failures += 1
                self._record_failure(slot, error, failures, refused=process.refused)
                continue
            with self._change:
                self._info = info
                slot.ready, slot.error, slot.hopeless = True, None, False
                self._change.notify_all()
            process.wait()
            with self._change:
                slot.ready = False
            if process.killed_idle:
                self._cooldown.restart()
            if not self._closed:
                log.warning("a process of engine %r has ended: another is started", self._engine)
            failures = 1 if process.worked else failures + 1
            # A song that kills its process has only a few tries: the songs behind it need not wait long.
            most_s = _LONGEST_PAUSE_S if process.ended_idle else _LONGEST_PAUSE_AT_WORK_S
            self._pause(min(_pause_s(failures - 1), most_s))

    def _record_failure(
        self, slot: _Slot, error: SongwrightError, failures: int, *, refused: bool = False
    ) -> None:
        """Records that loading failed, and waits before the next try. After the first deaths of a process
        songs wait too: it may have been killed from outside."""
        if self._closed:
            return
        wait_s = _pause_s(failures)
        log.warning("engine %r is not loaded, the next try is in %g s: %s", self._engine, wait_s, error)
        with self._change:
            slot.error = error
            slot.hopeless = refused or failures >= MOST_TRIES
            slot.retry_at = time.monotonic() + wait_s
            self._change.notify_all()
        self._pause(wait_s)

    def _pause(self, wait_s: float) -> None:
        with self._change:
            self._change.wait_for(lambda: self._closed, wait_s)


def _pause_s(failures: int) -> float:
    """Seconds before the next try after so many failures in a row: none, 1, 2, 4, ... 60."""
    return min(2.0 ** (failures - 1), _LONGEST_PAUSE_S) if failures > 0 else 0.0


def _fresh_error(slot: _Slot) -> SongwrightError:
    """A copy of the slot's error, which may be raised several times, with the time of the next try."""
    assert slot.error
    error = copy.copy(slot.error)
    if isinstance(error, Unavailable):
        error.retry_after_s = max(1.0, slot.retry_at - time.monotonic())
    return error
