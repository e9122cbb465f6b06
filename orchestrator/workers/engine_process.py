"""The service's side of an engine's process; ``engine_loop`` runs inside it."""

from __future__ import annotations

import logging
import multiprocessing
import queue
import signal
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from itertools import count
from multiprocessing.connection import Connection
from typing import Any

from config.engine import EngineInfo, Report
from config.errors import Cancelled, EngineUnavailable
from config.settings import Settings
from orchestrator.pipeline.tries import ProcessDied
from orchestrator.pipeline.worker import Early
from orchestrator.songs.manifest import Song

log = logging.getLogger(__name__)

_CANCEL_GRACE_S = 5.0  # engines report at least every 0.3 s: one that has not stopped by then hangs

_FORKS = sys.platform == "linux"
"""Whether engines' processes are forked from a fork server, which imports once what they need. A fork takes
0.05 s instead of 0.5 s, and shares memory. The service itself must not fork: the locks of its threads would
be copied in any state. On other systems, the system's libraries do not support forking."""

_SIGKILL = getattr(signal, "SIGKILL", 9)  # Windows has no such signal
_Message = tuple[str, object]
"""A message of the process about a call: "report", "early", "error" or "done", and its value; or "ended",
once the process has ended."""


class EngineProcess:
    """The parent's side of an engine's process. Any thread may use it. Only ``ready``, ``call`` and ``wait``
    wait for the process."""

    def __init__(self, craft: str, engine: str, settings: Settings, batch_size: int) -> None:
        """Starts the process. Raises ``OSError`` or ``RuntimeError`` if the system lacks resources."""
        self._engine = engine
        start = multiprocessing.get_context
        context = start("forkserver") if _FORKS else start("spawn")
        if _FORKS:
            context.set_forkserver_preload(["orchestrator.workers.fork_server"])
        self._connection, child_end = context.Pipe()
        self._process = context.Process(
            target=_run,
            args=(child_end, craft, settings, batch_size),
            name=f"songwright-{craft}",
            daemon=True,
        )
        try:
            self._process.start()
        except BaseException as error:
            self._connection.close()
            if isinstance(error, EOFError):
                raise OSError("the process that was to fork it has ended") from error
            raise
        finally:
            child_end.close()
        self.is_running = True
        self.worked = False
        """Whether it has finished a call."""
        self.refused = False
        """Whether the engine reported an error of loading, and its process did not crash."""
        self.ended_idle = False
        """Whether it ended during no call, and not by our ``end``."""
        self.killed_idle = False
        """Whether it was killed during no call, and not by our ``end``."""
        self._ending = False
        self._how_ended = ""
        self._loaded: Future[EngineInfo] = Future()
        self._ended = threading.Event()
        self._numbers = count()
        self._calls: dict[int, queue.SimpleQueue[_Message]] = {}
        self._guard = threading.Lock()  # of ``is_running`` and ``_calls``; held only for moments
        # A thread of its own sends: a process that reads nothing must not block a caller that stops its work.
        self._outbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        try:
            for work in (self._listen, self._send):
                threading.Thread(target=work, name=f"{work.__name__[1:]}-{craft}", daemon=True).start()
        except RuntimeError:  # no more threads
            self.end()
            raise

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def ready(self) -> EngineInfo:
        """Waits until the engine is loaded. Raises the error of loading, or that the process has ended."""
        return self._loaded.result()

    def wait(self) -> None:
        """Waits until the process has ended."""
        self._ended.wait()

    def call(
        self, step: str, song: Song, report: Report, stop: threading.Event, early: Early | None = None
    ) -> Any:
        """Runs ``step`` and returns its result; ``early`` gets what it has made before. Raises the step's
        error, ``Cancelled`` after ``stop``, and ``ProcessDied`` if the process ended in the middle."""
        messages: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        number = next(self._numbers)
        if not self._post((number, (step, song, early is not None)), messages):
            raise ProcessDied(self._engine, "its process had ended before it began", blamed=False)
        try:
            stop_sent_at: float | None = None
            while True:
                if stop.is_set() and stop_sent_at is None:
                    self._post((number, "stop"))
                    stop_sent_at = time.monotonic()
                if stop_sent_at and time.monotonic() - stop_sent_at > _CANCEL_GRACE_S:
                    self.end()
                    raise Cancelled
                try:
                    kind, value = messages.get(timeout=0.05)
                except queue.Empty:
                    continue
                if kind == "report":
                    report(*value)  # type: ignore[misc]  # they are the arguments of ``_Reporter``
                elif kind == "early":
                    assert early
                    early(value)
                elif kind == "done":
                    self.worked = True
                    return value
                elif kind == "error":
                    assert isinstance(value, Exception)
                    raise value
                elif stop.is_set():
                    raise Cancelled
                else:
                    reason = f"its process ended in the middle of its work, {self._how_ended}"
                    raise ProcessDied(self._engine, reason, blamed=not self._ending)
        finally:
            with self._guard:
                self._calls.pop(number, None)

    def end(self) -> None:
        """Kills the process; calls that wait for it raise an error."""
        self._ending = True
        self.is_running = False
        self._process.kill()

    def _post(self, message: object, messages: queue.SimpleQueue[_Message] | None = None) -> bool:
        """Sends ``message`` and returns True, or False if the process has ended. The responses go to
        ``messages``."""
        with self._guard:
            if not self.is_running:
                return False
            if messages:
                assert isinstance(message, tuple)
                self._calls[message[0]] = messages
        self._outbox.put(message)
        return True

    def _send(self) -> None:
        with suppress(OSError):  # it has ended: ``_listen`` finds that, too
            while (message := self._outbox.get()) is not None:
                self._connection.send(message)
        self._ended.wait()
        self._connection.close()

    def _listen(self) -> None:
        """Forwards the messages of the process to its calls, until it has ended."""
        try:
            kind, value = self._receive()
            if kind == "error":
                self.refused = True
                self.end()
                self._loaded.set_exception(value)
            else:
                self._loaded.set_result(value)
                while True:
                    number, kind, value = self._receive()
                    with self._guard:
                        messages = self._calls.get(number)
                    if messages:
                        messages.put((kind, value))
        except (EOFError, OSError):
            pass  # it has ended; all waiting calls get the reason below
        except Exception:
            # A message cut short by its death, or an engine's own error that cannot be unpickled here.
            log.exception("the process of engine %r sent a message that cannot be read", self._engine)
        code, self._how_ended = self._exit()
        with self._guard:
            self.is_running = False
            self.ended_idle = not self._calls and not self._ending
            self.killed_idle = self.ended_idle and code == -_SIGKILL
            for messages in self._calls.values():
                messages.put(("ended", None))
        if not self._loaded.done():
            error = EngineUnavailable(
                f"the process of engine {self._engine!r} ended while loading, {self._how_ended}",
                "see the service's log, and 'songwright doctor'",
            )
            self._loaded.set_exception(error)
        self._ended.set()
        self._outbox.put(None)

    def _receive(self) -> Any:
        """The next message of the process. Raises ``EOFError`` once it has ended, even if a child of its own
        still holds the other end of the pipe."""
        while not self._connection.poll(1.0):
            if not self._process.is_alive() and not self._connection.poll():
                raise EOFError
        return self._connection.recv()

    def _exit(self) -> tuple[int | None, str]:
        """Waits for its end, kills it if need be, and returns its exit code and a text about it."""
        self._process.join(timeout=1.0)
        code = self._process.exitcode
        self._process.kill()
        self._process.join(timeout=5.0)  # a driver may keep it in the kernel even after a kill
        if code is not None and code < 0:
            known = {number.value: number.name for number in signal.Signals}
            name = known.get(-code, f"signal {-code}")
            return code, f"killed by {name}" + (", as when memory runs out" if name == "SIGKILL" else "")
        return code, f"with exit code {code}"


def _run(connection: Connection, craft: str, settings: Settings, batch_size: int) -> None:
    # Imported here: the service does not need the libraries of the engines.
    from orchestrator.workers.engine_loop import serve

    serve(connection, craft, settings, batch_size, forked=_FORKS)
