"""The headers of a request for songs, and what its route needs to answer it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from fastapi import Depends, Header, Request

from orchestrator.server.api.context import Base, TheService
from orchestrator.server.api.requests.preferences import Preferences, preferences_of
from orchestrator.server.service import Service

Prefer = Annotated[
    str,
    Header(
        alias="Prefer",
        description="`respond-async` answers 202 at once, and the song is made meanwhile; `wait=N`, with it "
        "or alone, after N seconds, if the song is not done by then (RFC 7240). `listen`: the song is to be "
        "heard while it is made, at `GET /songs/{id}/audio`. `Preference-Applied` says which of them was "
        "followed.",
        examples=["respond-async", "respond-async, wait=20", "wait=20", "respond-async, listen"],
    ),
]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        description="A key of your own for this request: sent again with the same key, for as long as the "
        "song is kept, it is answered with the same song. Keys are the service's and not a token's, so that "
        "changing tokens changes nothing: choose one that nobody else will, such as a UUID.",
        examples=["9b2d7c0e-order-1138"],
    ),
]
CacheControl = Annotated[
    str,
    Header(
        alias="Cache-Control",
        description="`no-cache` makes the song anew even if the same request with the same seed was "
        "answered before, or is being answered.",
        examples=["no-cache"],
    ),
]


@dataclass(frozen=True)
class Call:
    """A request for songs, apart from its body."""

    request: Request
    service: Service
    base: str
    idempotency_key: str
    cache_control: str

    @cached_property
    def preferences(self) -> Preferences:
        """Those of all its ``Prefer`` headers."""
        return preferences_of(self.request.headers.getlist("prefer"))

    @property
    def may_reuse(self) -> bool:
        """Whether an earlier song may be the answer."""
        return "no-cache" not in self.cache_control.lower()


async def _call(
    request: Request,
    service: TheService,
    base: Base,
    _prefer: Prefer = "",
    idempotency_key: IdempotencyKey = "",
    cache_control: CacheControl = "",
) -> Call:
    return Call(request, service, base, idempotency_key, cache_control)


TheCall = Annotated[Call, Depends(_call)]
