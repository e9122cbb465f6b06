"""The last resort: a process that was told to end does so in time, whatever hangs in it."""

from __future__ import annotations

import logging
import multiprocessing
import os
import select
import struct
import threading
import time

log = logging.getLogger(__name__)

_ORDER = struct.Struct("di")  # when on the monotonic clock, and with which exit code
_LAST_WORDS_S = 0.3


class Watchdog:
    """Ends this process, and those that it has started, at the time that it was set to. What still ran is
    named in one log line.

    Threads that wait for a store or an engine would otherwise keep the interpreter from its end: it joins the
    threads of every pool, and its child processes.
    """

    def __init__(self) -> None:
        self._order, self._give = os.pipe()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def set(self, after_s: float, code: int) -> None:
        """Ends the process in ``after_s`` seconds with exit code ``code``, unless an earlier end is set
        already. May be called in a signal's handler: it takes no lock."""
        os.write(self._give, _ORDER.pack(time.monotonic() + after_s, code))

    def _watch(self) -> None:
        end: tuple[float, int] | None = None
        while end is None or time.monotonic() < end[0]:
            left_s = max(0.0, end[0] - time.monotonic()) if end else None
            if select.select([self._order], [], [], left_s)[0]:
                order: tuple[float, int] = _ORDER.unpack(os.read(self._order, _ORDER.size))
                end = min(end, order) if end else order
        # In a thread of its own: nobody may read the log any more.
        words = threading.Thread(target=log.warning, args=("ended without %s", _still_running()), daemon=True)
        words.start()
        words.join(_LAST_WORDS_S)
        for child in multiprocessing.active_children():
            child.kill()
        time.sleep(_LAST_WORDS_S)  # for the log's own thread
        os._exit(end[1])


def _still_running() -> str:
    """The threads and processes that have not ended, by name."""
    own = (threading.current_thread(), *(t for t in threading.enumerate() if t.name == "logs"))
    threads = [thread.name for thread in threading.enumerate() if thread not in own]
    processes = [f"{child.name} ({child.pid})" for child in multiprocessing.active_children()]
    return ", ".join(["waiting for: " + ", ".join(sorted(threads)), *processes])
