"""A song's events as server-sent events, each encoded once for all listeners.

The wire format is FastAPI's; its route for a generator (``response_class=EventSourceResponse``) is not used.
That route begins a stream before the function runs, so it cannot answer 204 after a song's end or 503 for a
listener too many (``test_the_listener_too_many_is_told_when_to_come_back_and_a_place_is_given_back``). It
encodes each event for each listener, and gives each two more tasks: measured with 2,000 listeners, twice the
memory (43 KiB instead of 21) and 2.7 times the processor time for the end of a song.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Hashable
from typing import TypeVar

from fastapi.sse import EventSourceResponse, format_sse_event
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from orchestrator.jobs.feed import Event, Position
from orchestrator.server.answers import ProgressEvent, QueueEvent, StatusEvent
from orchestrator.server.api.problems import LISTENERS, problem, retry_after
from orchestrator.server.service import Service
from orchestrator.songs.manifest import Status

T = TypeVar("T")

RETRY_MS = 2000
KEEP_ALIVE_TICKS = 15  # about as many seconds: proxies cut a silent connection after 30 or more
_PLACE_RETRY_S = 10
_SHARED_S = 0.5
_MOST_SHARED = 500


class Shared:
    """A cache: what was made for one listener serves the others for half a second."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[float, object]] = {}

    def of(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of ``make``, or the one that it had for this key within the half second."""
        now_s = time.monotonic()
        made_s, value = self._kept.get(key, (-_SHARED_S, None))
        if now_s - made_s >= _SHARED_S:
            value = make()
            if len(self._kept) >= _MOST_SHARED:
                self._kept.clear()
            self._kept[key] = (now_s, value)
        return value  # type: ignore[return-value]  # a key stands for one type of value


class Stream:
    """The events of one song for one listener."""

    def __init__(self, service: Service, shared: Shared, song_id: str, base: str) -> None:
        self._service = service
        self._shared = shared
        self._song_id = song_id
        self._base = base

    async def blocks(self, after: Position) -> AsyncIterator[bytes]:
        """The blocks of the stream, from the first event after the position ``after``."""
        yield format_sse_event(retry=RETRY_MS)
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
                yield format_sse_event(event="queue", data_str=ahead.model_dump_json())
            elif silent >= KEEP_ALIVE_TICKS:
                silent = 0
                yield format_sse_event(comment="keep-alive")

    def _block(self, event: Event, ahead: QueueEvent) -> bytes:
        def written() -> bytes:
            data = self._data(event, ahead).model_dump_json()
            return format_sse_event(id=event.id, event=event.kind, data_str=data)

        if event.part:  # where another process makes the song, listeners number its progress differently
            return self._shared.of(
                (self._song_id, event.position, event.part, event.stage, event.fraction), written
            )
        return self._shared.of((self._song_id, event.position, self._base), written)

    def _ahead(self) -> QueueEvent:
        estimate = self._service.jobs.estimate(self._song_id)
        left = None if estimate.seconds_left is None else round(estimate.seconds_left, 1)
        return QueueEvent(queue_position=estimate.queue_position, seconds_left=left)

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


class EventStream(EventSourceResponse):
    """A stream that takes a listener's place while it runs; 503 if no place is free. A HEAD takes none, and
    learns only that there is a stream."""

    def __init__(self, blocks: AsyncIterator[bytes]) -> None:
        super().__init__(blocks, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send({"type": "http.response.body"})
            return
        # All browsers of a token share the places that it has.
        holder = scope.get("songwright.token") or scope["songwright.holder"]
        with scope["app"].state.listeners.place(holder) as free:
            if free:
                await super().__call__(scope, receive, send)
                return
        detail = "As many clients follow songs as may: ask again later, or look at GET /songs/{id}."
        await problem(LISTENERS, detail, headers=retry_after(_PLACE_RETRY_S))(scope, receive, send)
