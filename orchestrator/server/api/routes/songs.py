"""The library: songs to list, read, follow, cancel and delete."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from orchestrator.jobs.feed import position_of
from orchestrator.server.answers import (
    Addresses,
    SongAnswer,
    SongPage,
    SongSummary,
    UnreadableSong,
    song_summary,
    unreadable_song,
)
from orchestrator.server.api.context import BEARER, Base, SongId, TheService
from orchestrator.server.api.openapi import EVENTS, refusals
from orchestrator.server.api.responses.stream import EventStream, Stream
from orchestrator.server.api.song_requests import song_response
from orchestrator.server.service import Service
from orchestrator.songs.manifest import Song
from orchestrator.songs.reading import Damaged

router = APIRouter(prefix="/songs", tags=["songs"], dependencies=[BEARER])

_COVER = ("audio", "cover")

LastEventId = Annotated[
    str,
    Header(
        alias="Last-Event-ID",
        description="The last id you have seen: the stream goes on with the event after it.",
        examples=["3.17"],
    ),
]


@router.get(
    "", operation_id="list_songs", summary="The library, newest first", responses=refusals(422, 429, 500, 503)
)
async def list_songs(
    service: TheService,
    base: Base,
    limit: Annotated[int, Query(ge=1, le=100, description="Songs a page.")] = 20,
    cursor: Annotated[
        str,
        Query(pattern="^([0-9a-hjkmnp-tv-z]{15})?$", description="`next_cursor` of the page before."),
    ] = "",
    q: Annotated[
        str,
        Query(
            max_length=200,
            description="Only songs with all of these words in their title, prompt or categories; a word of "
            "three letters or more is also found as the beginning of another.",
            examples=["neon rain"],
        ),
    ] = "",
) -> SongPage:
    """Every song there is, finished or not; a damaged one with the status `unreadable` and a `reason`. With
    `q`, those with these words: a song that is being made by its prompt, and by its title once it has ended.
    Until the index of an old library is built, `q` is answered 503."""

    def page() -> list[Song | Damaged]:
        if q.strip():
            return service.catalogue.search(q, cursor, limit + 1)
        return service.catalogue.page(cursor, limit + 1)

    songs = await service.threads.run(page)
    addresses = service.addresses(base)
    return SongPage(
        songs=tuple(_summary(service, addresses, song) for song in songs[:limit]),
        next_cursor=songs[limit - 1].id if len(songs) > limit else None,
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


def _summary(service: Service, addresses: Addresses, song: Song | Damaged) -> SongSummary | UnreadableSong:
    if isinstance(song, Damaged):
        return unreadable_song(song)
    song = service.feed.newest(song)
    return song_summary(song, addresses.of(song, _COVER), service.jobs.estimate(song.id))
