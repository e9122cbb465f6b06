"""Every refusal as an RFC 9457 problem document: a stable type, the field, the fix, whether a retry can
help."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from config.errors import (
    Cancelled,
    Conflict,
    EngineFailed,
    EngineTimeout,
    EngineUnavailable,
    Forbidden,
    InvalidRequest,
    NotFound,
    QueueFull,
    SongwrightError,
    StoreUnavailable,
    Unavailable,
    Unreadable,
    UnsupportedFormat,
    WeightsMissing,
)
from orchestrator.server.api.values import json_shown
from orchestrator.server.logs import request_id
from orchestrator.songs.manifest import Song

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:songwright:problem:"
_UNAVAILABLE_RETRY_S = 10.0

replaced: ContextVar[bool] = ContextVar("replaced", default=False)
"""Whether this request is for a path of the MusicGen services that Songwright replaces. Their clients read
``success`` and ``error``, and expect 400 for any error of a body."""


@dataclass(frozen=True)
class Kind:
    """A kind of problem: its HTTP status, the end of its type, its title, whether a retry can help."""

    status: int
    slug: str
    title: str
    retry: bool = False


MALFORMED = Kind(400, "malformed-body", "The body cannot be read as JSON")
MALFORMED_FORM = Kind(400, "malformed-form", "The body cannot be read as a form")
MALFORMED_REQUEST = Kind(400, "malformed-request", "The request cannot be read")
UNAUTHORIZED = Kind(401, "unauthorized", "A valid bearer token is needed")
FORBIDDEN = Kind(403, "forbidden", "This is not allowed")
CROSS_SITE = Kind(403, "cross-site-request", "A page of another origin has sent this")
NOT_FOUND = Kind(404, "not-found", "There is no such thing")
METHOD = Kind(405, "method-not-allowed", "This path has other methods")
SLOW_BODY = Kind(408, "request-timeout", "The request came in too slowly", retry=True)
CONFLICT = Kind(409, "conflict", "This does not fit the present state")
CANCELLED = Kind(409, "cancelled", "The song was cancelled")
UNREADABLE = Kind(409, "unreadable", "What is stored of this song is damaged")
TOO_LARGE = Kind(413, "body-too-large", "The body is too large")
NOT_JSON = Kind(415, "unsupported-media-type", "The body must be JSON")
NOT_FORM = Kind(415, "not-a-form", "The body must be a form")
NOT_PHOTO = Kind(415, "unsupported-format", "The file is of a format that is not read")
ENCODED = Kind(415, "encoded-body", "The body must not be compressed")
CHARSET = Kind(415, "unsupported-charset", "The body must be UTF-8")
LONG_ADDRESS = Kind(414, "address-too-long", "The address is too long")
PRECONDITION = Kind(412, "precondition-failed", "The file is not the version you asked for")
RANGE = Kind(416, "range-not-satisfiable", "The range lies outside the file")
MISDIRECTED = Kind(421, "unknown-host", "The service does not answer by this name")
INVALID = Kind(422, "invalid-request", "A field cannot be used as it is")
QUEUE_FULL = Kind(429, "queue-full", "The queue is full", retry=True)
RATE_LIMITED = Kind(429, "rate-limited", "Too many requests with this token", retry=True)
SHARE_LIMITED = Kind(429, "too-many-share-requests", "Too many requests from this address", retry=True)
WRONG_TOKENS = Kind(429, "too-many-wrong-tokens", "Too many wrong tokens from this address", retry=True)
FAILED = Kind(500, "engine-failed", "The song could not be made", retry=True)
INTERNAL = Kind(500, "internal-error", "The service has a bug", retry=True)
ENGINE = Kind(503, "engine-unavailable", "An engine is not ready", retry=True)
STORE = Kind(503, "store-unavailable", "The store is not ready", retry=True)
LISTENERS = Kind(503, "too-many-listeners", "Too many clients follow songs", retry=True)
STOPPING = Kind(503, "service-unavailable", "The service is not ready", retry=True)
TIMEOUT = Kind(504, "engine-timeout", "The song took too long")

KINDS: Mapping[type[SongwrightError], Kind] = {
    UnsupportedFormat: NOT_PHOTO,
    InvalidRequest: INVALID,
    NotFound: NOT_FOUND,
    Conflict: CONFLICT,
    Forbidden: FORBIDDEN,
    Unreadable: UNREADABLE,
    QueueFull: QUEUE_FULL,
    EngineUnavailable: ENGINE,
    WeightsMissing: ENGINE,
    EngineTimeout: TIMEOUT,
    StoreUnavailable: STORE,
    Unavailable: STOPPING,
    EngineFailed: FAILED,
    Cancelled: CANCELLED,
}
_BY_NAME = {error.__name__: kind for error, kind in KINDS.items()}
_BY_STATUS = {
    kind.status: kind for kind in (MALFORMED, UNAUTHORIZED, NOT_FOUND, METHOD, SLOW_BODY, TOO_LARGE)
}


class FieldProblem(BaseModel):
    """One field that cannot be used."""

    field: str
    value: str
    """As it was given, shortened."""
    detail: str


class Problem(BaseModel):
    """An RFC 9457 problem document."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:songwright:problem:invalid-request",
                "title": "A field cannot be used as it is",
                "status": 422,
                "detail": "audio_duration: 3 - ask for 5 to 600 seconds",
                "retry": False,
                "request_id": "5f0c2f6e9d1b4c7a",
                "field": "audio_duration",
                "value": "3",
                "fix": "ask for 5 to 600 seconds",
            }
        }
    )

    type: str = Field(description="Stable: what a program may decide on.")
    title: str
    status: int
    detail: str = Field(description="What is wrong this time, with the value and the fix.")
    retry: bool = Field(description="Whether the same request can succeed later.")
    request_id: str = ""
    field: str | None = None
    value: str | None = None
    fix: str | None = None
    errors: tuple[FieldProblem, ...] = Field(default=(), description="Each field, where several are wrong.")
    song_id: str | None = Field(default=None, description="The song it is about; GET /songs/{id} tells more.")
    success: Literal[False] | None = Field(
        default=None, description="Of `/generate-music`, `/` and `/generate_endpoint`, as is `error`."
    )
    error: str | None = Field(default=None, description="The same as `detail`.")


Refusal = Callable[[Problem, Mapping[str, str]], Response]
"""Makes the response of a problem, with these headers."""
reshaped: ContextVar[Refusal | None] = ContextVar("reshaped", default=None)
"""What makes the response where this request is for another service's API; None: it is the document."""


def problem(kind: Kind, detail: str, *, headers: Mapping[str, str] | None = None, **facts: Any) -> Response:
    """The document as a response; ``facts`` are its optional members."""
    status = kind.status
    if replaced.get():
        facts |= {"success": False, "error": detail}
        status = MALFORMED.status if kind is INVALID else status
    document = Problem(
        type=_TYPE + kind.slug,
        title=kind.title,
        status=status,
        detail=detail,
        retry=kind.retry,
        request_id=request_id.get(),
        **facts,
    )
    if reshape := reshaped.get():
        return reshape(document, headers or {})
    body = document.model_dump_json(exclude_defaults=True).encode()
    return Response(body, status, dict(headers or {}), MEDIA_TYPE)


def of_error(error: SongwrightError, song_id: str | None = None) -> Response:
    """The response for one of our errors."""
    kind = next(KINDS[base] for base in type(error).__mro__ if base in KINDS)
    facts: dict[str, Any] = {"song_id": song_id} if song_id else {}
    headers: dict[str, str] = {}
    detail = str(error)
    if isinstance(error, InvalidRequest):
        value = json_shown(error.value)
        facts |= {"field": error.field, "value": value}
        detail = f"{error.field}: {value} - {error.fix}"
    if fix := getattr(error, "fix", ""):
        facts["fix"] = fix
    if isinstance(error, QueueFull):
        headers = retry_after(error.retry_after_s)
        facts["fix"] = f"ask again in {headers['Retry-After']} s"
    elif isinstance(error, Unavailable) and kind.status == 503:
        headers = retry_after(error.retry_after_s or _UNAVAILABLE_RETRY_S)
    return problem(kind, detail, headers=headers, **facts)


def of_failure(song: Song) -> Response:
    """The response to a client that waited for a song which failed or was cancelled."""
    headers = {"Location": f"/songs/{song.id}"}
    if song.error is None:
        return problem(
            CANCELLED, "The song was cancelled while this request waited.", headers=headers, song_id=song.id
        )
    kind = _BY_NAME.get(song.error.type, FAILED)
    if kind.status == 503:
        headers |= retry_after(_UNAVAILABLE_RETRY_S)
    return problem(kind, song.error.message, headers=headers, song_id=song.id)


def of_status(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The response for a refusal of the framework."""
    known = _BY_STATUS.get(status, Kind(status, f"http-{status}", detail))
    return problem(known, detail, headers=headers)


def of_fields(errors: Sequence[FieldProblem]) -> Response:
    """The response for fields that cannot be used: it is about the first, and ``errors`` has them all."""
    first = errors[0]
    detail = (
        f"{first.field}: {first.value} - {first.detail}" if first.value else f"{first.field}: {first.detail}"
    )
    several: dict[str, Any] = {"errors": tuple(errors)} if len(errors) > 1 else {}
    return problem(INVALID, detail, field=first.field, value=first.value, fix=first.detail, **several)


def retry_after(seconds: float) -> dict[str, str]:
    """The ``Retry-After`` header, in whole seconds, at least one."""
    return {"Retry-After": str(max(1, math.ceil(seconds)))}
