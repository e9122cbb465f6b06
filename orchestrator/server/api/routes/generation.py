"""The three requests for a song, one for a song like another, and those for a plan or a price alone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Tag

from lyrics.contract import SongPlan
from orchestrator.estimates.quotes import Quote
from orchestrator.pipeline.engines import unsung
from orchestrator.pipeline.inputs.photos import photo_of
from orchestrator.pipeline.inputs.plans import given_plan
from orchestrator.pipeline.replay import brief_like, differences, finished_brief
from orchestrator.server.api.context import BEARER, TheService
from orchestrator.server.api.openapi import SONG_ANSWERS, refusals
from orchestrator.server.api.requests.bodies.changes import (
    QuoteComplete,
    QuoteCover,
    QuotedChange,
    QuoteExtend,
    QuoteReference,
    QuoteRemix,
    QuoteRepaint,
    QuoteResing,
    QuoteStems,
)
from orchestrator.server.api.requests.bodies.plan import MOST_WARNINGS
from orchestrator.server.api.requests.bodies.songs import (
    Finish,
    FromDescription,
    Like,
    Options,
    WithDescribedLyrics,
    WithLyrics,
)
from orchestrator.server.api.requests.call import Call, TheCall
from orchestrator.server.api.requests.connection import while_connected
from orchestrator.server.api.requests.incoming import JsonRoute
from orchestrator.server.api.requests.unknown import check_unknown, notes_of_headers
from orchestrator.server.api.routes.changes import brief_of_change, brief_of_new_cover
from orchestrator.server.api.song_requests import SongRequest, generate, song_route
from orchestrator.songs.manifest import new_songs

router = APIRouter(tags=["generate"], dependencies=[BEARER], route_class=JsonRoute)

# The tags name the kinds in errors.
Described = (
    Annotated[FromDescription, Tag("FromDescription")]
    | Annotated[WithLyrics, Tag("WithLyrics")]
    | Annotated[WithDescribedLyrics, Tag("WithDescribedLyrics")]
)
Quoted = (
    Described
    | Annotated[QuoteExtend, Tag("QuoteExtend")]
    | Annotated[QuoteRepaint, Tag("QuoteRepaint")]
    | Annotated[QuoteRemix, Tag("QuoteRemix")]
    | Annotated[QuoteResing, Tag("QuoteResing")]
    | Annotated[QuoteReference, Tag("QuoteReference")]
    | Annotated[QuoteStems, Tag("QuoteStems")]
    | Annotated[QuoteComplete, Tag("QuoteComplete")]
    | Annotated[QuoteCover, Tag("QuoteCover")]
)


@song_route(router, "/generate-from-description", "A song from one sentence")
async def generate_from_description(body: FromDescription, call: TheCall) -> Response:
    """The description tells both how the song sounds and what it is about.

    Waits until the song is done, unless `Prefer: respond-async` is sent. Either way the song is the same
    durable job: a client that hangs up loses nothing, and finds it under `/songs`.
    """
    return await _generate(body, call)


@song_route(router, "/generate-with-lyrics", "A song from your own lyrics")
async def generate_with_lyrics(body: WithLyrics, call: TheCall) -> Response:
    """The prompt tells how the song sounds; the lyrics are sung as they are."""
    return await _generate(body, call)


@song_route(router, "/generate-with-described-lyrics", "A song whose lyrics are described")
async def generate_with_described_lyrics(body: WithDescribedLyrics, call: TheCall) -> Response:
    """The prompt tells how the song sounds, the other what its lyrics are about."""
    return await _generate(body, call)


async def _generate(body: Options, call: Call) -> Response:
    return await generate(SongRequest(body, body.brief(), body.notes()), call)


@song_route(
    router,
    "/generate-like",
    "A song again, or one that differs a little",
    responses={**SONG_ANSWERS, **refusals(404)},
)
async def generate_like(body: Like, call: TheCall) -> Response:
    """The same plan and, unless others are given, the same seeds, length and format. It is the same song as
    long as the same engines run here: where others do, the answer is 409; where only a library or the device
    differs, `warnings` says so."""
    service = call.service
    song = await service.threads.load(body.like)
    notes = differences(song, service.engines())
    photo = await service.threads.run(photo_of, service.library, song)
    brief = brief_like(song, **body.changes())
    wanted = SongRequest(body, brief, notes, like=song.id, photo=photo, scene=song.scene)
    return await generate(wanted, call)


@song_route(
    router,
    "/songs/{song_id}/finish",
    "The whole song of a draft",
    responses={**SONG_ANSWERS, **refusals(404, 409)},
)
async def finish_song(song_id: str, body: Finish, call: TheCall) -> Response:
    """A new song: the one that the draft is the beginning of, with its plan, seed and length. The embedded
    composer and MusicGen make the very song that it began; others make another one of the same words."""
    service = call.service
    song = await service.threads.load(song_id)
    brief = finished_brief(song)
    notes = differences(song, service.engines())
    photo = await service.threads.run(photo_of, service.library, song)
    wanted = SongRequest(body, brief, notes, like=song.id, photo=photo, scene=song.scene)
    return await generate(wanted, call)


@router.post(
    "/plan",
    operation_id="plan_song",
    summary="The plan of a song, to read and edit",
    responses=refusals(400, 408, 413, 415, 422, 429, 500, 503, 504),
)
async def plan_song(body: Described, service: TheService, request: Request) -> SongPlan:
    """Title, tags, lyrics and all else that is decided before any sound is made. Send it back as `plan` on a
    request for a song, edited as you like. Nothing is stored, and a client that hangs up ends its writing.
    Its `warnings` name what of the request was not used."""
    brief = body.brief()
    check_unknown(body, service.settings)
    service.worker.check()
    song = new_songs(brief)[0]
    plan = given_plan(song) if brief.plan else await while_connected(request, service.draft(song))
    notes = (*body.notes(), *notes_of_headers(request.headers))
    unheard = unsung(service.settings.music.engine, plan)
    warnings = tuple(dict.fromkeys((*notes, *plan.warnings, *unheard)))
    return plan.model_copy(update={"warnings": warnings[:MOST_WARNINGS]})


@router.post(
    "/quote",
    operation_id="quote_song",
    summary="What a song would take and cost",
    responses=refusals(400, 404, 408, 409, 413, 415, 422, 429, 500, 503),
)
async def quote_song(body: Quoted, service: TheService, request: Request) -> Quote:
    """Seconds and price of a request, each with its spread, before anything is spent: from the newest songs
    that were made with the same engines, brought to its `audio_duration` and `variations`. A change of a song
    is quoted by its own fields with `task` and `source`, as if what is new in it were composed; of another
    cover (`"task": "cover"`) only the painting counts. Where none
    has been measured yet all figures are null, and `notes` says so. A request that an earlier song answers,
    by its seed or its `Idempotency-Key`, costs nothing, whatever is said here."""
    check_unknown(body, service.settings)
    notes = (*body.notes(), *notes_of_headers(request.headers))
    if isinstance(body, QuoteCover):
        return await service.quote(await brief_of_new_cover(body.source, body, service), notes)
    if isinstance(body, QuotedChange):
        return await service.quote(await brief_of_change(body.source, body, service), notes)
    return await service.quote(body.brief(), notes)
