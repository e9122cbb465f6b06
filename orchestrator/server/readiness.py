"""Whether the store can be used, looked at so seldom that anybody may ask."""

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
    """Looks at the store at most every ``LOOK_EVERY_S`` seconds, in one thread, for all who ask at once. Used
    in the event loop's thread."""

    def __init__(self, look: Callable[[], None]) -> None:
        """``look`` raises what stands against the store's use; it may block for as long as it likes."""
        self._look = look
        self._looking: asyncio.Future[str] | None = None
        self._began_s = 0.0
        self._found: str | None = None
        self._wanted: queue.SimpleQueue[asyncio.Future[str]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def what_stands_against(self) -> str:
        """Why the store cannot be used; empty if it can. Of a look that does not end, who asks hears after
        ``PATIENCE_S`` seconds."""
        now_s = time.monotonic()
        if self._looking is None and (self._found is None or now_s - self._began_s >= LOOK_EVERY_S):
            self._began_s = now_s
            self._looking = asyncio.get_running_loop().create_future()
            self._wanted.put(self._looking)
            if self._thread is None:
                # Not one of the threads that songs need: those may all wait for a store that hangs. A daemon,
                # for neither is the process's end to wait for it.
                self._thread = threading.Thread(target=self._run, name="readiness", daemon=True)
                self._thread.start()
        if self._looking:
            left_s = self._began_s + PATIENCE_S - time.monotonic()
            await asyncio.wait([self._looking], timeout=max(left_s, 0.0))
        if self._looking:
            return f"the store has not answered for {time.monotonic() - self._began_s:.0f} s"
        return self._found or ""

    def _run(self) -> None:
        while True:
            looking = self._wanted.get()
            try:
                self._look()
                found = ""
            except SongwrightError as error:
                found = str(error)
            except Exception as error:  # noqa: BLE001 - a bug there must not leave everybody waiting: it is said
                found = f"{type(error).__name__}: {error}"
            try:
                looking.get_loop().call_soon_threadsafe(self._ended, looking, found)
            except RuntimeError:
                return  # the service has stopped meanwhile, and its loop with it

    def _ended(self, looking: asyncio.Future[str], found: str) -> None:
        self._found, self._looking = found, None
        looking.set_result(found)
