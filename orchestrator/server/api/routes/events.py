"""The library's one stream of events."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response, StreamingResponse

from orchestrator.server.api.context import BEARER, Base, TheService
from orchestrator.server.api.openapi import refusals
from orchestrator.server.api.responses.library_stream import library_blocks
from orchestrator.server.api.responses.stream import EventStream
from orchestrator.server.api.streams import LIBRARY_EVENTS

router = APIRouter(tags=["songs"], dependencies=[BEARER])

LastEventId = Annotated[
    str,
    Header(
        alias="Last-Event-ID",
        description="The last id you have seen: the stream goes on with what has changed since.",
        examples=["5f0c2f6e-17"],
    ),
]


@router.get(
    "/events",
    operation_id="follow_library",
    summary="Follow the whole library",
    response_class=StreamingResponse,
    responses={**LIBRARY_EVENTS, **refusals(422, 429, 500, 503)},
)
async def follow_library(
    request: Request, service: TheService, base: Base, last_event_id: LastEventId = ""
) -> Response:
    """Server-sent events: `song` with the song as the list has it, whenever one is accepted,
    gets another status, makes progress (at most a few times a second), moves in the queue, is changed by a
    user, or ends; `deleted` with its `id`; and `reset`: read the list anew, at the beginning of a stream and
    where what you have missed is not known any more. Of a song you get the newest state, not each
    one between. What another process does in the same library comes some seconds later, without its progress.
    A stream ends after ten minutes: come back with the last id. So many may listen at once; the next is
    answered 503."""
    return EventStream(library_blocks(service, request.app.state.shared, base, last_event_id))
