"""A HEAD for each GET: the same headers, also the length, and no body (RFC 9110, section 9.3.2)."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter
from fastapi.routing import APIRoute


def heads_of(routers: Iterable[APIRouter]) -> APIRouter:
    """A HEAD route for each GET route of ``routers`` that has none: the same function, whose body the server
    leaves out."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    known = {route.path for route in routes if "HEAD" in (route.methods or ())}
    heads = APIRouter()
    for route in routes:
        if "GET" in (route.methods or ()) and route.path not in known:
            heads.add_api_route(
                route.path,
                route.endpoint,
                methods=["HEAD"],
                operation_id=f"head_{route.operation_id}",
                summary=route.summary,
                description=route.description,
                tags=route.tags,
                dependencies=route.dependencies,
                response_model=route.response_model,
                response_class=route.response_class,
                status_code=route.status_code,
                responses=route.responses,
                openapi_extra=route.openapi_extra,
            )
    return heads
