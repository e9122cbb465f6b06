"""The server's life around that of its service: what starts first, what ends last, and in what time."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import time
from types import FrameType

import uvicorn

from orchestrator.jobs.lease import HeldLease
from orchestrator.server.http.listening import BACKLOG
from orchestrator.server.service import Service
from orchestrator.server.watchdog import Watchdog

# New objects until a collection of the youngest, and collections of each generation until one of the next:
# with thousands of listeners a collection of the middle one takes 30 ms, and a full one is due after 4
# million objects.
_COLLECT_AFTER = (10_000, 4, 100)
_LAST_REQUESTS_S = 5
_END_S = 3.5  # beyond the grace, until the watchdog ends what hangs
_FORCED_END_S = 1.0


class ServiceServer(uvicorn.Server):
    """Uvicorn's server with a service: starts the service before it accepts connections, and stops it after
    it has ended event streams and waiting requests, which would otherwise never end."""

    def __init__(
        self, config: uvicorn.Config, service: Service, watchdog: Watchdog, tenure: HeldLease
    ) -> None:
        super().__init__(config)
        self.failure: BaseException | None = None
        """Why the service did not start."""
        self._service = service
        self._watchdog = watchdog
        self._tenure = tenure
        self._longest_end_s = service.settings.shutdown_grace_s + _END_S
        self._signalled_s: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._signalled_s is None:
            self._signalled_s = time.monotonic()
        forced = self.should_exit and sig == signal.SIGINT
        code = 130 if sig == signal.SIGINT else 0
        self._watchdog.set(_FORCED_END_S if forced else self._longest_end_s, code)
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        starting = asyncio.ensure_future(self._service.start())
        while not (starting.done() or self.should_exit):
            await asyncio.wait([starting], timeout=0.1)
        if not starting.done():
            starting.cancel()
            await asyncio.wait([starting])
        elif error := starting.exception():
            self.failure = error
            self.should_exit = True
        elif self.should_exit:
            await self._service.stop()
        else:
            await super().startup(sockets)
            for listener in sockets or []:
                listener.listen(BACKLOG)  # the event loop has set it to uvicorn's ``backlog``
            # The objects of the start stay for ever, and a scan of them takes up to a tenth of a second.
            gc.freeze()
            gc.set_threshold(*_COLLECT_AFTER)

    async def on_tick(self, counter: int) -> bool:
        """Ends the service once another service has taken the bucket, and makes its songs from now on."""
        if self._tenure.lost_to:
            await self._service.jobs.drain(0.0)
            return True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in self.servers:
            listener.close()
        draining = asyncio.ensure_future(self._service.drain())
        while not draining.done() and not self.force_exit:
            await asyncio.wait([draining], timeout=0.1)
        left_s = self._longest_end_s - (time.monotonic() - (self._signalled_s or time.monotonic()))
        self.config.timeout_graceful_shutdown = max(1, int(min(left_s - 2.0, _LAST_REQUESTS_S)))
        await super().shutdown(sockets)
        await self._service.stop()
