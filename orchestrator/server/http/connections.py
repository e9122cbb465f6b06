"""The connections of all clients: how many there may be, which one makes room for another, and which are too
slow. Each single one is in ``orchestrator.server.http.protocol``."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Protocol

from config.settings import Settings

log = logging.getLogger(__name__)

ACCEPTED_AT_ONCE = 128
"""Connections that one callback of the event loop accepts."""

_RESERVED = 3 * ACCEPTED_AT_ONCE  # descriptors for the store, the engines, and what is being closed
_STALLED_S = 5.0  # without reading, after which a client's place may go to another
_SWEEP_S = 0.5


class Connection(Protocol):
    """What ``Connections`` needs of each connection."""

    loop: asyncio.AbstractEventLoop
    caller: str
    stalled_since: float

    def check(self) -> None:
        """Ends it if it has kept us waiting for too long."""
        ...

    def drop(self) -> None:
        """Ends it at once."""
        ...


class Connections:
    """All connections of a server."""

    def __init__(self, settings: Settings) -> None:
        self.limit = settings.connection_limit
        self.head_s = settings.body_timeout_s
        self.write_s = settings.write_timeout_s
        self._all: set[Connection] = set()
        # By caller, those without a complete request, the oldest first.
        self._idle: dict[str, dict[Connection, None]] = {}
        self._stalled: dict[Connection, None] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    def add(self, connection: Connection) -> bool:
        """Adds a connection. At the limit it closes another one for it, the oldest idle one first; returns
        False if there is none to close."""
        if len(self._all) >= self.limit and not self._shed():
            return False
        self._all.add(connection)
        if self._sweeping is None:
            self._sweeping = connection.loop.call_later(self._sweep_s, self._sweep)
        return True

    def remove(self, connection: Connection) -> None:
        self._all.discard(connection)
        self._stalled.pop(connection, None)
        self.busy(connection)

    def idle(self, connection: Connection) -> None:
        """From now on it has no complete request."""
        self._idle.setdefault(connection.caller, {})[connection] = None

    def busy(self, connection: Connection) -> None:
        """It has a complete request."""
        if own := self._idle.get(connection.caller):
            own.pop(connection, None)
            if not own:
                del self._idle[connection.caller]

    def stalled(self, connection: Connection, *, yes: bool) -> None:
        """Whether its client reads nothing of what was written."""
        self._stalled.pop(connection, None)
        if yes:
            self._stalled[connection] = None

    def _shed(self) -> bool:
        """Closes the oldest idle connection of the caller that has the most of them; if none is idle, one
        whose client has read nothing for a while. Returns whether it closed one."""
        if self._idle:
            most = max(self._idle, key=lambda name: len(self._idle[name]))
            victim = next(iter(self._idle[most]))
        else:
            victim = next(iter(self._stalled), None)  # type: ignore[assignment]
            if victim is None or victim.loop.time() - victim.stalled_since < _STALLED_S:
                return False
        self.remove(victim)
        victim.drop()
        return True

    @property
    def _sweep_s(self) -> float:
        return min(_SWEEP_S, self.head_s / 4)

    def _sweep(self) -> None:
        self._sweeping = None
        for connection in list(self._all):
            connection.check()
        if self._all:
            loop = next(iter(self._all)).loop
            self._sweeping = loop.call_later(self._sweep_s, self._sweep)


def fitted(settings: Settings) -> Settings:
    """The settings with limits that fit this process's file descriptors, after raising their number as far as
    the system allows. Logs a warning if that is too few."""
    available = _descriptors(settings.connection_limit + _RESERVED)
    most = max(available - min(_RESERVED, available // 2), 10)
    if most >= settings.connection_limit:
        most = settings.connection_limit
    else:
        log.warning(
            "the system gives this process %d descriptors: %d connections are allowed instead of %d",
            available,
            most,
            settings.connection_limit,
        )
    # Half of the connections are for clients that do not follow a song.
    listeners = min(settings.listener_limit, max(most // 2, 1))
    return settings.model_copy(update={"connection_limit": most, "listener_limit": listeners})


def _descriptors(wanted: int) -> int:
    if sys.platform == "win32":
        return wanted  # sockets are no files there
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft != unlimited and soft < wanted:
        soft = wanted if hard == unlimited else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == unlimited else soft
