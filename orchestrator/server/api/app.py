"""The app: routes, error handlers and middleware around one ``Service``."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, Response
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from config.errors import SongwrightError, shown
from config.settings import Settings
from config.version import VERSION
from orchestrator.compat import musicgen
from orchestrator.compat.doors import DoorMiddleware, routes
from orchestrator.server.api.heads import heads_of
from orchestrator.server.api.middleware.auth import PAGE_PATH, AuthMiddleware
from orchestrator.server.api.middleware.hosts import HostMiddleware
from orchestrator.server.api.middleware.log import LogMiddleware
from orchestrator.server.api.openapi import document
from orchestrator.server.api.problems import (
    MALFORMED,
    NOT_JSON,
    of_error,
    of_fields,
    of_status,
    problem,
)
from orchestrator.server.api.requests.fields import field_problem, is_of_the_whole, of_nearest_kind
from orchestrator.server.api.requests.incoming import is_json
from orchestrator.server.api.requests.unknown import KNOWN_QUERY
from orchestrator.server.api.responses.listeners import Listeners
from orchestrator.server.api.responses.stream import Shared
from orchestrator.server.api.routes import (
    assets,
    audio,
    changes,
    events,
    generation,
    operations,
    photos,
    sessions,
    sharing,
    songs,
)
from orchestrator.server.auth import Tokens
from orchestrator.server.service import Service
from orchestrator.server.wiring import local_service

log = logging.getLogger(__name__)

PAGE = Path(__file__).parent.parent / "web"
_CONTENT_SECURITY = (
    "default-src 'self'; img-src 'self' https: data: blob:; media-src 'self' https: blob:; "
    "style-src 'self'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_READ_AND_WRITTEN = (
    generation.router,
    changes.router,
    musicgen.router,
    photos.router,
    audio.router,
    songs.router,
    events.router,
    sessions.router,
    sharing.router,
    assets.router,
    operations.router,
)
_PROBES = heads_of((operations.router,))
_ROUTERS = (*_READ_AND_WRITTEN, sharing.pages, heads_of(_READ_AND_WRITTEN[:-1]), _PROBES)
_ANY_QUERY = (operations.router, sharing.pages, _PROBES)
"""Probes add what keeps caches away, and sites where a link is shown add where it was clicked."""
_PAGES = frozenset({PAGE_PATH, "/openapi.json", "/docs"})
"""What is no part of the API, and is only read; as is all below ``_PAGE_FILES``."""
_PAGE_FILES = "/page"
_EXPOSED = [
    "Location",
    "ETag",
    "Last-Modified",
    "Content-Disposition",
    "Retry-After",
    "X-Request-ID",
    "Content-Range",
    "Accept-Ranges",
    "Preference-Applied",
]
_DESCRIPTION = """One sentence in, a finished song out: lyrics, music with a sung vocal, cover art.

Every path but `/health`, `/health/ready`, `/session`, `/docs`, `/openapi.json` and the page wants
`Authorization: Bearer <token>`, or the cookie of a browser that has signed in. Every refusal is an RFC 9457
problem document with a stable `type`, the field and the fix, and `retry` says whether the same request can
succeed later."""


def create_app(
    settings: Settings,
    tokens: Tokens | None = None,
    service: Service | None = None,
    hosts: Iterable[str] = (),
) -> FastAPI:
    """The ASGI app of ``service``, or of a new one with ``settings``. Its lifespan starts the engines and
    takes up unfinished songs. It answers to the names in ``hosts`` (see ``answered_hosts``), or to any if
    there are none.

    Raises ``InvalidRequest`` for settings and ``StoreUnavailable`` for a folder that cannot be used.
    """
    service = service or local_service(settings, tokens)
    app = FastAPI(
        title="Songwright",
        version=VERSION,
        summary="One sentence in, a finished song out.",
        description=_DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        telemetry={"tracing": False},
        license_info={"name": "MIT"},
    )
    app.state.service = service
    app.state.shared = Shared()
    app.state.listeners = Listeners(settings.listener_limit, tokens=service.tokens.count)
    for router in _ROUTERS:
        app.include_router(router, dependencies=() if router in _ANY_QUERY else (KNOWN_QUERY,))
    app.router.routes.extend(routes(settings))
    app.openapi = partial(document, app)  # type: ignore[method-assign]  # as the framework's documentation says
    _add_page(app)
    _add_errors(app)
    # The middleware that is added last runs first.
    app.add_middleware(AuthMiddleware, service=lambda: service)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["*"],
            expose_headers=_EXPOSED,
            max_age=3600,
        )
    app.add_middleware(DoorMiddleware, service=lambda: service)
    app.add_middleware(HostMiddleware, answered=hosts)
    app.add_middleware(LogMiddleware, count=service.metrics.request_answered)
    for route in app.routes:
        # The framework builds a router's routes at the first match: now, and not while a client waits.
        route.matches({"type": "http", "method": "GET", "path": "", "headers": []})
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    await service.start()
    try:
        yield
    finally:
        await service.stop()


def _add_page(app: FastAPI) -> None:
    @app.get(PAGE_PATH, include_in_schema=False)
    @app.head(PAGE_PATH, include_in_schema=False)
    async def page() -> Response:
        return _file("index.html")

    making = asyncio.Lock()
    schema = b""

    @app.get("/openapi.json", include_in_schema=False)
    @app.head("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        nonlocal schema
        async with making:  # once and in a thread, since it takes a quarter of a second
            schema = schema or await asyncio.to_thread(lambda: json.dumps(app.openapi()).encode())
        return Response(schema, media_type="application/json")

    @app.get("/docs", include_in_schema=False)
    @app.head("/docs", include_in_schema=False)
    async def docs() -> Response:
        return _file("docs.html")

    app.mount(_PAGE_FILES, StaticFiles(directory=PAGE), name="page")


def _file(name: str) -> Response:
    headers = {"Content-Security-Policy": _CONTENT_SECURITY, "Cache-Control": "no-cache"}
    return FileResponse(PAGE / name, headers=headers)


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(SongwrightError)
    async def ours(_request: Request, error: SongwrightError) -> Response:
        return of_error(error)

    @app.exception_handler(TimeoutError)
    async def late(_request: Request, error: TimeoutError) -> Response:
        return of_status(504, "It took longer than it may.")

    @app.exception_handler(HTTPException)
    async def frameworks(request: Request, error: HTTPException) -> Response:
        detail = {
            400: "Send a body that can be read.",
            404: f"There is no path {shown(request.url.path)}: see /docs.",
            405: f"{request.method} is not for this path.",
        }.get(error.status_code, str(error.detail))
        headers = dict(error.headers or {})
        if error.status_code == 405 and (methods := _methods(request.url.path)):
            headers["Allow"] = ", ".join(sorted(methods))
        return of_status(error.status_code, detail, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        errors: list[dict[str, Any]] = list(error.errors())
        if any(item["type"] == "json_invalid" for item in errors):
            place = "".join(f", at character {at}" for at in errors[0]["loc"][1:])
            return problem(MALFORMED, f"{errors[0]['ctx']['error']}{place}.")
        known = is_json(request.headers.get("content-type", ""))
        if any(is_of_the_whole(item) for item in errors) and not known:
            return problem(NOT_JSON, "Send 'Content-Type: application/json' and a JSON object.")
        return of_fields([field_problem(item) for item in of_nearest_kind(errors)[:20]])


def _methods(path: str) -> set[str]:
    """The methods of a path; the framework knows those of its first route alone."""
    routes = [route for router in _ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    page = {"GET", "HEAD"} if path in _PAGES or path.startswith(f"{_PAGE_FILES}/") else set()
    return page.union(*(route.methods or () for route in routes if route.path_regex.match(path)))
