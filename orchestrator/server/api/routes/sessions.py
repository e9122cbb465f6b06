"""The sessions of browsers: opened by a one-time code or a token, and kept by a cookie."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from orchestrator.server.access.addresses import is_local, page_for_others
from orchestrator.server.access.codes import CODE_CHARACTERS, CODE_S
from orchestrator.server.access.origin import came_by_https, is_cross_site, is_same_origin
from orchestrator.server.access.qr import svg_of
from orchestrator.server.access.sessions import Session, cookie_of, set_cookie
from orchestrator.server.api.context import BEARER, Base, TheService
from orchestrator.server.api.middleware.auth import TOKEN_HOLDER, TOKEN_NEEDED, wrong_token
from orchestrator.server.api.openapi import refusals
from orchestrator.server.api.problems import CROSS_SITE, UNAUTHORIZED, problem
from orchestrator.server.api.requests.incoming import CLOSE, JsonRoute
from orchestrator.server.service import Service

router = APIRouter(tags=["session"], route_class=JsonRoute)
_NO_STORE = {"Cache-Control": "no-store"}
_SET = {"Set-Cookie": {"description": "The session's cookie.", "schema": {"type": "string"}}}


class OpenSession(BaseModel):
    """What opens a session."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"code": "2qDbn1x8TzyvMZVpJ0Q2yA"}]}
    )

    code: str = Field(
        default="", max_length=100, description="A one-time code; left out by one who sends a token."
    )


class SessionStatus(BaseModel):
    """Whether a browser is signed in."""

    signed_in: bool
    expires_at: datetime | None = Field(
        default=None, description="When the session ends if it is not used until then."
    )


class SessionCode(BaseModel):
    """A one-time code for another device."""

    code: str = Field(description="Opens one session, once.")
    expires_at: datetime
    url: str = Field(
        description="The page with the code in its fragment, which browsers send to no server: by the "
        "machine's address in its network, where the service listens there."
    )
    qr: str = Field(description="The address as a QR code: an SVG document.")
    local: bool = Field(description="Whether only this machine can open the address.")


@router.post(
    "/session",
    operation_id="open_session",
    summary="Sign a browser in",
    status_code=204,
    response_class=Response,
    responses={
        204: {"headers": _SET, "description": "Signed in."},
        **refusals(400, 403, 413, 415, 422, 429, 500, 503),
    },
)
async def open_session(
    request: Request, service: TheService, body: Annotated[OpenSession | None, Body()] = None
) -> Response:
    """By a one-time code, or by the token in `Authorization`. The cookie is for the service's own page
    (`HttpOnly`, `SameSite=Strict`), and good for 30 days after its last use; programs go on sending the
    token."""
    if is_cross_site(request.headers):
        return _cross_site()
    holder = request.scope.get(TOKEN_HOLDER)
    if holder is None:
        code = body.code if body else ""
        is_code = len(code) == CODE_CHARACTERS  # for others nobody need look
        holder = await service.threads.run(service.access.codes.use, code) if is_code else None
        if holder not in service.tokens.holders:
            detail = (
                "The code was used before, has expired, or is none: take another, as from 'songwright open'."
            )
            return wrong_token(request.scope, service) or problem(
                UNAUTHORIZED, detail, headers=CLOSE | TOKEN_NEEDED
            )
    sessions = service.access.sessions
    if old := cookie_of(request.headers.get("cookie", ""), sessions.cookie):
        await service.threads.run(sessions.end, old)
    return _with_cookie(request, service, await service.threads.run(sessions.open, holder))


@router.get(
    "/session",
    operation_id="get_session",
    summary="Whether a browser is signed in",
    responses=refusals(429, 500, 503),
)
async def get_session(request: Request, response: Response, service: TheService) -> SessionStatus:
    """Answers without a token: whether the request has the cookie of a session that is good."""
    response.headers.update(_NO_STORE)
    session = session_of(request, service)
    if session is None:
        return SessionStatus(signed_in=False)
    return SessionStatus(signed_in=True, expires_at=datetime.fromtimestamp(session.expires, UTC))


@router.delete(
    "/session",
    operation_id="end_session",
    summary="Sign a browser out",
    status_code=204,
    response_class=Response,
    responses={204: {"headers": _SET, "description": "Signed out."}, **refusals(403, 429, 500, 503)},
)
async def end_session(request: Request, service: TheService) -> Response:
    """Ends the session of the request's cookie, if there is one, and takes the cookie away."""
    sessions = service.access.sessions
    if value := cookie_of(request.headers.get("cookie", ""), sessions.cookie):
        if not is_same_origin(request.method, request.headers):
            return _cross_site()
        await service.threads.run(sessions.end, value)
    return _with_cookie(request, service, "")


@router.post(
    "/session/codes",
    operation_id="make_session_code",
    summary="A one-time code for another device",
    responses=refusals(403, 429, 500, 503),
    dependencies=[BEARER],
)
async def make_code(request: Request, response: Response, service: TheService, base: Base) -> SessionCode:
    """Opens one session within ten minutes: by its address, or as a QR code for a telephone."""
    response.headers.update(_NO_STORE)
    holder = request.scope[TOKEN_HOLDER]
    code, expires = await service.threads.run(service.access.codes.make, holder, CODE_S)
    # In a thread: a name of the network may take seconds to be looked up.
    page = await service.threads.run(page_for_others, service.settings, base)
    url = f"{page}#code={code}"
    return SessionCode(
        code=code,
        expires_at=datetime.fromtimestamp(expires, UTC),
        url=url,
        qr=svg_of(url),
        local=await service.threads.run(is_local, urlsplit(page).hostname or ""),
    )


def session_of(request: Request, service: Service) -> Session | None:
    """The session of the request's cookie, if it is good and the service's own page has sent it."""
    sessions = service.access.sessions
    value = cookie_of(request.headers.get("cookie", ""), sessions.cookie)
    if not value or not is_same_origin(request.method, request.headers):
        return None
    session = sessions.find(value)
    return session if session and session.holder in service.tokens.holders else None


def _with_cookie(request: Request, service: Service, value: str) -> Response:
    secure = came_by_https(request.url.scheme, request.headers, service.settings.public_url)
    cookie = set_cookie(service.access.sessions.cookie, value, secure=secure)
    return Response(status_code=204, headers=_NO_STORE | {"Set-Cookie": cookie})


def _cross_site() -> Response:
    return problem(CROSS_SITE, "A session is opened and ended by the service's own page.", headers=CLOSE)
