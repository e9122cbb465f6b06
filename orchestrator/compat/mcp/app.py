"""``/mcp``: the protocol's Streamable HTTP. Each request stands alone, so a restart of the service ends no
agent's session, and any of several services may answer it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from config.errors import Unavailable
from orchestrator.compat.doors import Door, is_of_strangers_page, with_prefix
from orchestrator.compat.mcp import INSTALL, WITHOUT_SDK
from orchestrator.server.api.context import Base, TheService
from orchestrator.server.api.middleware.auth import TOKEN_NEEDED
from orchestrator.server.api.problems import CROSS_SITE, MEDIA_TYPE, UNAUTHORIZED, Problem, problem

_CALLS = "songwright.mcp"
_SLOW = ("mcp.server.streamable_http_manager", "orchestrator.compat.mcp.server")

router = APIRouter()


@router.post("/mcp")
async def speak_mcp(request: Request, service: TheService, base: Base) -> Response:
    """A message of the protocol. Only a token opens it: the cookie of the page does not, so that no page can
    speak for its user here. What a page of another site sends is refused in any case, as the protocol wants
    it, unless the settings name the site."""
    if is_of_strangers_page(request.headers, service.settings):
        detail = "A page of another site has sent this: name the site in SONGWRIGHT_CORS_ORIGINS."
        return problem(CROSS_SITE, detail)
    authorization = request.headers.get("authorization", "")
    holder = service.tokens.holder(authorization)
    if holder is None:
        detail = "An agent sends 'Authorization: Bearer <token>' with a token of this service."
        return problem(UNAUTHORIZED, detail, headers=TOKEN_NEEDED)
    server = await _server(request)
    from orchestrator.compat.mcp.calls import calls_of_app

    request.scope[_CALLS] = calls_of_app(request.app, base, authorization=authorization, holder=holder)
    return Exchange(server)


async def _server(request: Request) -> Any:
    """The app's MCP server, made at the first request. Raises ``Unavailable`` where the SDK is missing."""
    state = request.app.state
    if getattr(state, "mcp", None) is None:
        try:
            for name in _SLOW:  # in a thread: a second of processor time
                await asyncio.to_thread(import_module, name)
        except ModuleNotFoundError as error:
            raise Unavailable(WITHOUT_SDK, INSTALL) from error
        from orchestrator.compat.mcp.server import mcp_server

        state.mcp = mcp_server(lambda context: context.request.scope[_CALLS])  # type: ignore[union-attr]
    return state.mcp


class Exchange(Response):
    """The SDK's answer to one request. A client that disconnects ends the call, and no song."""

    def __init__(self, server: Any) -> None:
        super().__init__()
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        manager = StreamableHTTPSessionManager(app=self._server, stateless=True)
        async with manager.run():
            await manager.handle_request(scope, receive, send)


def _as_it_is(problem: Problem, headers: Mapping[str, str]) -> Response:
    """The protocol says nothing of a refusal before it begins."""
    body = problem.model_dump_json(exclude_defaults=True).encode()
    return Response(body, problem.status, dict(headers), MEDIA_TYPE)


DOOR = Door(app=with_prefix(router), refusal=_as_it_is)
