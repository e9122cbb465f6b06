"""How far the parts of a song are, told from one container to the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import modal

from config.engine import Report
from orchestrator.modal.calls import REFUSALS

log = logging.getLogger(__name__)

PARTS = ("photo", "lyrics", "music", "cover")
_EVERY_S = 1.0
_BEAT_S = 2.0
_SILENT_S = 8.0  # four beats

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
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(teller.run()), loop.create_task(self._beat(song_id, part))]
        try:
            yield teller.hear
        finally:
            for task in tasks:
                task.cancel()

    async def _beat(self, song_id: str, part: str) -> None:
        """Lets others see that somebody is at this part of the song, whether or not its engine reports."""
        while True:
            try:
                await self._told.put.aio(_key(song_id, f"{part} beat"), uuid4().hex)
            except REFUSALS as error:
                log.warning("no sign of life was given: %s", error, extra={"song_id": song_id})
            await asyncio.sleep(_BEAT_S)

    async def silent(self, song_id: str, part: str) -> None:
        """Returns once nobody is seen at this part of the song any more, or Modal does not tell."""
        loop = asyncio.get_running_loop()
        last, since_s = "", loop.time()
        while loop.time() - since_s < _SILENT_S:
            try:
                beat = await self._told.get.aio(_key(song_id, f"{part} beat"), "")
            except REFUSALS as error:
                log.warning("whether anybody is at work was not told: %s", error, extra={"song_id": song_id})
                return
            if beat != last:
                last, since_s = beat, loop.time()
            await asyncio.sleep(_BEAT_S / 2)

    async def identity(self) -> str:
        """The id of what they are kept in, which no other app, environment or workspace has."""
        await self._told.hydrate.aio()
        return str(self._told.object_id)

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
            keys = [_key(song_id, part + kind) for part in PARTS for kind in ("", " beat")]
            await asyncio.gather(*(self._told.pop.aio(key, None) for key in keys))
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
