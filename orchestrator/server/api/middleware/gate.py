"""What every request passes before its route: an id and a log line, the token, the rate, the body's bounds.

Plain ASGI, in front of the framework: a body is not read, and not parsed, for who may not send one.
"""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.server.api.problems import (
    ENCODED,
    INTERNAL,
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
from orchestrator.server.logs import request_id

if TYPE_CHECKING:
    from orchestrator.server.service import Service

log = logging.getLogger("songwright.requests")

PUBLIC = frozenset({"/health", "/health/ready", "/docs", "/openapi.json"})
PAGE_PATH = "/"  # to be looked at without a token, but music can be posted for there
REPLACED = frozenset({"/generate-music", "/", "/generate_endpoint"})
PUBLIC_FOLDERS = ("/page/", "/files/")  # what is in files/ wants a token or a signature: its route looks
TOKEN_NEEDED = {"WWW-Authenticate": 'Bearer realm="songwright"'}

PHOTO_PATH = "/generate-from-image"
"""Where a body may be as large as a photo, and take as long."""

_PHOTO_FORM_BYTES = 100_000  # what a form has beside its photo
_PHOTO_PATIENCE = 4.0  # times as long: ten megabytes from a telephone take a minute
_ADDRESS_BYTES = 8_192  # of path and query
_SHOWN_PATH = 300  # characters in the log
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET = frozenset({"/health", "/health/ready", "/metrics"})  # asked every few seconds: not worth a line each
_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # a signed address is not told to other sites
}


class Watch:
    """Gives each request an id, echoes it, logs and counts the answer; a bug becomes a problem document."""

    def __init__(self, app: ASGIApp, count: Callable[[str, str, int, float], None]) -> None:
        self._app = app
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        current = given if _GIVEN_ID.fullmatch(given) else f"{random.getrandbits(64):016x}"
        request_id.set(current)
        replaced.set(scope["method"] == "POST" and scope["path"] in REPLACED)
        began = time.perf_counter()
        status = 0

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = current
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, answered)
        except Exception:
            log.exception("a bug ended the request", extra=_facts(scope))
            if status:
                raise  # an answer that was begun can only be broken off
            detail = f"Please report it, with the log's lines of request {current}."
            await problem(INTERNAL, detail)(scope, receive, answered)
        finally:
            seconds = time.perf_counter() - began
            route = scope.get("route")
            # Whoever makes up methods makes no figures of their own.
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._count(method, getattr(route, "path", "none"), status, seconds)
            if scope["path"] not in _QUIET:
                log.info("answered", extra=_facts(scope) | {"status": status, "ms": round(seconds * 1000, 1)})


class Gate:
    """Asks for the token, holds each token to its rate, and a request to its size and time."""

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
        photo = path == PHOTO_PATH
        if photo:
            limit = service.settings.image_limit_bytes + _PHOTO_FORM_BYTES
            limit_s *= _PHOTO_PATIENCE
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or len(length) > 15 or int(length) > limit:
            await problem(TOO_LARGE, too_large(limit), headers=CLOSE)(scope, receive, send)
            return
        await self._app(scope, Incoming(receive, limit, limit_s, pieces=photo), send)

    def _refusal(self, scope: Scope, headers: Headers, service: Service) -> Response | None:
        """Why the request goes no further, whatever its body is."""
        if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > _ADDRESS_BYTES:
            detail = f"Path and query may have {_ADDRESS_BYTES:,} bytes."
            return problem(LONG_ADDRESS, detail, headers=CLOSE)
        if not _is_public(scope["method"], scope["path"]):
            authorization = headers.get("authorization", "")
            # The services replaced had no token: their clients need no other change than that of the URL.
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
        """The answer to who has no good token. Its connection ends with it: another guess costs another."""
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
    """A token bucket: a minute's worth at once, then one at a time as they come back."""

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._left = self._most
        self._at_s: float | None = None

    def take(self, now_s: float) -> float:
        """Takes one; or the seconds until there is one."""
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


def _facts(scope: Scope) -> dict[str, object]:
    """The path without its query: a signature has no business in a log."""
    client = scope.get("client")
    path = scope["path"]
    if len(path) > _SHOWN_PATH:
        path = f"{path[:_SHOWN_PATH]}..."
    return {"method": scope["method"], "path": path, "client": client[0] if client else None}
