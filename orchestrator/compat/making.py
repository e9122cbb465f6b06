"""Songs for the clients of other services: begun at once, waited for, and found again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request

from config.errors import InvalidRequest, NotFound
from orchestrator.server.api.requests.bodies.changes import Changing
from orchestrator.server.api.requests.bodies.songs import Asking
from orchestrator.server.api.routes.changes import brief_of_change
from orchestrator.server.api.song_requests import SongRequest, begin
from orchestrator.server.service import Service
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import Song

SONG_ID = re.compile("[0-9a-hjkmnp-tv-z]{15}")
_LOOK_S = 0.2


def service_of(request: Request) -> Service:
    """The service that answers ``request``."""
    service = request.app.state.service
    assert isinstance(service, Service)
    return service


async def begun(
    service: Service, brief: Brief, notes: Sequence[str] = (), *, listen: bool = False
) -> list[Song]:
    """New songs of ``brief``, one for each variation. With ``listen`` they can be heard while they are made,
    where their engine begins early. Raises ``QueueFull`` and ``EngineUnavailable``."""
    return await begin(SongRequest(Asking(), brief, tuple(notes), listen=listen), service)


async def changed(
    service: Service, source: str, body: Changing, notes: Sequence[str] = (), *, listen: bool = False
) -> list[Song]:
    """New songs that are ``source`` after a change: the id of a song or of a recording. Raises as
    ``routes.changes.brief_of_change``, and as ``begun``."""
    return await begun(service, await brief_of_change(source, body, service), notes, listen=listen)


async def song_of(service: Service, song_id: str) -> Song:
    """The newest state of a song. Raises ``NotFound``, and ``Unreadable`` for a damaged one."""
    if not SONG_ID.fullmatch(song_id):
        raise NotFound("song", song_id, "it is not the id of one")
    return await service.feed.song(song_id)


async def until(
    service: Service, song_ids: Sequence[str], is_ready: Callable[[Song], bool], limit_s: float
) -> list[Song]:
    """The songs as they are once ``is_ready`` holds for all of them, or after ``limit_s`` seconds."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + limit_s
    while True:
        # What another process makes costs a request of the bucket: all who wait share one a second.
        songs = [service.feed.newest(await service.feed.stored(song_id)) for song_id in song_ids]
        if all(is_ready(song) for song in songs) or loop.time() >= end_s:
            return songs
        await asyncio.sleep(_LOOK_S)


async def renamed(work: Awaitable[list[Song]], names: Mapping[str, str]) -> list[Song]:
    """The result of ``work``; a field that it refuses is called as the client knows it."""
    try:
        return await work
    except InvalidRequest as error:
        raise called(error, names) from error


def called(error: InvalidRequest, names: Mapping[str, str]) -> InvalidRequest:
    """The same refusal, of the field as the client knows it."""
    return InvalidRequest(names.get(error.field, error.field), error.value, error.fix)
