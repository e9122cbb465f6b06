"""The main loop of an engine's process."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from config.cuda import lost_gpu, out_of_memory
from config.errors import Cancelled, EngineFailed, SongwrightError
from config.settings import Settings, options_of
from orchestrator.estimates.meter import Meter
from orchestrator.pipeline.engines import REGISTRIES
from orchestrator.pipeline.steps import Step, step_of
from orchestrator.pipeline.steps.writing import draft
from orchestrator.pipeline.worker import DRAFT, with_usage
from orchestrator.songs.manifest import Song
from orchestrator.songs.stages import Stage
from orchestrator.workers.metering import free_memory, metered
from storage.configured import open_store

_NICENESS = 10  # the service's responses come before rendering
_REPORT_EVERY_S = 0.1
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def serve(connection: Connection, craft: str, settings: Settings, batch_size: int, *, forked: bool) -> None:
    """Loads a craft's engine, then runs the calls that it receives until the service has ended. ``forked``:
    by the fork server."""
    # Ctrl-C and a service manager's SIGTERM go to the whole group; only the service acts on them.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    _end_with_the_service(forked=forked)
    name: str = getattr(settings, craft).engine
    try:
        engine = REGISTRIES[craft].load(name, options_of(settings, craft))
    except SongwrightError as error:
        connection.send(("error", error))
        return
    store = open_store(settings)
    meter = Meter()  # without a GPU of Modal: this is the user's own machine
    sending = threading.Lock()
    stops: dict[int, threading.Event] = {}
    threads = ThreadPoolExecutor(max_workers=batch_size, thread_name_prefix=craft)

    def send(number: int, kind: str, value: object) -> None:
        # ``OSError``: the service has ended, and this process ends too.
        with sending, suppress(OSError):
            connection.send((number, kind, value))

    def work(number: int, name: str, song: Song, wants_early: bool) -> None:  # noqa: FBT001 - as sent
        report = _Reporter(stops[number], partial(send, number, "report"))
        kind = "done"
        value: object
        try:
            with metered(meter, engine.info.name) as measured:
                early = partial(send, number, "early") if wants_early else None
                step: Step[Any] = draft if name == DRAFT else step_of(Stage(name), song, early)
                result = step(engine, store, song, report)
                report("done", 1.0)
            value = with_usage(result, measured.usage)
        except SongwrightError as error:
            kind, value = "error", error
        del stops[number]
        try:
            send(number, kind, value)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            failed = EngineFailed(engine.info.name, f"its result cannot be sent: {error}")
            send(number, "error", failed)
        if isinstance(value, SongwrightError):
            if out_of_memory(value):
                free_memory(engine, value)
            elif lost_gpu(value):
                os._exit(1)  # the next song would fail too; a new process takes its place

    with suppress(EOFError, OSError):
        connection.send(("ready", engine.info))
        while True:
            number, what = connection.recv()
            if what != "stop":
                stops[number] = threading.Event()
                threads.submit(work, number, *what)
            elif stop := stops.get(number):  # else the work has ended already
                stop.set()
    os._exit(0)  # without waiting for engines at work


def _end_with_the_service(*, forked: bool) -> None:
    """Makes this process end once the service is killed, even while an engine works and never reports."""
    service = multiprocessing.parent_process()
    assert service
    if forked:
        # The fork server ends when no process holds the other end of this pipe. Each of its children inherits
        # that end, to start children of its own: an engine would keep the server, and so itself, alive.
        from multiprocessing import forkserver

        os.close(forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]
        # The kernel kills this process then: a thread of ours could not, if an engine never released Python's
        # lock. The signal is bound to the thread that forked us (prctl(2)), the fork server's only one.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        service.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class _Reporter:
    """A ``Report`` that sends to the service: a new stage at once, else at most ten times a second."""

    def __init__(self, stop: threading.Event, send: Callable[[tuple[str, float]], None]) -> None:
        self._stop = stop
        self._send = send
        self._stage = ""
        self._sent_at = 0.0

    def __call__(self, stage: str, fraction: float) -> None:
        if self._stop.is_set():
            raise Cancelled
        now = time.monotonic()
        if stage != self._stage or fraction >= 1.0 or now - self._sent_at > _REPORT_EVERY_S:
            self._stage, self._sent_at = stage, now
            self._send((stage, fraction))
