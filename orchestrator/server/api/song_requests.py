"""Requests for songs, from the body to the response: every route that makes songs answers with these."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel

from config.errors import SongwrightError
from orchestrator.server.answers import SongAnswer
from orchestrator.server.api.openapi import SONG_ANSWERS
from orchestrator.server.api.problems import of_error, of_failure
from orchestrator.server.api.requests.bodies.songs import Asking, Finish, Like
from orchestrator.server.api.requests.call import Call
from orchestrator.server.api.requests.unknown import check_unknown, notes_of_headers, of_other_requests
from orchestrator.server.service import Service
from orchestrator.songs.brief import RANDOM_SEED, Brief
from orchestrator.songs.facts.labels import cleaned_metadata
from orchestrator.songs.manifest import Song, Status, new_songs
from orchestrator.songs.ownership import this_process
from orchestrator.songs.reuse import digest
from vision.contract import Scene

Route = TypeVar("Route", bound=Callable[..., Awaitable[Response]])
Responder = Callable[[Song, Mapping[str, str]], Awaitable[Response]]
"""Makes the response for a song that is done, with these headers."""


@dataclass(frozen=True)
class SongRequest:
    """A request's body, and the brief that it stands for."""

    body: Asking | Like | Finish
    brief: Brief
    notes: tuple[str, ...]
    like: str = ""
    """The id of the song to make again."""
    photo: bytes = b""
    """As it is stored."""
    scene: Scene | None = None
    """What was read from the photo for an earlier song."""
    listen: bool = False
    """Whether the client wants to hear the song while it is made."""

    @property
    def repeatable(self) -> bool:
        """Whether an earlier song may be the answer."""
        if self.like or isinstance(self.body, Finish):
            return False
        return self.body.seed != RANDOM_SEED and not self.body.webhook


def song_route(
    router: APIRouter,
    path: str,
    summary: str,
    model: type[BaseModel] = SongAnswer,
    responses: Mapping[int | str, dict[str, Any]] = SONG_ANSWERS,
    **more: Any,
) -> Callable[[Route], Route]:
    """A decorator for a route that makes songs: a POST whose operation id is the function's name."""

    def add(route: Route) -> Route:
        return router.post(
            path,
            operation_id=route.__name__,
            summary=summary,
            response_model=model,
            responses=dict(responses),
            **more,
        )(route)

    return add


async def generate(wanted: SongRequest, call: Call, respond: Responder | None = None) -> Response:
    """Answers a request for songs. The response is the first song's manifest, or what ``respond`` makes of
    the song once it is done."""
    service = call.service
    check_unknown(wanted.body, service.settings)
    preferences = call.preferences
    notes = (*wanted.notes, *notes_of_headers(call.request.headers))
    wanted = replace(wanted, notes=notes, listen=preferences.listen)
    if wanted.body.webhook:
        await service.webhooks.check(wanted.body.webhook)
    songs, cached = await _songs_of_key(wanted, call)
    heard = service.listening is not None and service.listening.recording(songs[0].id) is not None
    wait_s = preferences.wait_s
    if wait_s is None or wait_s > 0:
        try:
            async with asyncio.timeout(wait_s):
                songs = [await service.jobs.wait(song.id) for song in songs]
        except TimeoutError:
            songs = [await service.threads.load(song.id) for song in songs]
        except SongwrightError as error:
            response = of_error(error, songs[0].id)
            response.headers["Location"] = f"/songs/{songs[0].id}"
            return response
    songs = [service.feed.newest(song) for song in songs]
    if wanted.brief.keep != "all":
        songs = await _best_first(songs, service)
    ended = all(song.status.finished for song in songs)
    headers = {"Location": f"/songs/{songs[0].id}"}
    if applied := preferences.applied(ended=ended, heard=heard):
        headers["Preference-Applied"] = applied
    if ended and (respond or not preferences.respond_async):
        for song in songs if wanted.brief.keep == "all" else songs[:1]:
            if song.status is not Status.DONE:
                return of_failure(song)
    first = songs[0]
    if cached:
        notes = (*wanted.notes, *of_other_requests(first.notes))
        first = first.model_copy(update={"notes": tuple(dict.fromkeys(notes))})
    if ended and respond:
        return await respond(first, headers)
    answer = service.answer(first, call.base, cached=cached)
    return song_response(answer, status=200 if ended else 202, headers=headers)


async def _best_first(songs: list[Song], service: Service) -> list[Song]:
    """The takes as they are stored, the best one first; those that are not kept are left out."""
    stored = [await service.threads.run(service.library.load_or_skip, song.id) for song in songs]
    left = [song for song in stored if song is not None]
    return sorted(left, key=lambda song: song.takes is None or song.takes.best != song.id) or songs


def song_response(answer: SongAnswer, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The answer as JSON."""
    return Response(answer.model_dump_json(), status, headers, media_type="application/json")


async def _songs_of_key(wanted: SongRequest, call: Call) -> tuple[list[Song], bool]:
    """The songs of the request's ``Idempotency-Key``, else as ``_songs``."""
    if not call.idempotency_key:
        return await _songs(wanted, call)
    service, name = call.service, digest(call.idempotency_key)
    # Earlier versions named a key together with the token that it came with.
    former = [digest(holder, call.idempotency_key) for holder in service.tokens.holders]
    request = digest(call.request.url.path, wanted.body.model_dump_json())
    async with service.reuse.claim(name):
        if found := await service.threads.run(service.reuse.of_key, name, request, former):
            return found, False
        return await _songs(wanted, call, name, request)


async def _songs(
    wanted: SongRequest, call: Call, name: str = "", request: str = ""
) -> tuple[list[Song], bool]:
    """The songs that answer this request, and whether they were made for an earlier one. The key ``name``, if
    there is one, stands for them from now on."""
    service = call.service
    if not (wanted.repeatable and call.may_reuse):
        return await _new_songs(wanted, service, name, request), False
    # Of the same requests at once, the first begins the songs and the others find them.
    async with service.reuse.claim_request(wanted.brief):
        found = await service.threads.run(service.reuse.of_request, wanted.brief, service.jobs.is_made)
        if found and _has(found, wanted.body.metadata):
            await _keep_key(service, name, request, found)
            return found, True
        return await _new_songs(wanted, service, name, request, findable=True), False


def _has(songs: list[Song], metadata: Mapping[str, str]) -> bool:
    """Whether earlier songs have the metadata of this request: by it the caller will look for them."""
    own = cleaned_metadata(metadata)
    return not own or all(song.metadata == own for song in songs)


async def _new_songs(
    wanted: SongRequest, service: Service, name: str, request: str, *, findable: bool = False
) -> list[Song]:
    """Begins new songs. With ``findable``, the same request finds them while they are made."""
    brief = wanted.brief
    service.worker.check(brief.crafts_by(separates=service.worker.separates))
    service.jobs.check_room(brief.variations)
    songs = new_songs(
        brief,
        owner=this_process(service=True),
        webhook=wanted.body.webhook or "",
        notes=wanted.notes,
        like=wanted.like,
        scene=wanted.scene,
        idempotency=name,
        metadata=wanted.body.metadata,
    )
    await _keep_key(service, name, request, songs)
    if findable:
        await service.threads.run(service.reuse.begin_request, songs)
    with _heard(wanted, service, songs):
        return await service.jobs.submit(songs, wanted.photo)


@contextmanager
def _heard(wanted: SongRequest, service: Service, songs: list[Song]) -> Iterator[None]:
    """Has the songs that are accepted in this block recorded, if their client wants to listen and the engine
    can begin early."""
    music = service.engines().get("music")
    listening = service.listening if wanted.listen and (music is None or music.begins_early) else None
    if listening is None:
        yield
        return
    for song in songs:
        listening.want(song.id)
    try:
        yield
    except BaseException:
        for song in songs:
            listening.forget(song.id)
        raise


async def _keep_key(service: Service, name: str, request: str, songs: list[Song]) -> None:
    if name:
        await service.threads.run(service.reuse.keep_key, name, request, songs)
