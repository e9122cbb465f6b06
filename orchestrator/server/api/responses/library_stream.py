"""What happens in the library as server-sent events, each encoded once for all listeners of one address."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from functools import partial

from fastapi.sse import format_sse_event

from orchestrator.server.api.responses.stream import KEEP_ALIVE_TICKS, RETRY_MS, Shared
from orchestrator.server.library.answering import DeletedSong
from orchestrator.server.library.events import Change
from orchestrator.server.service import Service

LONGEST_S = 600.0
"""So long a stream goes on: then its listener comes back with the last id, and misses nothing. On Modal a
request has a time limit, and one that runs into it may end its container, with all other requests in it."""


async def library_blocks(service: Service, shared: Shared, base: str, last_id: str) -> AsyncIterator[bytes]:
    """The blocks of the stream, from what happened after the event ``last_id``, for ``LONGEST_S``."""
    yield format_sse_event(retry=RETRY_MS)
    silent, until_s = 0, time.monotonic() + LONGEST_S
    async for change in service.events.follow(last_id):
        silent += 1
        if change is not None:
            silent = 0
            key = ("library", change.id, change.kind, base)
            yield shared.of(key, partial(_block, service, base, change))
        elif silent >= KEEP_ALIVE_TICKS:
            silent = 0
            yield format_sse_event(comment="keep-alive")
        if time.monotonic() >= until_s:
            return


def _block(service: Service, base: str, change: Change) -> bytes:
    if change.kind == "deleted":
        data = DeletedSong(id=change.song_id).model_dump_json()
    elif change.song is None:
        data = "{}"
    else:
        data = service.answers.summary(change.song, service.addresses(base)).model_dump_json()
    return format_sse_event(id=change.id, event=change.kind, data_str=data)
