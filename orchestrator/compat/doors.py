"""The doors: whole APIs of other services, each below a prefix of its own, beside our API.

A door is a package with a module ``app`` that exports it as ``DOOR``. It is imported at the first request for
it, so that one that nobody uses costs nothing. Every request for it passes the same middleware as ours do
(host, log, token, rate, limits of the body); what differs is how its clients say who they are, and what an
error looks like to them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Final, NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.settings import Settings
from orchestrator.server.access.origin import is_cross_site
from orchestrator.server.api.middleware.auth import NO_TOKEN_NEEDED, TAKES_RECORDINGS
from orchestrator.server.api.problems import Refusal, of_status, reshaped
from orchestrator.server.service import Service


class Behind(NamedTuple):
    """What is behind a prefix: its setting's name in ``DoorSettings``, and the module with its ``DOOR``."""

    setting: str
    module: str


DOORS: Final[Mapping[str, Behind]] = {
    "/suno": Behind("suno", "orchestrator.compat.suno.app"),
    "/acestep/v1/chat": Behind("acestep", "orchestrator.compat.acestep.completions"),
    "/acestep": Behind("acestep", "orchestrator.compat.acestep.app"),
    "/mcp": Behind("mcp", "orchestrator.compat.mcp.app"),
    "/v1/audio": Behind("chat", "orchestrator.compat.chat.app"),
    "/v1/chat": Behind("chat", "orchestrator.compat.chat.app"),
    "/v1/models": Behind("chat", "orchestrator.compat.chat.app"),
    "/v1/music": Behind("elevenlabs", "orchestrator.compat.elevenlabs.app"),
}
"""One that is below another stands before it."""

_TOKENLESS = frozenset({"/suno", "/acestep", "/acestep/v1/chat"})
"""The doors whose clients send no token where none was set."""
_OPENS = "songwright.door"
_FORM = "multipart/form-data"
_SLASHES = re.compile("/{2,}")
_OPENROUTER = "/api/v1/"
_FILES, _SIGNED = "/files/", b"signature="
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Authorization",
}


async def _as_it_is(_scope: Scope, receive: Receive, _settings: Settings) -> Receive:
    return receive


@dataclass(frozen=True)
class Door:
    """An API of another service."""

    app: ASGIApp
    """Answers its paths, which are without the prefix; see ``with_prefix``."""
    refusal: Refusal
    """Makes of a problem the response that its clients know."""
    identify: Callable[[Scope, Receive, Settings], Awaitable[Receive]] = _as_it_is
    """Moves a token that its clients send elsewhere into the ``Authorization`` header of the scope. It may
    read the body; it returns a ``receive`` that gives the whole of it."""
    public: frozenset[str] = frozenset()
    """Paths, without the prefix, that need no token, or check a signature of their own."""
    recordings: frozenset[str] = frozenset()
    """Paths whose forms may be as large as a recording. Other bodies may not: they are read as a whole."""
    cors: bool = False
    """Whether pages of any site may call it, as they may call the service that it stands for. They need the
    token."""


def with_prefix(app: ASGIApp) -> ASGIApp:
    """``app`` for a door whose paths have the prefix, as those of an API of several prefixes."""

    async def whole(scope: Scope, receive: Receive, send: Send) -> None:
        await app(
            {**scope, "root_path": scope.get("app_root_path", scope.get("root_path", ""))}, receive, send
        )

    return whole


class DoorMiddleware:
    """Takes requests for the doors that are on: see the module."""

    def __init__(self, app: ASGIApp, service: Callable[[], Service]) -> None:
        self._app = app
        self._service = service
        self._doors: dict[str, Door] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reshaped.set(None)
        if scope["type"] == "http":
            scope["path"] = plain_path(scope["path"])
        prefix = prefix_of(scope)
        settings = self._service().settings
        if not prefix or not is_on(prefix, settings):
            await self._app(scope, receive, _with_cors(send) if _is_sound(scope, settings) else send)
            return
        if prefix not in self._doors:  # in a thread: other requests go on meanwhile
            module = await asyncio.to_thread(import_module, DOORS[prefix].module)
            self._doors[prefix] = module.DOOR
        door = self._doors[prefix]
        reshaped.set(door.refusal)
        scope[_OPENS] = door
        if door.cors:
            send = _with_cors(send)
            if scope["method"] == "OPTIONS":
                await Response()(scope, receive, send)
                return
        try:
            receive = await door.identify(scope, receive, settings)
        except HTTPException as error:  # the body is too large or too slow
            await of_status(error.status_code, str(error.detail), error.headers)(scope, receive, send)
            return
        path, headers = scope["path"].removeprefix(prefix), Headers(scope=scope)
        if path in door.public or (prefix in _TOKENLESS and _passes(headers, settings)):
            scope[NO_TOKEN_NEEDED] = True
        if path in door.recordings and _FORM in headers.get("content-type", "").lower():
            scope[TAKES_RECORDINGS] = True
        await self._app(scope, receive, send)


def is_on(prefix: str, settings: Settings) -> bool:
    """Whether the door below ``prefix`` is on."""
    return bool(getattr(settings.doors, DOORS[prefix].setting))


def prefix_of(scope: Scope) -> str:
    """The prefix of the door that the request is for; empty if it is for none."""
    return _prefix(scope["path"]) if scope["type"] == "http" else ""


def plain_path(path: str) -> str:
    """The path below a door that is meant by one with a slash too many, as clients make it of a URL that ends
    in one, or with OpenRouter's ``/api`` before ``/v1``. Any other path as it is."""
    plain = _SLASHES.sub("/", path).rstrip("/")
    if plain.startswith(_OPENROUTER):
        plain = plain.removeprefix("/api")
    return plain if _prefix(plain) else path


def _prefix(path: str) -> str:
    return next((prefix for prefix in DOORS if path == prefix or path.startswith(f"{prefix}/")), "")


def routes(settings: Settings) -> list[BaseRoute]:
    """The routes of the doors that are on: each prefix, and all below it."""
    on = [prefix for prefix in DOORS if is_on(prefix, settings)]
    return [route for prefix in on for route in (Route(prefix, _Through()), Mount(prefix, app=_Through()))]


class _Through:
    """The door that ``DoorMiddleware`` has opened for the request, as an ASGI app."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door: Door = scope[_OPENS]
        await door.app(scope, receive, send)


def _passes(headers: Headers, settings: Settings) -> bool:
    """Whether a request without a token is let in. A page of another site is not, unless the settings name
    it: every site that the user visits could make songs otherwise."""
    if not settings.doors.without_token or headers.get("authorization"):
        return False
    return not is_of_strangers_page(headers, settings)


def is_of_strangers_page(headers: Mapping[str, str], settings: Settings) -> bool:
    """Whether a page of another site has sent the request, of one that the settings do not name."""
    named = settings.cors_origins
    return is_cross_site(headers) and "*" not in named and headers.get("origin") not in named


def _is_sound(scope: Scope, settings: Settings) -> bool:
    """Whether the request is for a file by an address that suno-api's clients got: pages of any site draw and
    play those of Suno. Such an address is signed, and no cookie opens it."""
    is_file = scope["type"] == "http" and scope["path"].startswith(_FILES)
    return is_file and settings.doors.suno and _SIGNED in scope["query_string"]


def _with_cors(send: Send) -> Send:
    async def answered(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_CORS)
        await send(message)

    return answered
