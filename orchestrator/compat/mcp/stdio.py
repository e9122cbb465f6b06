"""``songwright mcp``: the protocol on stdin and stdout, for the agents of this machine. The songs are made in
this process, or by a service elsewhere."""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from config.errors import Conflict, InvalidRequest, Unavailable
from config.settings import Settings
from orchestrator.compat.mcp import INSTALL, WITHOUT_SDK

_OTHERS_SONGS = "have it make the songs: set SONGWRIGHT_URL to its address, and SONGWRIGHT_TOKEN to its token"


def serve_stdio(settings: Settings, say: Callable[[str], None]) -> None:
    """Speaks the protocol until stdin ends. Stdout carries nothing else: what engines print goes to stderr.

    Raises as ``serve`` does, ``Unavailable`` where the SDK is missing, and ``InvalidRequest`` for an address
    without a token.
    """
    try:
        import anyio
        import mcp  # noqa: F401 - whether it is there
    except ModuleNotFoundError as error:
        raise Unavailable(WITHOUT_SDK, INSTALL) from error
    if settings.url:
        token = settings.token.get_secret_value().strip()
        if not token:
            raise InvalidRequest("SONGWRIGHT_TOKEN", "", f"set it to the token of {settings.url}")
        anyio.run(_remote, settings.url, token)
        return
    from orchestrator.server.logs import logging_to_stderr
    from orchestrator.server.serve import only_service

    with logging_to_stderr(settings.log_format):
        try:
            with only_service(settings, say, take_over=False):
                anyio.run(_local, settings)
        except Conflict as error:
            raise Conflict(error.what, _OTHERS_SONGS) from error


async def _remote(address: str, token: str) -> None:
    from orchestrator.compat.mcp.calls import calls_of_service

    await _speak(calls_of_service(address, token))


async def _local(settings: Settings) -> None:
    from orchestrator.compat.mcp.calls import calls_of_app
    from orchestrator.server.api import create_app
    from orchestrator.server.auth import Tokens

    token = secrets.token_urlsafe(32)  # for this process alone
    app = create_app(settings, Tokens((token,)))
    authorization = f"Bearer {token}"
    service = app.state.service
    holder = service.tokens.holder(authorization)
    places = _links(settings, service.library.store)
    calls = calls_of_app(app, "http://localhost", authorization=authorization, holder=holder, links=places)
    async with app.router.lifespan_context(app):
        await _speak(calls)


def _links(settings: Settings, store: Any) -> Callable[[Mapping[str, Any]], dict[str, str]]:
    """Addresses of files: no service is there to serve the signed ones."""
    from storage.configured import places_in

    places = places_in(settings, store)

    def links(song: Mapping[str, Any]) -> dict[str, str]:
        from pathlib import Path

        found = {}
        for role in song.get("urls", {}):
            if asset := song["assets"].get(role):
                where = places.playable(asset["key"])
                found[role] = Path(where).absolute().as_uri() if places.folder else where
        return found

    return links


async def _speak(calls: Any) -> None:
    from mcp.server.stdio import stdio_server

    from orchestrator.compat.mcp.server import mcp_server

    server = mcp_server(lambda _context: calls)
    given: Any = _Lines() if os.name == "posix" else None  # None: the SDK's own
    async with stdio_server(given) as (received, sent):
        await server.run(received, sent, server.create_initialization_options())


class _Lines:
    """The lines of stdin, read by a thread that nobody waits for. The SDK's own reader has to be waited for
    until the next line comes, so that Ctrl-C would do nothing."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        kept = os.dup(0)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)  # no process of an engine reads what is the agent's
        os.close(nothing)
        threading.Thread(target=self._read, args=(kept,), name="stdin", daemon=True).start()

    def __aiter__(self) -> _Lines:
        return self

    async def __anext__(self) -> str:
        if line := await self._lines.get():
            return line
        raise StopAsyncIteration

    def _read(self, descriptor: int) -> None:
        with suppress(OSError), open(descriptor, encoding="utf-8", errors="replace") as file:
            for line in file:
                self._put(line)
        self._put("")

    def _put(self, line: str) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
