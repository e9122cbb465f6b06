"""Share links: one song for whoever has the address, until it expires."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from config.errors import Conflict, NotFound, Unreadable
from orchestrator.server.access.addresses import page_for_others
from orchestrator.server.access.sharing import LONGEST_SHARE_S, SHARE_S, SHORTEST_SHARE_S, ShareLinks
from orchestrator.server.api.context import BEARER, Base, SongId, TheService
from orchestrator.server.api.middleware.auth import wrong_token
from orchestrator.server.api.middleware.log import SHARED
from orchestrator.server.api.openapi import refusals
from orchestrator.server.api.requests.incoming import JsonRoute
from orchestrator.server.api.requests.texts import Whole
from orchestrator.server.api.responses.share_page import UNLISTED, no_song_page, song_page
from orchestrator.server.api.routes.assets import role_response
from orchestrator.server.service import Service
from orchestrator.songs.manifest import Song, Status

router = APIRouter(tags=["songs"], dependencies=[BEARER], route_class=JsonRoute)
pages = APIRouter(include_in_schema=False)
"""What the links lead to. They are for people, and no part of the API."""


class Share(BaseModel):
    """How a song is shared."""

    model_config = ConfigDict(
        strict=True, extra="forbid", json_schema_extra={"examples": [{"expires_s": SHARE_S}]}
    )

    expires_s: Whole = Field(
        default=SHARE_S,
        ge=SHORTEST_SHARE_S,
        le=LONGEST_SHARE_S,
        description="For how many seconds the link is good: 7 days if left out, 90 at the most.",
    )


class ShareLink(BaseModel):
    """A share link."""

    url: str = Field(description="The page of the song, for whoever has this address.")
    expires_at: datetime


@router.post(
    "/songs/{id}/share",
    operation_id="share_song",
    summary="A link that shows one song",
    responses=refusals(400, 404, 408, 409, 413, 415, 422, 429, 500, 503),
)
async def share_song(
    song_id: SongId, service: TheService, base: Base, body: Annotated[Share | None, Body()] = None
) -> ShareLink:
    """A page with the song's cover, title, words and a player, which needs no token and shows nothing else.
    The link cannot be taken back before it expires, except with the song."""
    song = await service.feed.song(song_id)
    if not _is_shown(song):
        raise Conflict(f"song {song.id} is {song.status.value}", "share it when it is done")
    secret, expires = _links(service).make(song.id, (body or Share()).expires_s)
    # In a thread: a name of the network may take seconds to be looked up.
    page = await service.threads.run(page_for_others, service.settings, base)
    url = f"{page.rstrip('/')}{SHARED}{secret}"
    return ShareLink(url=url, expires_at=datetime.fromtimestamp(expires, UTC))


async def read_page(secret: str, request: Request, service: TheService, base: Base) -> Response:
    """The page of a share link."""
    found = await _found(secret, request, service)
    if isinstance(found, Response):
        return found
    song, expires = found
    return song_page(song, f"{(service.settings.public_url or base).rstrip('/')}{SHARED}{secret}", expires)


async def read_audio(secret: str, request: Request, service: TheService) -> Response:
    """The song's sound."""
    return await _part(secret, request, service, "audio")


async def read_cover(secret: str, request: Request, service: TheService) -> Response:
    """The song's cover."""
    return await _part(secret, request, service, "cover")


def _add_pages() -> None:
    for path, reader in (("", read_page), ("/audio", read_audio), ("/cover", read_cover)):
        for method in ("GET", "HEAD"):
            pages.add_api_route(f"{SHARED}{{secret}}{path}", reader, methods=[method])


_add_pages()


async def _part(secret: str, request: Request, service: Service, role: str) -> Response:
    found = await _found(secret, request, service)
    if isinstance(found, Response):
        return found
    answer = await role_response(request, service, found[0], role, download=False)
    answer.headers.update(UNLISTED)
    return answer


async def _found(secret: str, request: Request, service: Service) -> tuple[Song, int] | Response:
    """The song of a link and when the link expires, or the page that says why there is none."""
    shared = _links(service).read(secret)
    if shared is None:
        limited = wrong_token(request.scope, service)
        return limited or no_song_page(404, "This link is not complete, or was changed. Ask for it again.")
    if shared.is_over:
        return no_song_page(410, "This link has expired. Ask for another.")
    song: Song | None
    try:
        song = await service.feed.song(shared.song_id)
    except NotFound:
        return no_song_page(410, "The song of this link was deleted.")
    except Unreadable:
        song = None  # why is nothing for strangers
    if song is None or not _is_shown(song):
        return no_song_page(404, "The song of this link is not to be had now.")
    return song, shared.expires


def _is_shown(song: Song) -> bool:
    return song.status is Status.DONE and "audio" in song.assets


def _links(service: Service) -> ShareLinks:
    return ShareLinks(service.signer)
