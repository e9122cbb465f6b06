"""What routes depend on: the service, the address by which the client reached it, a song's id."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import HTTPBearer

from orchestrator.server.service import Service

# Only for the OpenAPI document: ``AuthMiddleware`` checks the token, before a body is read.
BEARER = Depends(HTTPBearer(auto_error=False, description="The service's token."))


async def _service(request: Request) -> Service:
    service = request.app.state.service
    assert isinstance(service, Service)
    return service


async def _base(request: Request) -> str:
    return str(request.base_url)


TheService = Annotated[Service, Depends(_service)]
Base = Annotated[str, Depends(_base)]
SongId = Annotated[
    str,
    Path(
        alias="id",
        description="A song's id.",
        pattern="^[0-9a-hjkmnp-tv-z]{15}$",
        examples=["yb0ad2k3w1h7q5m"],
    ),
]
