"""The service's end of one process that holds an engine; what runs inside is ``engine_loop``."""

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
from orchestrator.songs.manifest import Song

log = logging.getLogger(__name__)

_CANCEL_GRACE_S = 5.0  # engines report every 0.3 s or more often: one that has not noticed by then hangs

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
            target=_run,
            args=(theirs, craft, settings, together),
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


def _run(connection: Connection, craft: str, settings: Settings, together: int) -> None:
    # Here, for the service has no use for what engines' processes import.
    from orchestrator.workers.engine_loop import serve

    serve(connection, craft, settings, together, forked=_FORKS)
