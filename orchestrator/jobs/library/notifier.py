"""Wakes those who wait for something to happen, or for a second to pass."""

from __future__ import annotations

import asyncio
from collections import deque

_AT_ONCE = 10  # listeners that are woken in one round of the event loop
TICK_S = 1.0


class Notifier:
    """Wakes the waiters of a song, a few in each round of the event loop: a thousand at once would delay
    everything else."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Future[bool]]] = {}
        self._to_wake: deque[tuple[asyncio.Future[bool], bool]] = deque()
        self._tick: asyncio.TimerHandle | None = None

    async def wait(self, song_id: str) -> bool:
        """Waits for the song's next ``notify``, about a second at most. Returns False after a timeout."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._waiting.setdefault(song_id, []).append(future)
        if self._tick is None:  # one timer for all: one for each waiter would cost too much
            self._tick = loop.call_later(TICK_S, self._time_out)
        return await future

    def notify(self, song_id: str, *, changed: bool = True) -> None:
        """Wakes the waiters of the song; their ``wait`` returns ``changed``."""
        if waiting := self._waiting.pop(song_id, None):
            if not self._to_wake:
                asyncio.get_running_loop().call_soon(self._wake)
            self._to_wake.extend((future, changed) for future in waiting)

    def close(self) -> None:
        """Wakes all waiters."""
        if self._tick:
            self._tick.cancel()
            self._time_out()

    def _time_out(self) -> None:
        self._tick = None
        for song_id in list(self._waiting):
            self.notify(song_id, changed=False)

    def _wake(self) -> None:
        for _ in range(min(_AT_ONCE, len(self._to_wake))):
            future, changed = self._to_wake.popleft()
            if not future.done():  # else its listener has gone
                future.set_result(changed)
        if self._to_wake:
            asyncio.get_running_loop().call_soon(self._wake)
