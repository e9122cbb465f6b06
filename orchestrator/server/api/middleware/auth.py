"""Middleware for every request: the token and its rate, then the limits of the body.

This is plain ASGI in front of the framework, so that no body is read or parsed for a client that may not send
one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from orchestrator.server.api.problems import (
    ENCODED,
    LONG_ADDRESS,
    RATE_LIMITED,
    TOO_LARGE,
    UNAUTHORIZED,
    WRONG_TOKENS,
    problem,
    replaced,
    retry_after,
)
from orchestrator.server.api.requests.incoming import CLOSE, Incoming, too_large
from orchestrator.server.auth import as_bearer
from orchestrator.server.http.callers import WrongTokens, caller

if TYPE_CHECKING:
    from orchestrator.server.service import Service

PUBLIC = frozenset({"/health", "/health/ready", "/docs", "/openapi.json"})
"""The paths that need no token."""
PAGE_PATH = "/"  # a GET needs no token; a POST makes music, and does
PUBLIC_FOLDERS = ("/page/", "/files/")  # a file needs a token or a signature, which its route checks
TOKEN_NEEDED = {"WWW-Authenticate": 'Bearer realm="songwright"'}

NO_TOKEN_NEEDED = "songwright.no-token-needed"
"""In a request's scope: another service's API lets it in without a token (``compat.doors``)."""
TAKES_RECORDINGS = "songwright.takes-recordings"
"""Likewise: its body may be as large as a recording."""

PHOTO_PATH = "/generate-from-image"
"""The path whose bodies may be as large as a photo, and take longer to arrive."""
AUDIO_PATH = "/audio"
"""Likewise, as a recording."""

_FORM_BYTES = 100_000  # of a form beside its file
_PHOTO_PATIENCE = 4.0  # times the time for other bodies: ten megabytes from a telephone take a minute
_AUDIO_PATIENCE = 30.0  # a hundred megabytes take ten
_ADDRESS_BYTES = 8_192  # of path and query


class AuthMiddleware:
    """Requires a token, and limits each token's rate and each body's size and time."""

    def __init__(self, app: ASGIApp, service: Callable[[], Service]) -> None:
        self._app = app
        self._service = service
        self._rates: dict[str, _Bucket] = {}
        self._wrong: WrongTokens | None = None

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
        if not (_is_public(scope["method"], scope["path"]) or NO_TOKEN_NEEDED in scope):
            authorization = headers.get("authorization", "")
            # The replaced services had no tokens: their clients may put one in the URL, and change nothing
            # else.
            holder = service.tokens.holder(as_bearer(authorization) if replaced.get() else authorization)
            if holder is None:
                return self._stranger(scope, authorization, service.settings.wrong_tokens_per_minute)
            scope["songwright.holder"] = holder
            wait_s = self._wait_s(holder, service.settings.rate_limit_per_minute)
            if wait_s > 0:
                detail = f"This token may send {service.settings.rate_limit_per_minute} requests a minute."
                return problem(RATE_LIMITED, detail, headers=retry_after(wait_s))
        encoding = headers.get("content-encoding", "identity")
        if encoding.strip().lower() not in ("", "identity"):
            detail = f"Send the body as it is, without 'Content-Encoding: {encoding[:40]}'."
            return problem(ENCODED, detail, headers=CLOSE)
        return None

    def _stranger(self, scope: Scope, authorization: str, per_minute: int) -> Response:
        """The response to a client without a valid token. It closes the connection, so that each guess costs
        one."""
        if authorization:
            if self._wrong is None:
                self._wrong = WrongTokens(per_minute)
            name = caller((scope.get("client") or ("",))[0])
            if (wait_s := self._wrong.add(name, time.monotonic())) > 0:
                detail = f"Of one address {per_minute} wrong tokens are looked at in a minute."
                return problem(WRONG_TOKENS, detail, headers=CLOSE | retry_after(wait_s))
        detail = "Send 'Authorization: Bearer <token>' with a token of this service."
        return problem(UNAUTHORIZED, detail, headers=CLOSE | TOKEN_NEEDED)

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


def _is_public(method: str, path: str) -> bool:
    if path == PAGE_PATH:
        return method in ("GET", "HEAD")
    return path in PUBLIC or path.startswith(PUBLIC_FOLDERS)
