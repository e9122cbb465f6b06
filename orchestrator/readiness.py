"""Whether the store can be used, looked at so seldom that anybody may ask."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress

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

    async def what_stands_against(self) -> str:
        """Why the store cannot be used; empty if it can. Of a look that does not end, who asks hears after
        ``PATIENCE_S`` seconds."""
        now_s = time.monotonic()
        if self._looking is None and (self._found is None or now_s - self._began_s >= LOOK_EVERY_S):
            self._began_s = now_s
            self._looking = asyncio.get_running_loop().create_future()
            # Not one of the threads that songs need: those may all wait for a store that hangs. A daemon, for
            # neither is the process's end to wait for it.
            threading.Thread(target=self._run, args=(self._looking,), name="readiness", daemon=True).start()
        if self._looking:
            left_s = self._began_s + PATIENCE_S - time.monotonic()
            await asyncio.wait([self._looking], timeout=max(left_s, 0.0))
        if self._looking:
            return f"the store has not answered for {time.monotonic() - self._began_s:.0f} s"
        return self._found or ""

    def _run(self, looking: asyncio.Future[str]) -> None:
        found = "it could not be looked at: the log has the reason"
        try:
            self._look()
            found = ""
        except SongwrightError as error:
            found = str(error)
        finally:
            with suppress(RuntimeError):  # the service has stopped meanwhile, and its loop with it
                looking.get_loop().call_soon_threadsafe(self._ended, looking, found)

    def _ended(self, looking: asyncio.Future[str], found: str) -> None:
        self._found, self._looking = found, None
        looking.set_result(found)
