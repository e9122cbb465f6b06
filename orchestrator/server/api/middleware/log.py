"""Middleware for every request: its id, its line in the log, its metrics; a bug becomes a problem
document."""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.server.api.problems import INTERNAL, problem, replaced
from orchestrator.server.logs import request_id

log = logging.getLogger("songwright.requests")

REPLACED = frozenset({"/generate-music", "/", "/generate_endpoint"})
"""The paths of the MusicGen services that Songwright replaces."""

SHARED = "/share/"
"""The folder of share links."""
_SHOWN_PATH = 300  # characters in the log
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Requested every few seconds: not worth a line each.
_QUIET = frozenset({"/health", "/health/ready", "/metrics"})
_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # other sites must not see a signed address
}


class LogMiddleware:
    """Gives each request an id and returns it, logs and counts the response; a bug becomes a problem
    document."""

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
                raise  # a response that has begun can only be broken off
            detail = f"Please report it, with the log's lines of request {current}."
            await problem(INTERNAL, detail)(scope, receive, answered)
        finally:
            seconds = time.perf_counter() - began
            route = scope.get("route")
            # An invented method must not make a metric of its own.
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._count(method, getattr(route, "path", "none"), status, seconds)
            if scope["path"] not in _QUIET:
                log.info("answered", extra=_facts(scope) | {"status": status, "ms": round(seconds * 1000, 1)})


def _facts(scope: Scope) -> dict[str, object]:
    """What the log says of the request: of its address the path alone, since a query may have a signature."""
    client = scope.get("client")
    path = scope["path"]
    if path.startswith(SHARED):
        path = f"{SHARED}..."  # the rest of a share link lets its reader in
    if len(path) > _SHOWN_PATH:
        path = f"{path[:_SHOWN_PATH]}..."
    return {"method": scope["method"], "path": path, "client": client[0] if client else None}
