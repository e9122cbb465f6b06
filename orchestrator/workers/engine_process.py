"""One process that holds an engine: the service's end of it, and what runs inside."""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import pickle
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from typing import Any

from config.cuda import lost_gpu, out_of_memory
from config.engine import EngineInfo, Report
from config.errors import Cancelled, EngineFailed, EngineUnavailable, SongwrightError
from config.settings import Settings, options_of
from orchestrator.estimates.meter import Meter
from orchestrator.pipeline.engines import REGISTRIES
from orchestrator.pipeline.steps import (
    cover_step,
    draft_step,
    make_room,
    metered,
    music_step,
    photo_cover_step,
    plan_step,
    scene_step,
    tag_step,
)
from orchestrator.pipeline.tries import ProcessDied
from orchestrator.songs.manifest import Song
from storage.configured import open_store

log = logging.getLogger(__name__)

_STEPS: Mapping[str, Callable[..., Any]] = {
    "scene": scene_step,
    "draft": draft_step,
    "plan": plan_step,
    "music": music_step,
    "cover": cover_step,
}

_NICENESS = 10  # answering comes before rendering
_REPORT_EVERY_S = 0.1
_CANCEL_GRACE_S = 5.0  # engines report every 0.3 s or more often: one that has not noticed by then hangs

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

_FORKS = sys.platform == "linux"
"""Whether engines' processes are forked. Never from the service, whose threads' locks would be copied in
whatever state they are: a fork server imports what they need once, and forks for each engine. That takes
0.05 s in place of 0.5 s, and they share its memory. Elsewhere the system's own libraries do not bear it."""

_Message = tuple[str, object]
"""What a process says about a call: "report", "error" or "done", and which. "ended" is said of it."""


class EngineProcess:
    """The parent's end of one process that holds an engine. Several threads may call it at once; no call of
    a method here waits for what the process does, but ``ready``, ``call`` and ``wait``."""

    def __init__(self, craft: str, engine: str, settings: Settings, together: int) -> None:
        """Raises ``OSError`` or ``RuntimeError`` where the system has no room for it."""
        self._engine = engine
        start = multiprocessing.get_context
        context = start("forkserver") if _FORKS else start("spawn")
        context.set_forkserver_preload(["orchestrator.workers.fork_server"])
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, craft, settings, together), name=f"songwright-{craft}", daemon=True
        )
        try:
            self._process.start()
        except BaseException as error:
            self._connection.close()
            if isinstance(error, EOFError):
                raise OSError("the process that was to fork it has ended") from error
            raise
        finally:
            theirs.close()
        self.lives = True
        self.worked = False
        """Whether a call was done here."""
        self.refused = False
        """Whether the engine itself said what keeps it from loading: its process did not die of it."""
        self.ended_idle = False
        """Whether it ended by itself, or was killed by another than us, when no call was at work here."""
        self.killed_idle = False
        """Whether it was killed so."""
        self._ending = False
        self._fate = ""
        self._loaded: Future[EngineInfo] = Future()
        self._over = threading.Event()
        self._numbers = count()
        self._calls: dict[int, queue.SimpleQueue[_Message]] = {}
        self._guard = threading.Lock()  # of ``lives`` and ``_calls``; nobody waits for anything within
        # A thread of its own sends: a process that reads nothing would hold up who wants to stop its work.
        self._outbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        try:
            for work in (self._listen, self._send):
                threading.Thread(target=work, name=f"{work.__name__[1:]}-{craft}", daemon=True).start()
        except RuntimeError:  # no thread to be had
            self.end()
            raise

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def ready(self) -> EngineInfo:
        """Waits until the engine is loaded. Raises what kept it from that; after ``end``, that it ended."""
        return self._loaded.result()

    def wait(self) -> None:
        """Waits until the process has ended."""
        self._over.wait()

    def call(self, step: str, song: Song, told: Report, stop: threading.Event) -> Any:
        """The result of ``step``. Raises the error that ended it, ``Cancelled`` after ``stop`` and
        ``ProcessDied`` where the process ended in the middle."""
        heard: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        number = next(self._numbers)
        if not self._sent((number, (step, song)), heard):
            raise ProcessDied(self._engine, "its process had ended before it began", blamed=False)
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
                    self.worked = True
                    return value
                elif kind == "error":
                    assert isinstance(value, Exception)
                    raise value
                elif stop.is_set():
                    raise Cancelled
                else:
                    reason = f"its process ended in the middle of its work, {self._fate}"
                    raise ProcessDied(self._engine, reason, blamed=not self._ending)
        finally:
            with self._guard:
                self._calls.pop(number, None)

    def end(self) -> None:
        """Kills it; whoever waits for it is told."""
        self._ending = True
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
        self._outbox.put(message)
        return True

    def _send(self) -> None:
        with suppress(OSError):  # it has ended: ``_listen`` finds that, too
            while (message := self._outbox.get()) is not None:
                self._connection.send(message)
        self._over.wait()
        self._connection.close()

    def _listen(self) -> None:
        """Hands on what the process says, until it has ended."""
        try:
            kind, value = self._received()
            if kind == "error":
                self.refused = True
                self.end()
                self._loaded.set_exception(value)
            else:
                self._loaded.set_result(value)
                while True:
                    number, kind, value = self._received()
                    with self._guard:
                        heard = self._calls.get(number)
                    if heard:
                        heard.put((kind, value))
        except (EOFError, OSError):
            pass  # it has ended; how, is told to all who wait
        except Exception:
            # Cut short by its death, or an error of an engine's own that cannot be put together again here.
            log.exception("the process of engine %r said what cannot be read", self._engine)
        code, self._fate = self._how_it_ended()
        with self._guard:
            self.lives = False
            self.ended_idle = not self._calls and not self._ending
            self.killed_idle = self.ended_idle and code == -signal.SIGKILL
            for heard in self._calls.values():
                heard.put(("ended", None))
        if not self._loaded.done():
            error = EngineUnavailable(
                f"the process of engine {self._engine!r} ended while loading, {self._fate}",
                "see the service's log, and 'songwright doctor'",
            )
            self._loaded.set_exception(error)
        self._over.set()
        self._outbox.put(None)

    def _received(self) -> Any:
        """The next thing that the process says. Raises ``EOFError`` once it has ended, also where a process
        of its own still holds the other end."""
        while not self._connection.poll(1.0):
            if not self._process.is_alive() and not self._connection.poll():
                raise EOFError
        return self._connection.recv()

    def _how_it_ended(self) -> tuple[int | None, str]:
        """Its exit code, and that in words; it is over after this."""
        self._process.join(timeout=1.0)
        code = self._process.exitcode
        self._process.kill()
        self._process.join(timeout=5.0)  # one that a driver holds in the kernel does not end even so
        if code is not None and code < 0:
            known = {number.value: number.name for number in signal.Signals}
            name = known.get(-code, f"signal {-code}")
            return code, f"killed by {name}" + (", as when memory runs out" if name == "SIGKILL" else "")
        return code, f"with exit code {code}"


def _serve(connection: Connection, craft: str, settings: Settings, together: int) -> None:
    """The process: loads its engine, then does what it is sent until the service has gone."""
    # Ctrl-C and a service manager's SIGTERM go to the whole group; only the service decides what they mean.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    _end_with_the_service()
    name: str = getattr(settings, craft).engine
    try:
        engine = REGISTRIES[craft].load(name, options_of(settings, craft))
    except SongwrightError as error:
        connection.send(("error", error))
        return
    store = open_store(settings)
    meter = Meter()  # whatever GPU the settings name for Modal, this is a machine of one's own
    sending = threading.Lock()
    stops: dict[int, threading.Event] = {}
    threads = ThreadPoolExecutor(max_workers=together, thread_name_prefix=craft)

    def say(number: int, kind: str, value: object) -> None:
        # The service gone: nobody waits for the rest, and this process ends.
        with sending, suppress(OSError):
            connection.send((number, kind, value))

    def work(number: int, step: str, song: Song) -> None:
        report = _Reporter(stops[number], partial(say, number, "report"))
        kind, value = _outcome(step, song, engine, store, report, meter)
        del stops[number]
        try:
            say(number, kind, value)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            failed = EngineFailed(engine.info.name, f"what it answered cannot be sent: {error}")
            say(number, "error", failed)
        if isinstance(value, SongwrightError):
            if out_of_memory(value):
                make_room(engine, value)
            elif lost_gpu(value):
                os._exit(1)  # it could only fail the next song as well; another process takes its place

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


def _end_with_the_service() -> None:
    """Sees to it that this process ends, even in the middle of an engine that never reports, once the service
    is killed."""
    service = multiprocessing.parent_process()
    assert service
    if _FORKS:
        # The fork server ends when nobody holds the other end of this pipe any more. Every child of it does,
        # so as to start children of its own there: an engine would keep it, and so itself, alive.
        from multiprocessing import forkserver

        os.close(forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]
        # The kernel does the rest: an engine that never lets go of Python's lock would keep our own thread
        # from it. Bound to the thread that forked us (prctl(2)), the fork server's only one.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        service.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _outcome(
    step: str, song: Song, engine: Any, store: Any, report: Report, meter: Meter
) -> tuple[str, object]:
    def work() -> Any:
        if step == "tag":
            return tag_step(store, song)
        if step == "photo cover":
            return photo_cover_step(store, song)
        result = _STEPS[step](engine, store, song, report)
        report("done", 1.0)
        return result

    try:
        return "done", metered(meter, engine.info.name, work)
    except SongwrightError as error:
        return "error", error


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
