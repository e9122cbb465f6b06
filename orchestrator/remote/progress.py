"""How far the parts of a song are, told from one container to the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import modal

from config.engine import Report
from orchestrator.remote.calls import REFUSALS

log = logging.getLogger(__name__)

PARTS = ("photo", "lyrics", "music", "cover")
_EVERY_S = 1.0

Told = tuple[str, float]
"""A stage, and the fraction from 0 to 1."""


class Progress:
    """What engines report, kept in a ``modal.Dict`` for who follows the song; each part once a second at
    most. Where Modal does not take it, the song goes on untold."""

    def __init__(self, name: str) -> None:
        self._told = modal.Dict.from_name(name, create_if_missing=True)

    @contextmanager
    def telling(self, song_id: str, part: str) -> Iterator[Report]:
        """A ``Report`` for an engine, whose thread it does not hold up. Inside a running event loop."""
        teller = _Teller(lambda told: self._told.put.aio(_key(song_id, part), told))
        task = asyncio.get_running_loop().create_task(teller.run())
        try:
            yield teller.hear
        finally:
            task.cancel()

    async def of(self, song_id: str) -> dict[str, Told]:
        """The newest of each part that has told of itself; nothing where Modal does not tell."""
        try:
            told = await asyncio.gather(*(self._told.get.aio(_key(song_id, part)) for part in PARTS))
        except REFUSALS as error:
            log.warning("progress was not told: %s", error, extra={"song_id": song_id})
            return {}
        return {part: news for part, news in zip(PARTS, told, strict=True) if news}

    async def forget(self, song_id: str) -> None:
        """Once the song has ended; what is left behind all the same expires after a week unread."""
        try:
            await asyncio.gather(*(self._told.pop.aio(_key(song_id, part), None) for part in PARTS))
        except REFUSALS as error:
            log.warning("progress was not forgotten: %s", error, extra={"song_id": song_id})


class _Teller:
    """Sends on the newest of what it hears."""

    def __init__(self, send: Callable[[Told], Coroutine[Any, Any, object]]) -> None:
        self._send = send
        self._heard: Told | None = None

    def hear(self, stage: str, fraction: float) -> None:
        self._heard = (stage, fraction)

    async def run(self) -> None:
        sent: Told | None = None
        while True:
            heard = self._heard
            if heard and heard != sent:
                try:
                    await self._send(heard)
                except REFUSALS as error:
                    log.warning("progress was not told: %s", error)
                sent = heard
            await asyncio.sleep(_EVERY_S)


def _key(song_id: str, part: str) -> str:
    return f"{song_id} {part}"
