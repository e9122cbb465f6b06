"""The three requests for a song, and those for its plan or its price alone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response

from config.errors import SongwrightError
from lyrics.contract import SongPlan
from orchestrator.estimates.quotes import Quote
from orchestrator.pipeline.make_song import this_process
from orchestrator.pipeline.photos import photo_of
from orchestrator.pipeline.replay import brief_like, differences
from orchestrator.server.answers import SongAnswer
from orchestrator.server.api.context import BEARER, Base, TheService
from orchestrator.server.api.openapi import SONG_ACCEPTED, SONG_MADE, refusals
from orchestrator.server.api.problems import of_error, of_failure
from orchestrator.server.api.requests.bodies import (
    Asking,
    FromDescription,
    Like,
    Options,
    WithDescribedLyrics,
    WithLyrics,
)
from orchestrator.server.api.requests.connection import while_connected
from orchestrator.server.api.requests.incoming import JsonRoute
from orchestrator.server.service import Service
from orchestrator.songs.brief import RANDOM_SEED, Brief
from orchestrator.songs.manifest import Song, Status, new_songs
from orchestrator.songs.reuse import digest
from vision.contract import Scene

router = APIRouter(tags=["generate"], dependencies=[BEARER], route_class=JsonRoute)

_WAIT = re.compile(r"wait=(\d{1,5})", re.ASCII)

Prefer = Annotated[
    str,
    Header(
        alias="Prefer",
        description="`respond-async` answers 202 at once, and the song is made meanwhile; with `wait=N` "
        "after N seconds, if it is not done by then (RFC 7240).",
        examples=["respond-async", "respond-async, wait=20"],
    ),
]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        description="A key of your own for this request: sent again with the same key, for as long as the "
        "song is kept, it is answered with the same song. Keys are the service's and not a token's, so that "
        "changing tokens changes nothing: choose one that nobody else will, such as a UUID.",
        examples=["9b2d7c0e-order-1138"],
    ),
]
CacheControl = Annotated[
    str,
    Header(
        alias="Cache-Control",
        description="`no-cache` makes the song anew even if the same request with the same seed was "
        "answered before.",
        examples=["no-cache"],
    ),
]


ANSWERS = {**SONG_MADE, **SONG_ACCEPTED, **refusals(400, 403, 408, 409, 413, 415, 422, 429, 500, 503, 504)}


@dataclass(frozen=True)
class Call:
    """A request for songs, apart from its body."""

    request: Request
    service: Service
    base: str
    prefer: str
    idempotency_key: str
    cache_control: str


async def _call(
    request: Request,
    service: TheService,
    base: Base,
    prefer: Prefer = "",
    idempotency_key: IdempotencyKey = "",
    cache_control: CacheControl = "",
) -> Call:
    return Call(request, service, base, prefer, idempotency_key, cache_control)


TheCall = Annotated[Call, Depends(_call)]


@router.post(
    "/generate-from-description",
    operation_id="generate_from_description",
    summary="A song from one sentence",
    response_model=SongAnswer,
    responses=ANSWERS,
)
async def generate_from_description(body: FromDescription, call: TheCall) -> Response:
    """The description tells both how the song sounds and what it is about.

    Waits until the song is done, unless `Prefer: respond-async` is sent. Either way the song is the same
    durable job: a client that hangs up loses nothing, and finds it under `/songs`.
    """
    return await generate(_asked(body), call)


@router.post(
    "/generate-with-lyrics",
    operation_id="generate_with_lyrics",
    summary="A song from your own lyrics",
    response_model=SongAnswer,
    responses=ANSWERS,
)
async def generate_with_lyrics(body: WithLyrics, call: TheCall) -> Response:
    """The prompt tells how the song sounds; the lyrics are sung as they are."""
    return await generate(_asked(body), call)


@router.post(
    "/generate-with-described-lyrics",
    operation_id="generate_with_described_lyrics",
    summary="A song whose lyrics are described",
    response_model=SongAnswer,
    responses=ANSWERS,
)
async def generate_with_described_lyrics(body: WithDescribedLyrics, call: TheCall) -> Response:
    """The prompt tells how the song sounds, the other what its lyrics are about."""
    return await generate(_asked(body), call)


@router.post(
    "/generate-like",
    operation_id="generate_like",
    summary="A song again, or one that differs a little",
    response_model=SongAnswer,
    responses={**ANSWERS, **refusals(404)},
)
async def generate_like(body: Like, call: TheCall) -> Response:
    """The same plan and, unless others are given, the same seeds, length and format. It is the same song as
    long as the same engines run here: where others do, the answer is 409; where only a library or the device
    differs, `warnings` says so."""
    service = call.service
    song = await service.jobs.load(body.like)
    notes = differences(song, service.engines())
    photo = await service.jobs.stored(photo_of, service.library, song)
    brief = brief_like(song, **body.changes())
    asked = Asked(body, brief, notes, like=song.id, photo=photo, scene=song.scene)
    return await generate(asked, call)


@router.post(
    "/plan",
    operation_id="plan_song",
    summary="The plan of a song, to read and edit",
    responses=refusals(400, 408, 413, 415, 422, 429, 500, 503, 504),
)
async def plan_song(
    body: FromDescription | WithLyrics | WithDescribedLyrics, service: TheService, request: Request
) -> SongPlan:
    """Title, tags, lyrics and all else that is decided before any sound is made. Send it back as `plan` on a
    request for a song, edited as you like. Nothing is stored, and a client that hangs up ends its writing."""
    brief = body.brief()
    service.worker.check()
    if brief.plan:
        return brief.plan
    return await while_connected(request, service.draft(new_songs(brief)[0]))


@router.post(
    "/quote",
    operation_id="quote_song",
    summary="What a song would take and cost",
    responses=refusals(400, 408, 413, 415, 422, 429, 500, 503),
)
async def quote_song(body: FromDescription | WithLyrics | WithDescribedLyrics, service: TheService) -> Quote:
    """Seconds and price of a request, each with its spread, before anything is spent: from the newest songs
    that were made with the same engines, brought to its `audio_duration` and `variations`. Where none has
    been measured yet all figures are null, and `notes` says so. A request that an earlier song answers, by
    its seed or its `Idempotency-Key`, costs nothing, whatever is told here."""
    return await service.quote(body.brief(), body.notes())


@dataclass(frozen=True)
class Asked:
    """A request's body and what it comes to."""

    body: Asking | Like
    brief: Brief
    notes: tuple[str, ...]
    like: str = ""
    photo: bytes = b""
    """As it is kept."""
    scene: Scene | None = None
    """What was read from it before."""

    @property
    def repeatable(self) -> bool:
        """Whether an earlier song may answer it."""
        return not self.like and self.body.seed != RANDOM_SEED and not self.body.webhook


Told = Callable[[Song, Mapping[str, str]], Awaitable[Response]]
"""The answer about a song that is done, with these headers."""


def _asked(body: Options) -> Asked:
    return Asked(body, body.brief(), body.notes())


async def generate(asked: Asked, call: Call, told: Told | None = None) -> Response:
    """One request for songs, from its body to its answer, which is ``told`` where the whole manifest is not
    what the client looks for."""
    service = call.service
    if asked.body.webhook:
        await service.webhooks.check(asked.body.webhook)
    if not call.idempotency_key:
        songs, cached = await _songs(service, asked, call.cache_control, "")
    else:
        name = digest(call.idempotency_key)
        # As keys were named before, each by the token that it came with.
        former = [digest(holder, call.idempotency_key) for holder in service.tokens.holders]
        request = digest(call.request.url.path, asked.body.model_dump_json())
        async with service.reuse.claim(name):
            found = await service.jobs.stored(service.reuse.of_key, name, request, former)
            if found:
                songs, cached = found, False
            else:
                songs, cached = await _songs(service, asked, call.cache_control, name, request)
    wait_s = _patience(call.prefer)
    if wait_s is None or wait_s > 0:
        try:
            async with asyncio.timeout(wait_s):
                songs = [await service.jobs.wait(song.id) for song in songs]
        except TimeoutError:
            songs = [await service.jobs.load(song.id) for song in songs]
        except SongwrightError as error:
            response = of_error(error, songs[0].id)
            response.headers["Location"] = f"/songs/{songs[0].id}"
            return response
    headers = {"Location": f"/songs/{songs[0].id}"}
    if wait_s is not None:
        headers["Preference-Applied"] = "respond-async"
    ended = all(song.status.finished for song in songs)
    if ended and (wait_s is None or told):
        for song in songs:
            if song.status is not Status.DONE:
                return of_failure(song)
    if ended and told:
        return await told(songs[0], headers)
    answer = service.answer(songs[0], call.base, cached=cached)
    return song_response(answer, status=200 if ended else 202, headers=headers)


async def _songs(
    service: Service, asked: Asked, cache_control: str, name: str, request: str = ""
) -> tuple[list[Song], bool]:
    """The songs that answer this request, and whether they were made for an earlier one."""
    brief = asked.brief
    if asked.repeatable and "no-cache" not in cache_control.lower():
        found = await service.jobs.stored(service.reuse.of_request, brief)
        if found:
            if name:
                await service.jobs.stored(service.reuse.keep_key, name, request, found)
            return found, True
    service.worker.check(brief.crafts)
    service.jobs.check_room(brief.variations)
    songs = new_songs(
        brief,
        owner=this_process(service=True),
        webhook=asked.body.webhook or "",
        notes=asked.notes,
        like=asked.like,
        scene=asked.scene,
        idempotency=name,
    )
    if name:
        await service.jobs.stored(service.reuse.keep_key, name, request, songs)
    return await service.jobs.submit(songs, asked.photo), False


def song_response(answer: SongAnswer, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The answer as JSON."""
    body = answer.model_dump_json()
    return Response(body, status, headers, media_type="application/json")


def _patience(prefer: str) -> float | None:
    """Seconds to wait for the song: none with ``respond-async``, those of its ``wait``; None is for ever."""
    preferences = [part.strip().lower() for part in prefer.replace(";", ",").split(",")]
    if "respond-async" not in preferences:
        return None
    waits: list[Any] = [found[1] for part in preferences if (found := _WAIT.fullmatch(part))]
    return float(waits[0]) if waits else 0.0
