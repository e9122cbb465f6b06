"""The watchdog: ends a process that should stop by a deadline, even if a part of it hangs."""

from __future__ import annotations

import logging
import multiprocessing
import os
import select
import struct
import threading
import time

log = logging.getLogger(__name__)

_DEADLINE = struct.Struct("di")  # a time of the monotonic clock, and the exit code
_LOGGING_S = 0.3


class Watchdog:
    """Ends this process and its child processes at a deadline, and logs in one line what still ran.

    Otherwise threads that wait for a store or an engine could keep the interpreter running: at its end it
    joins the threads of every pool and its child processes.
    """

    def __init__(self) -> None:
        self._receiver, self._sender = os.pipe()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def set(self, after_s: float, code: int) -> None:
        """Ends the process in ``after_s`` seconds with exit code ``code``, unless an earlier deadline is set
        already. May be called in a signal handler: it takes no lock."""
        os.write(self._sender, _DEADLINE.pack(time.monotonic() + after_s, code))

    def _watch(self) -> None:
        end: tuple[float, int] | None = None
        while end is None or time.monotonic() < end[0]:
            left_s = max(0.0, end[0] - time.monotonic()) if end else None
            if select.select([self._receiver], [], [], left_s)[0]:
                deadline: tuple[float, int] = _DEADLINE.unpack(os.read(self._receiver, _DEADLINE.size))
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
