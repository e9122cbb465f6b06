"""What runs inside a process that holds an engine."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from config.cuda import lost_gpu, out_of_memory
from config.engine import Report
from config.errors import Cancelled, EngineFailed, SongwrightError
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
from orchestrator.songs.manifest import Song
from storage.configured import open_store

_STEPS: Mapping[str, Callable[..., Any]] = {
    "scene": scene_step,
    "draft": draft_step,
    "plan": plan_step,
    "music": music_step,
    "cover": cover_step,
}
_NICENESS = 10  # answering comes before rendering
_REPORT_EVERY_S = 0.1
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def serve(connection: Connection, craft: str, settings: Settings, together: int, *, forked: bool) -> None:
    """Loads a craft's engine, then does what it is sent until the service has gone. ``forked``: by the fork
    server."""
    # Ctrl-C and a service manager's SIGTERM go to the whole group; only the service decides what they mean.
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


def _end_with_the_service(*, forked: bool) -> None:
    """Sees to it that this process ends, even in the middle of an engine that never reports, once the service
    is killed."""
    service = multiprocessing.parent_process()
    assert service
    if forked:
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
