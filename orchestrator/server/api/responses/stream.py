"""A song's events as server-sent events. What is the same for all who listen is written once."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Hashable
from typing import TypeVar

from pydantic import BaseModel

from orchestrator.jobs.feed import Event, Mark
from orchestrator.server.answers import ProgressEvent, QueueEvent, StatusEvent
from orchestrator.server.service import Service
from orchestrator.songs.manifest import Status

T = TypeVar("T")

_RETRY_MS = 2000
_KEEP_ALIVE_TICKS = 15  # about as many seconds: proxies cut a silent connection after 30 or more
_SHARED_S = 0.5
_MOST_SHARED = 500


class Shared:
    """What was made for one listener, kept for half a second for the others."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[float, object]] = {}

    def of(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gives, or gave for this key just now."""
        now_s = time.monotonic()
        made_s, value = self._kept.get(key, (-_SHARED_S, None))
        if now_s - made_s >= _SHARED_S:
            value = make()
            if len(self._kept) >= _MOST_SHARED:
                self._kept.clear()
            self._kept[key] = (now_s, value)
        return value  # type: ignore[return-value]  # a key stands for one kind of thing


class Stream:
    """The events of one song for one listener."""

    def __init__(self, service: Service, shared: Shared, song_id: str, base: str) -> None:
        self._service = service
        self._shared = shared
        self._song_id = song_id
        self._base = base

    async def blocks(self, after: Mark) -> AsyncIterator[bytes]:
        """The blocks of the stream from the event after ``after`` on."""
        yield f"retry: {_RETRY_MS}\n\n".encode()
        place: int | None = None
        silent = 0
        async for event in self._service.feed.follow(self._song_id, after):
            ahead = self._shared.of((self._song_id, "ahead"), self._ahead)
            silent += 1
            if event is not None:
                silent, place = 0, ahead.queue_position
                yield self._block(event, ahead)
            elif ahead.queue_position is not None and ahead.queue_position != place:
                silent, place = 0, ahead.queue_position
                yield f"event: queue\ndata: {ahead.model_dump_json()}\n\n".encode()
            elif silent >= _KEEP_ALIVE_TICKS:
                silent = 0
                yield b": keep-alive\n\n"

    def _block(self, event: Event, ahead: QueueEvent) -> bytes:
        def written() -> bytes:
            data = self._data(event, ahead).model_dump_json()
            return f"id: {event.id}\nevent: {event.kind}\ndata: {data}\n\n".encode()

        if event.part:  # the numbers of what is seen from afar differ between listeners
            return self._shared.of(
                (self._song_id, event.mark, event.part, event.stage, event.fraction), written
            )
        return self._shared.of((self._song_id, event.mark, self._base), written)

    def _ahead(self) -> QueueEvent:
        outlook = self._service.jobs.outlook(self._song_id)
        left = None if outlook.seconds_left is None else round(outlook.seconds_left, 1)
        return QueueEvent(queue_position=outlook.queue_position, seconds_left=left)

    def _data(self, event: Event, ahead: QueueEvent) -> BaseModel:
        if event.song is not None:
            return self._service.answer(event.song, self._base)
        if event.moment is not None:
            status = event.moment.status
            place = ahead.queue_position if status is Status.QUEUED else None
            return StatusEvent(
                status=status, at=event.moment.at, queue_position=place, seconds_left=ahead.seconds_left
            )
        return ProgressEvent.model_validate(
            {
                "part": event.part,
                "stage": event.stage,
                "fraction": event.fraction,
                "seconds_left": ahead.seconds_left,
            }
        )
