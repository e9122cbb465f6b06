"""The watchdog: ends a process that should stop by a deadline, even if a part of it hangs."""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue

log = logging.getLogger(__name__)

_LOGGING_S = 0.3
_LONGEST_S = 1e6  # of one wait, as every system takes it


class Watchdog:
    """Ends this process and its child processes at a deadline, and logs in one line what still ran.

    Otherwise threads that wait for a store or an engine could keep the interpreter running: at its end it
    joins the threads of every pool and its child processes.
    """

    def __init__(self) -> None:
        self._deadlines: SimpleQueue[tuple[float, int]] = SimpleQueue()
        """Times of the monotonic clock, each with its exit code."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def set(self, after_s: float, code: int) -> None:
        """Ends the process in ``after_s`` seconds with exit code ``code``, unless an earlier deadline is set
        already. May be called in a signal handler: such a queue takes no lock that the handler could wait
        for."""
        self._deadlines.put((time.monotonic() + after_s, code))

    def _watch(self) -> None:
        end: tuple[float, int] | None = None
        while end is None or time.monotonic() < end[0]:
            left_s = min(max(0.0, end[0] - time.monotonic()), _LONGEST_S) if end else None
            with suppress(Empty):
                deadline = self._deadlines.get(timeout=left_s)
                end = min(end, deadline) if end else deadline
        # In a thread of its own: the log may block if its pipe has no reader.
        logging_thread = threading.Thread(
            target=log.warning, args=("ended without %s", _still_running()), daemon=True
        )
        logging_thread.start()
        logging_thread.join(_LOGGING_S)
        for child in multiprocessing.active_children():
            child.kill()
        time.sleep(_LOGGING_S)  # for the log's own thread
        os._exit(end[1])


def _still_running() -> str:
    """The names of the threads and processes that have not ended."""
    own = (threading.current_thread(), *(t for t in threading.enumerate() if t.name == "logs"))
    threads = [thread.name for thread in threading.enumerate() if thread not in own]
    processes = [f"{child.name} ({child.pid})" for child in multiprocessing.active_children()]
    return ", ".join(["waiting for: " + ", ".join(sorted(threads)), *processes])
