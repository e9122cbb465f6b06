"""The library: songs to list, read, follow, cancel and delete."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from orchestrator.jobs.feed import position_of
from orchestrator.server.answers import (
    SongAnswer,
    SongPage,
)
from orchestrator.server.api.context import BEARER, Base, SongId, TheService
from orchestrator.server.api.openapi import refusals
from orchestrator.server.api.requests.bodies.labels import Labels
from orchestrator.server.api.requests.incoming import JsonRoute
from orchestrator.server.api.requests.listing import CURSOR, Wanted
from orchestrator.server.api.responses.stream import EventStream, Stream
from orchestrator.server.api.song_requests import song_response
from orchestrator.server.api.streams import EVENTS

router = APIRouter(prefix="/songs", tags=["songs"], dependencies=[BEARER], route_class=JsonRoute)

LastEventId = Annotated[
    str,
    Header(
        alias="Last-Event-ID",
        description="The last id you have seen: the stream goes on with the event after it.",
        examples=["3.17"],
    ),
]
_MOST_PASSED = 1_000_000


@router.get(
    "",
    operation_id="list_songs",
    summary="The library, by what you look for",
    responses=refusals(414, 422, 429, 500, 503),
)
async def list_songs(
    service: TheService,
    base: Base,
    wanted: Wanted,
    limit: Annotated[int, Query(ge=1, le=100, description="Songs a page.")] = 20,
    cursor: Annotated[
        str,
        Query(pattern=CURSOR, description="`next_cursor` of the page before, with the same `sort`."),
    ] = "",
    offset: Annotated[
        int,
        Query(
            ge=0,
            le=_MOST_PASSED,
            description="In place of a cursor, how many songs to pass over: for a list that is entered in "
            "its middle. Songs that are added move those after them, so read on by `next_cursor`.",
        ),
    ] = 0,
) -> SongPage:
    """Every song there is, finished or not, newest first; a damaged one with the status `unreadable` and a
    `reason`. The other parameters leave songs out, or put them in another order; a song has to meet all of
    them. While songs are added, the pages after a cursor stay as they are. Until the index of an old library
    is built, these parameters are answered 503, and `total` is null; in a bucket, what another machine has
    changed in the last minute may not be found yet."""
    found = await service.threads.run(service.catalogue.select, wanted, cursor, limit, offset)
    addresses = service.addresses(base)
    return SongPage(
        songs=tuple(service.answers.summary(song, addresses) for song in found.songs),
        next_cursor=found.cursor,
        total=found.total,
    )


@router.get(
    "/{id}",
    operation_id="get_song",
    summary="A song",
    response_model=SongAnswer,
    responses=refusals(404, 409, 422, 429, 500, 503),
)
async def get_song(song_id: SongId, service: TheService, base: Base) -> Response:
    """The manifest; and while it is made, its place in the queue, its progress and the seconds left. Of a
    damaged song there is none: the answer is 409 and says what is wrong."""
    return song_response(service.answer(await service.feed.song(song_id), base))


@router.patch(
    "/{id}",
    operation_id="update_song",
    summary="Rename a song, mark it, tag it",
    response_model=SongAnswer,
    responses=refusals(400, 404, 408, 409, 413, 415, 422, 429, 500, 503),
)
async def update_song(song_id: SongId, body: Labels, service: TheService, base: Base) -> Response:
    """Changes what is sent, and nothing else: not a note of the song. Its new title is the one of the library
    and of the names of its files; what was printed on the cover and written into the files stays. A song that
    is being made takes it too, unless another process makes it: 409 until it has ended."""
    return song_response(service.answer(await service.update(song_id, body.given()), base))


@router.delete(
    "/{id}",
    operation_id="delete_song",
    summary="Delete a song",
    status_code=204,
    response_class=Response,
    responses=refusals(404, 409, 422, 429, 500, 503),
)
async def delete_song(song_id: SongId, service: TheService) -> Response:
    """With all its files, wherever it is: one that is being made is cancelled first."""
    await service.delete(song_id)
    return Response(status_code=204)


@router.post(
    "/{id}/cancel",
    operation_id="cancel_song",
    summary="Stop making a song",
    response_model=SongAnswer,
    responses=refusals(404, 409, 422, 429, 500, 503),
)
async def cancel_song(song_id: SongId, service: TheService, base: Base) -> Response:
    """What was made of it so far is kept. One that is cancelled already stays so; one that has ended
    otherwise is a conflict."""
    return song_response(service.answer(await service.jobs.cancel(song_id), base))


@router.get(
    "/{id}/events",
    operation_id="follow_song",
    summary="Follow a song while it is made",
    response_class=StreamingResponse,
    responses={**EVENTS, **refusals(404, 409, 422, 429, 500, 503)},
)
async def follow_song(
    song_id: SongId, request: Request, service: TheService, base: Base, last_event_id: LastEventId = ""
) -> Response:
    """Server-sent events: `status` with each state, `queue` while it waits, `progress` of each part, and
    `end` with the whole song, after which the stream closes. Who comes back after the end is answered 204,
    which tells an `EventSource` to stop. So many may listen at once; the next is answered 503."""
    after = position_of(last_event_id)
    end = await service.feed.end(song_id)
    if end and after >= end:
        return Response(status_code=204)
    return EventStream(Stream(service, request.app.state.shared, song_id, base).blocks(after))
