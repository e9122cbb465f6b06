"""Middleware for every request: the token or the session and its rate, then the limits of the body.

This is plain ASGI in front of the framework, so that no body is read or parsed for a client that may not send
one.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.errors import SongwrightError
from orchestrator.server.access.origin import came_by_https, is_same_origin
from orchestrator.server.access.sessions import cookie_of, set_cookie
from orchestrator.server.api.middleware.log import SHARED
from orchestrator.server.api.problems import (
    CROSS_SITE,
    ENCODED,
    LONG_ADDRESS,
    RATE_LIMITED,
    SHARE_LIMITED,
    TOO_LARGE,
    UNAUTHORIZED,
    WRONG_TOKENS,
    of_error,
    problem,
    replaced,
    retry_after,
)
from orchestrator.server.api.requests.incoming import CLOSE, Incoming, too_large
from orchestrator.server.auth import as_bearer
from orchestrator.server.http.callers import caller

if TYPE_CHECKING:
    from orchestrator.server.service import Service

log = logging.getLogger(__name__)

PUBLIC = frozenset({"/health", "/health/ready", "/docs", "/openapi.json"})
"""The paths that need no token."""
PAGE_PATH = "/"  # a GET needs no token; a POST makes music, and does
PUBLIC_FOLDERS = ("/page/", "/files/", SHARED)
"""Likewise all below these. Files and share links carry signatures, which their routes check."""
SESSION_PATH = "/session"
"""Needs no token where none is sent: a one-time code comes in its body."""
HOLDER, TOKEN_HOLDER = "songwright.holder", "songwright.token"
"""In a request's scope: who has sent it, by token or session, and by which token that came in."""
TOKEN_NEEDED = {"WWW-Authenticate": 'Bearer realm="songwright"'}

NO_TOKEN_NEEDED = "songwright.no-token-needed"
"""In a request's scope: another service's API lets it in without a token (``compat.doors``)."""
TAKES_RECORDINGS = "songwright.takes-recordings"
"""Likewise: its body may be as large as a recording."""

PHOTO_PATH = "/generate-from-image"
"""The path whose bodies may be as large as a photo, and take longer to arrive."""
AUDIO_PATH = "/audio"
"""Likewise, as a recording."""

_DUE = "songwright.due"  # the cookie of a session that is to be renewed
_FORM_BYTES = 100_000  # of a form beside its file
_PHOTO_PATIENCE = 4.0  # times the time for other bodies: ten megabytes from a telephone take a minute
_AUDIO_PATIENCE = 30.0  # a hundred megabytes take ten
_ADDRESS_BYTES = 8_192  # of path and query
_SHARED_PER_MINUTE = (
    240  # requests by share links of one address: a page is three, and a player asks in ranges
)
_MOST_ADDRESSES = 10_000


class AuthMiddleware:
    """Requires a token or a session, and limits the rate of each and each body's size and time."""

    def __init__(self, app: ASGIApp, service: Callable[[], Service]) -> None:
        self._app = app
        self._service = service
        self._rates: dict[str, _Bucket] = {}
        self._shared: OrderedDict[str, _Bucket] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        service = self._service()
        headers = Headers(scope=scope)
        path: str = scope["path"]
        if refusal := self._refusal(scope, headers, service):
            await refusal(scope, receive, send)
            return
        if due := scope.pop(_DUE, ""):
            send = await _renewing(due, scope, headers, service, send)
        limit, limit_s = service.settings.body_limit_bytes, service.settings.body_timeout_s
        recording = path == AUDIO_PATH or TAKES_RECORDINGS in scope
        if path == PHOTO_PATH:
            limit = service.settings.image_limit_bytes + _FORM_BYTES
            limit_s *= _PHOTO_PATIENCE
        elif recording:
            limit = service.settings.audio_limit_bytes + _FORM_BYTES
            limit_s *= _AUDIO_PATIENCE
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or len(length) > 15 or int(length) > limit:
            await problem(TOO_LARGE, too_large(limit), headers=CLOSE)(scope, receive, send)
            return
        pieces = recording or path == PHOTO_PATH
        await self._app(scope, Incoming(receive, limit, limit_s, pieces=pieces), send)

    def _refusal(self, scope: Scope, headers: Headers, service: Service) -> Response | None:
        """The response that refuses the request by its head alone, or None."""
        if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > _ADDRESS_BYTES:
            detail = f"Path and query may have {_ADDRESS_BYTES:,} bytes."
            return problem(LONG_ADDRESS, detail, headers=CLOSE)
        authorization = headers.get("authorization", "")
        if not (_is_public(scope["method"], scope["path"], authorization) or NO_TOKEN_NEEDED in scope):
            if refusal := self._stranger(scope, headers, authorization, service):
                return refusal
            wait_s = self._wait_s(scope[HOLDER], service.settings.rate_limit_per_minute)
            if wait_s > 0:
                detail = f"This token may send {service.settings.rate_limit_per_minute} requests a minute."
                return problem(RATE_LIMITED, detail, headers=retry_after(wait_s))
        elif scope["path"].startswith(SHARED) and (wait_s := self._shared_wait_s(scope)) > 0:
            detail = f"By share links one address may send {_SHARED_PER_MINUTE} requests a minute."
            return problem(SHARE_LIMITED, detail, headers=CLOSE | retry_after(wait_s))
        encoding = headers.get("content-encoding", "identity")
        if encoding.strip().lower() not in ("", "identity"):
            detail = f"Send the body as it is, without 'Content-Encoding: {encoding[:40]}'."
            return problem(ENCODED, detail, headers=CLOSE)
        return None

    def _stranger(
        self, scope: Scope, headers: Headers, authorization: str, service: Service
    ) -> Response | None:
        """The response to a client without a valid token or session; None for one who has it. Where a token
        is sent, it alone decides."""
        if not authorization:
            return self._browser(scope, headers, service)
        # The replaced services had no tokens: their clients may put one in the URL, and change nothing else.
        holder = service.tokens.holder(as_bearer(authorization) if replaced.get() else authorization)
        if holder is None:
            return wrong_token(scope, service) or _unauthorized()
        scope[HOLDER] = scope[TOKEN_HOLDER] = holder
        return None

    def _browser(self, scope: Scope, headers: Headers, service: Service) -> Response | None:
        """Likewise, to one that has sent no token and perhaps a cookie."""
        sessions = service.access.sessions
        value = cookie_of(headers.get("cookie", ""), sessions.cookie)
        if not value:
            return _unauthorized()
        if not is_same_origin(scope["method"], headers):
            detail = "A session is for the service's own page; other pages and programs send a token."
            return problem(CROSS_SITE, detail, headers=CLOSE)
        try:
            session = sessions.find(value)
        except SongwrightError as error:  # the bucket does not give the key
            return of_error(error)
        if session is None or session.holder not in service.tokens.holders:
            return _unauthorized()
        scope[HOLDER], scope[TOKEN_HOLDER] = session.name, session.holder
        if session.is_due():
            scope[_DUE] = value
        return None

    def _shared_wait_s(self, scope: Scope) -> float:
        name = caller((scope.get("client") or ("",))[0])
        bucket = self._shared.pop(name, None) or _Bucket(_SHARED_PER_MINUTE)
        self._shared[name] = bucket
        if len(self._shared) > _MOST_ADDRESSES:
            self._shared.popitem(last=False)
        return bucket.take(time.monotonic())

    def _wait_s(self, holder: str, per_minute: int) -> float:
        if not per_minute:
            return 0.0
        bucket = self._rates.setdefault(holder, _Bucket(per_minute))
        return bucket.take(time.monotonic())


class _Bucket:
    """A token bucket: it holds a minute's requests, and refills at their rate."""

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._left = self._most
        self._at_s: float | None = None

    def take(self, now_s: float) -> float:
        """Takes a request from the bucket and returns 0; if it is empty, the seconds until it has one."""
        if self._at_s is not None:
            self._left = min(self._most, self._left + (now_s - self._at_s) * self._most / 60.0)
        self._at_s = now_s
        if self._left >= 1.0:
            self._left -= 1.0
            return 0.0
        return (1.0 - self._left) * 60.0 / self._most


def wrong_token(scope: Scope, service: Service) -> Response | None:
    """Counts a wrong token or code of the client's address. Returns the response to one that sent too many.
    It closes the connection, so that each guess costs one."""
    name = caller((scope.get("client") or ("",))[0])
    if (wait_s := service.access.wrong.add(name, time.monotonic())) <= 0:
        return None
    per_minute = service.settings.wrong_tokens_per_minute
    detail = f"Of one address {per_minute} wrong tokens are looked at in a minute."
    return problem(WRONG_TOKENS, detail, headers=CLOSE | retry_after(wait_s))


def _unauthorized() -> Response:
    detail = "Send 'Authorization: Bearer <token>' with a token of this service."
    return problem(UNAUTHORIZED, detail, headers=CLOSE | TOKEN_NEEDED)


async def _renewing(value: str, scope: Scope, headers: Headers, service: Service, send: Send) -> Send:
    """Lets the session of a cookie begin anew. Returns ``send``, which gives the response the new cookie."""
    sessions = service.access.sessions
    try:
        renewed = await service.threads.run(sessions.renew, value)
    except SongwrightError as error:
        log.warning("a session is not renewed: %s", error)  # it is good for weeks yet
        return send
    secure = came_by_https(scope["scheme"], headers, service.settings.public_url)
    cookie = set_cookie(sessions.cookie, renewed, secure=secure)

    async def renewing(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("set-cookie", cookie)
        await send(message)

    return renewing


def _is_public(method: str, path: str, authorization: str) -> bool:
    if path == PAGE_PATH:
        return method in ("GET", "HEAD")
    if path == SESSION_PATH:
        return not authorization
    return path in PUBLIC or path.startswith(PUBLIC_FOLDERS)
