"""What containers tell each other of a song that is made: progress, heartbeats, the results of its steps, the
words of its cover."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from queue import Full
from typing import Any
from uuid import uuid4

import modal

from config.engine import Report
from lyrics.contract import CoverWords, OnCover
from orchestrator.modal.calls import MODAL_ERRORS
from orchestrator.pipeline.worker import REPAINT
from orchestrator.songs.stages import WITH_ENGINES

log = logging.getLogger(__name__)

_EVERY_S = 1.0
_HEARTBEAT = " beat"  # ends the key of a heartbeat; containers of an earlier version use it too
_RESULT = " result"
_END = "end"
_HEARTBEAT_S = 2.0
_HEARTBEAT_TIMEOUT_S = 8.0  # four heartbeats
_WORDS_KEPT_S = 3600  # of a song whose call was lost

Latest = tuple[str, float]
"""What the engine does, and the fraction from 0 to 1."""


class Progress:
    """The engines' reports in a ``modal.Dict``, for the listeners of a song: at most one a second for each
    part. If Modal does not accept them, the song goes on without."""

    def __init__(self, name: str) -> None:
        self._dict = modal.Dict.from_name(name, create_if_missing=True)

    @contextmanager
    def reporting(self, song_id: str, part: str) -> Iterator[Report]:
        """A ``Report`` for an engine that does not block it. Sends heartbeats while the block runs. Used
        inside a running event loop."""
        sender = _Sender(lambda latest: self._dict.put.aio(_key(song_id, part), latest))
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(sender.run()), loop.create_task(self._send_heartbeats(song_id, part))]
        try:
            yield sender.report
        finally:
            for task in tasks:
                task.cancel()

    async def _send_heartbeats(self, song_id: str, part: str) -> None:
        """Shows other containers that this part of the song is being made, also while its engine is
        silent."""
        while True:
            try:
                await self._dict.put.aio(_key(song_id, part + _HEARTBEAT), uuid4().hex)
            except MODAL_ERRORS as error:
                log.warning("a heartbeat was not sent: %s", error, extra={"song_id": song_id})
            await asyncio.sleep(_HEARTBEAT_S)

    async def heartbeat_stopped(self, song_id: str, part: str) -> None:
        """Returns once the heartbeats of this part of the song have stopped, or Modal cannot be asked."""
        loop = asyncio.get_running_loop()
        last, since_s = "", loop.time()
        while loop.time() - since_s < _HEARTBEAT_TIMEOUT_S:
            try:
                heartbeat = await self._dict.get.aio(_key(song_id, part + _HEARTBEAT), "")
            except MODAL_ERRORS as error:
                log.warning("the heartbeat cannot be read: %s", error, extra={"song_id": song_id})
                return
            if heartbeat != last:
                last, since_s = heartbeat, loop.time()
            await asyncio.sleep(_HEARTBEAT_S / 2)

    async def keep_result(self, song_id: str, step: str, call_id: str, result: str) -> None:
        """Keeps what the call has returned for a step, in case that its output is lost: the step is then not
        made again."""
        try:
            await self._dict.put.aio(_key(song_id, step + _RESULT), (call_id, result))
        except MODAL_ERRORS as error:
            log.warning("the result of the %s step was not kept: %s", step, error, extra={"song_id": song_id})

    async def result(self, song_id: str, step: str, call_id: str) -> str:
        """What ``keep_result`` kept of this call; empty if there is nothing, or Modal cannot be asked."""
        try:
            kept = await self._dict.get.aio(_key(song_id, step + _RESULT), ("", ""))
        except MODAL_ERRORS as error:
            log.warning("the result of a step cannot be read: %s", error, extra={"song_id": song_id})
            return ""
        return str(kept[1]) if kept[0] == call_id else ""

    async def identity(self) -> str:
        """The id of the ``modal.Dict``, which no other app, environment or workspace has."""
        await self._dict.hydrate.aio()
        return str(self._dict.object_id)

    async def of(self, song_id: str) -> dict[str, Latest]:
        """The newest report of each part that has one; empty if Modal cannot be asked."""
        try:
            latest = await asyncio.gather(*(self._dict.get.aio(_key(song_id, part)) for part in WITH_ENGINES))
        except MODAL_ERRORS as error:
            log.warning("progress cannot be read: %s", error, extra={"song_id": song_id})
            return {}
        return {part: report for part, report in zip(WITH_ENGINES, latest, strict=True) if report}

    async def end(self, song_id: str) -> None:
        """Shows those who wait for the song that its last manifest is stored."""
        try:
            await self._dict.put.aio(_key(song_id, _END), "ended")
        except MODAL_ERRORS as error:
            log.warning("the end of a song was not shown: %s", error, extra={"song_id": song_id})

    async def ended(self, song_id: str) -> bool:
        """Whether ``end`` was called. False if Modal cannot be asked, and after ``forget``."""
        try:
            return bool(await self._dict.get.aio(_key(song_id, _END), ""))
        except MODAL_ERRORS as error:
            log.warning("the end of a song cannot be read: %s", error, extra={"song_id": song_id})
            return False

    async def forget(self, song_id: str) -> None:
        """Deletes all that is kept of a song that has ended. What remains expires after a week without a
        read."""
        try:
            kinds = ("", _HEARTBEAT, _RESULT)
            keys = [_key(song_id, step + kind) for step in (*WITH_ENGINES, REPAINT) for kind in kinds]
            keys.append(_key(song_id, _END))
            await asyncio.gather(*(self._dict.pop.aio(key, None) for key in keys))
        except MODAL_ERRORS as error:
            log.warning("progress was not deleted: %s", error, extra={"song_id": song_id})


class EarlyWords:
    """The words of covers, from the containers that write plans to the calls that make the songs. They go
    through a ``modal.Queue``, where one request waits for them. If Modal does not take them, the cover begins
    after the plan."""

    def __init__(self, name: str) -> None:
        self._queue = modal.Queue.from_name(name, create_if_missing=True)

    def sender(self, song_id: str) -> OnCover:
        """Sends the words of a song, without waiting; any thread may call it. Used inside a running event
        loop."""
        loop = asyncio.get_running_loop()

        def send(words: CoverWords) -> None:
            asyncio.run_coroutine_threadsafe(self._send(song_id, words), loop)

        return send

    async def _send(self, song_id: str, words: CoverWords) -> None:
        try:
            await self._queue.put.aio(
                words.model_dump_json(), block=False, partition=song_id, partition_ttl=_WORDS_KEPT_S
            )
        except (Full, *MODAL_ERRORS) as error:
            log.warning("the cover's words were not sent: %s", error, extra={"song_id": song_id})

    @asynccontextmanager
    async def relayed(self, song_id: str, on_cover: OnCover) -> AsyncIterator[None]:
        """Calls ``on_cover`` with the words of the song if they come while the block runs."""
        waiting = asyncio.get_running_loop().create_task(self._relay(song_id, on_cover))
        try:
            yield
        finally:
            waiting.cancel()

    async def _relay(self, song_id: str, on_cover: OnCover) -> None:
        try:
            words = await self._queue.get.aio(partition=song_id)
            on_cover(CoverWords.model_validate_json(str(words)))
        except (ValueError, *MODAL_ERRORS) as error:  # ``ValueError``: of another version
            log.warning("the cover's words did not come: %s", error, extra={"song_id": song_id})


class _Sender:
    """Sends the newest report, at most once in ``_EVERY_S`` seconds."""

    def __init__(self, send: Callable[[Latest], Coroutine[Any, Any, object]]) -> None:
        self._send = send
        self._latest: Latest | None = None

    def report(self, doing: str, fraction: float) -> None:
        self._latest = (doing, fraction)

    async def run(self) -> None:
        sent: Latest | None = None
        while True:
            latest = self._latest
            if latest and latest != sent:
                try:
                    await self._send(latest)
                except MODAL_ERRORS as error:
                    log.warning("progress was not sent: %s", error)
                sent = latest
            await asyncio.sleep(_EVERY_S)


def _key(song_id: str, part: str) -> str:
    return f"{song_id} {part}"
