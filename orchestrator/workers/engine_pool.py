"""One craft's engine in its processes: each is kept alive by a thread of its own, and songs take turns in
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
from orchestrator.pipeline.tries import MOST_TRIES, Unrest
from orchestrator.songs.manifest import Song
from orchestrator.workers.contract import EngineState
from orchestrator.workers.engine_process import EngineProcess

log = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 60.0
_LONGEST_PAUSE_AT_WORK_S = 2.0
_POLL_S = 0.1


@dataclass(eq=False)
class _Slot:
    """Room for one process, the one that is there now, and the songs in it."""

    process: EngineProcess | None = None
    ready: bool = False
    error: SongwrightError | None = None
    """Why the last try to load failed, until one succeeds."""
    hopeless: bool = False
    """Whether songs are not to wait for the next try."""
    retry_at: float = 0.0
    busy: int = 0
    alone: bool = False
    """Whether the one song in it may not be joined."""
    left_at: float = 0.0

    @property
    def lives(self) -> bool:
        """Whether songs may be sent there; a process that died a moment ago is still taken for ready."""
        return self.ready and self.process is not None and self.process.lives


class ProcessLane:
    """One craft's engine in ``size`` processes, each of which works on ``together`` songs; work beyond that
    waits its turn. A process that ends is replaced: at once, and where the next one ends as well without
    having done any work, after a pause of 1 s that doubles up to a minute (at work: to 2 s)."""

    def __init__(self, craft: str, settings: Settings, size: int, together: int, unrest: Unrest) -> None:
        self.craft = craft
        self.size = size
        self.together = together
        self._settings = settings
        self._unrest = unrest
        self._engine: str = getattr(settings, craft).engine
        self._threads = ThreadPoolExecutor(max_workers=size * together, thread_name_prefix=f"lane-{craft}")
        self._slots = [_Slot() for _ in range(size)]
        self._keepers: list[threading.Thread] = []
        self._change = threading.Condition()  # of the slots, the line and ``_closed``
        self._line: deque[object] = deque()  # who waits for a place, in order
        self._info: EngineInfo | None = None
        # Held for the milliseconds in which a process is started: half of one would complain at our end.
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
            return EngineState("unavailable", self._engine, error=_fresh(failed), retry_in_s=wait_s)

    def start(self) -> None:
        """Loads the engine, in the background; a second time is as none."""
        if not self._keepers:
            # Daemons: what they wait for may never come.
            self._keepers = [
                threading.Thread(target=self._keep, args=(slot,), name=f"keep-{self.craft}", daemon=True)
                for slot in self._slots
            ]
            for keeper in self._keepers:
                keeper.start()

    async def run(self, step: str, song: Song, report: Report, *, alone: bool = False) -> Any:
        """The result of ``step`` on ``song``, with no other song in the process if it is to be ``alone``.
        Cancelling the awaiting task stops the work, also while the engine is being loaded: the engine is told
        at its next report, and its process is ended if it does not listen."""
        loop = asyncio.get_running_loop()
        stop = threading.Event()

        def told(stage: str, fraction: float) -> None:
            if not stop.is_set():
                loop.call_soon_threadsafe(report, stage, fraction)

        if self._closed:
            raise Cancelled
        submitted = self._threads.submit(self._call, step, song, told, stop, alone)
        future = asyncio.wrap_future(submitted)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError as gone:
            stop.set()
            if submitted.cancel():  # it has no thread yet, and need not wait for one
                raise
            await asyncio.wait([future])
            # Seen, so that asyncio does not report it as lost; and it tells what was used until then.
            raise gone from (None if future.cancelled() else future.exception())

    def close(self) -> None:
        """Ends every process; what still runs in one is lost."""
        with self._starting, self._change:
            self._closed = True
            processes = [slot.process for slot in self._slots if slot.process]
            self._change.notify_all()
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.end()

    def _call(self, step: str, song: Song, told: Report, stop: threading.Event, alone: bool) -> Any:  # noqa: FBT001 - a thread's arguments have no names
        slot, process = self._place(stop, alone=alone)
        try:
            return process.call(step, song, told, stop)
        finally:
            with self._change:
                slot.busy -= 1
                slot.alone = False
                slot.left_at = time.monotonic()
                self._change.notify_all()

    def _place(self, stop: threading.Event, *, alone: bool) -> tuple[_Slot, EngineProcess]:
        """A place in a process whose engine is loaded, in the order of asking. Raises ``Cancelled`` after
        ``stop``, and what keeps the engine from loading where there is no hope that it will soon."""
        me = object()
        with self._change:
            self._line.append(me)
            try:
                while True:
                    if stop.is_set() or self._closed:
                        raise Cancelled
                    if not any(slot.ready for slot in self._slots):
                        for slot in self._slots:
                            if slot.hopeless:
                                raise _fresh(slot)
                    elif self._line[0] is me and (found := self._room(alone=alone)) and found.process:
                        found.busy += 1
                        found.alone = alone
                        return found, found.process
                    self._change.wait(_POLL_S)
            finally:
                self._line.remove(me)
                self._change.notify_all()

    def _room(self, *, alone: bool) -> _Slot | None:
        """Where there is a place: in the process with the fewest songs, of several the most rested one."""
        most = 1 if alone else self.together
        free = [s for s in self._slots if s.lives and not s.alone and s.busy < most]
        return min(free, key=lambda slot: (slot.busy, slot.left_at), default=None)

    def _keep(self, slot: _Slot) -> None:
        """Has a process in ``slot`` until the lane is closed."""
        failures = 0  # in a row, with no work done between
        while not self._closed:
            try:
                with self._starting:
                    if self._closed:
                        return
                    process = EngineProcess(self.craft, self._engine, self._settings, self.together)
                    slot.process = process
            except (OSError, RuntimeError) as error:  # no more processes, memory, descriptors or threads
                what = f"no process can be started for engine {self._engine!r}: {error}"
                failures += 1
                self._failed(slot, EngineUnavailable(what, "free some of this machine"), failures)
                continue
            try:
                info = process.ready()
            except SongwrightError as error:
                if process.killed_idle:
                    self._unrest.note()
                failures += 1
                self._failed(slot, error, failures, refused=process.refused)
                continue
            with self._change:
                self._info = info
                slot.ready, slot.error, slot.hopeless = True, None, False
                self._change.notify_all()
            process.wait()
            with self._change:
                slot.ready = False
            if process.killed_idle:
                self._unrest.note()
            if not self._closed:
                log.warning("a process of engine %r has ended: another is started", self._engine)
            failures = 1 if process.worked else failures + 1
            # Songs that kill their process are tried a few times only: those after them need not wait long.
            most_s = _LONGEST_PAUSE_S if process.ended_idle else _LONGEST_PAUSE_AT_WORK_S
            self._pause(min(_pause_s(failures - 1), most_s))

    def _failed(self, slot: _Slot, error: SongwrightError, failures: int, *, refused: bool = False) -> None:
        """Notes that loading failed, and waits before the next try. Songs wait too where a process died for
        the first times: it may have been killed."""
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


def _fresh(slot: _Slot) -> SongwrightError:
    """A copy of the slot's error, which may be raised several times, with when the next try is."""
    assert slot.error
    error = copy.copy(slot.error)
    if isinstance(error, Unavailable):
        error.retry_after_s = max(1.0, slot.retry_at - time.monotonic())
    return error
