"""Whether the store can be used. It is checked so rarely that any client may ask."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable

from config.errors import SongwrightError

LOOK_EVERY_S = 5.0
PATIENCE_S = 1.0


class StoreReadiness:
    """Checks the store at most every ``LOOK_EVERY_S`` seconds, in one thread, for all callers. Used in the
    event loop's thread."""

    def __init__(self, look: Callable[[], None]) -> None:
        """``look`` checks the store: it raises the error of a store that cannot be used, and may block for
        ever."""
        self._look = look
        self._check: asyncio.Future[str] | None = None
        self._began_s = 0.0
        self._problem: str | None = None
        self._checks: queue.SimpleQueue[asyncio.Future[str]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def problem(self) -> str:
        """Why the store cannot be used; empty if it can. Returns after ``PATIENCE_S`` seconds even if the
        check has not ended."""
        now_s = time.monotonic()
        if self._check is None and (self._problem is None or now_s - self._began_s >= LOOK_EVERY_S):
            self._began_s = now_s
            self._check = asyncio.get_running_loop().create_future()
            self._checks.put(self._check)
            if self._thread is None:
                # Not a thread of the songs' pool: those may all wait for a store that hangs. A daemon, for
                # the process must not wait for it at its end.
                self._thread = threading.Thread(target=self._run, name="readiness", daemon=True)
                self._thread.start()
        if self._check:
            left_s = self._began_s + PATIENCE_S - time.monotonic()
            await asyncio.wait([self._check], timeout=max(left_s, 0.0))
        if self._check:
            return f"the store has not answered for {time.monotonic() - self._began_s:.0f} s"
        return self._problem or ""

    def _run(self) -> None:
        while True:
            check = self._checks.get()
            try:
                self._look()
                problem = ""
            except SongwrightError as error:
                problem = str(error)
            except Exception as error:  # noqa: BLE001 - a bug in the check is reported and must not block callers
                problem = f"{type(error).__name__}: {error}"
            try:
                check.get_loop().call_soon_threadsafe(self._finish, check, problem)
            except RuntimeError:
                return  # the service has stopped meanwhile, and its loop with it

    def _finish(self, check: asyncio.Future[str], problem: str) -> None:
        self._problem, self._check = problem, None
        check.set_result(problem)
