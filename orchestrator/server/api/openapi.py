"""What the OpenAPI document has beyond the types of the routes: refusals, headers, examples."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from orchestrator.server.answers import (
    ProgressEvent,
    QueueEvent,
    StatusEvent,
    Waveform,
)
from orchestrator.server.api.examples import add_examples
from orchestrator.server.api.problems import MEDIA_TYPE, Problem
from orchestrator.server.api.streams import ANSWER_EXAMPLES, WEBHOOKS
from orchestrator.server.library.answering import DeletedSong

_REFUSALS = {
    400: "The body cannot be read as JSON.",
    401: "No token, or not a valid one.",
    403: "It is not allowed here.",
    404: "There is no such song, or it has no such file.",
    408: "The body came in too slowly.",
    409: "It does not fit the state of the song, or of an earlier request.",
    412: "The file is not the version that the conditions name.",
    413: "The body is too large.",
    414: "The address is too long: path and query may have 8,192 bytes.",
    415: "The body is not JSON.",
    416: "The range lies outside the file.",
    422: "A field cannot be used; the document names it and the fix.",
    429: "The queue is full, or the token has sent too many requests.",
    500: "The song could not be made, or the service has a bug.",
    503: "An engine or the store is not ready.",
    504: "The song took longer than it may.",
}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds after which to ask again.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
_LOCATION = {"Location": {"description": "`/songs/{id}`.", "schema": {"type": "string"}}}
_REQUEST_ID = {
    "X-Request-ID": {
        "description": "The request's id in the service's log: yours, if you sent one.",
        "schema": {"type": "string"},
    }
}
_VALIDATORS = {
    "ETag": {"description": "Changes with the file.", "schema": {"type": "string"}},
    "Last-Modified": {"description": "When it was stored.", "schema": {"type": "string"}},
}
_NAME = {
    "Content-Disposition": {
        "description": "The name to save it by: the song's title (RFC 6266).",
        "schema": {"type": "string"},
    }
}
_SPAN = {"Content-Range": {"description": "`bytes first-last/size`.", "schema": {"type": "string"}}}
_ELSEWHERE = {"Location": {"description": "Where the store itself serves it.", "schema": {"type": "string"}}}
_MODELS: tuple[type[BaseModel], ...] = (
    Problem,
    Waveform,
    StatusEvent,
    QueueEvent,
    ProgressEvent,
    DeletedSong,
)
SONG_MADE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The finished song.", "headers": _LOCATION}
}
SONG_ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "The song is kept and will be made: look at `Location`, or follow its events.",
        "headers": _LOCATION,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SongAnswer"}}},
    }
}
_DATE = "Sun, 29 Nov 2026 01:02:03 GMT"
RANGE_HEADERS = {
    "parameters": [
        {"name": name, "in": "header", "description": text, "schema": {"type": "string"}, "example": example}
        for name, text, example in (
            ("Range", "One range of bytes, of a GET.", "bytes=0-65535"),
            ("If-Range", "The `ETag` of your copy: if the file has changed, all of it comes.", '"5f0c2f6e"'),
            ("If-None-Match", "The `ETag` of your copy: 304 if it is still good.", '"5f0c2f6e"'),
            ("If-Match", "The `ETag` of the version you want: 412 if it is another.", '"5f0c2f6e"'),
            ("If-Modified-Since", "The `Last-Modified` of your copy, where you have no `ETag`.", _DATE),
            ("If-Unmodified-Since", "412 if the file has changed since then.", _DATE),
        )
    ]
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route with these statuses, and with 401."""
    return {
        status: {
            "description": _REFUSALS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            "headers": _RETRY_AFTER if status in (429, 503) else {},
        }
        for status in sorted({401, *statuses})
    }


SONG_ANSWERS = {
    **SONG_MADE,
    **SONG_ACCEPTED,
    **refusals(400, 403, 408, 409, 413, 415, 422, 429, 500, 503, 504),
}
"""The responses of a route that makes songs."""


def bytes_answer(*media_types: str, ranges: bool = True) -> dict[int | str, dict[str, Any]]:
    """The responses of a route for a file of these media types."""
    content = {media_type: {"schema": _file_schema(media_type)} for media_type in media_types}
    whole: dict[int | str, dict[str, Any]] = {200: {"description": "The file.", "content": content}}
    whole[200]["headers"] = _NAME
    if ranges:
        part = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in media_types}
        whole[200]["headers"] = _VALIDATORS | _NAME
        whole[206] = {
            "description": "The range of it.",
            "content": part,
            "headers": _VALIDATORS | _NAME | _SPAN,
        }
        whole[304] = {"description": "Your copy is still good.", "headers": _VALIDATORS}
        whole[307] = {"description": "The file is to be read from the store.", "headers": _ELSEWHERE}
    return whole


def _file_schema(media_type: str) -> dict[str, Any]:
    if media_type == "application/json":
        return {"$ref": "#/components/schemas/Waveform"}
    return {"type": "string"} if media_type.startswith("text/") else {"type": "string", "format": "binary"}


def document(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        made = FastAPI.openapi(app)
        schemas = made["components"]["schemas"]
        _, ours = models_json_schema(
            [(model, "serialization") for model in _MODELS], ref_template="#/components/schemas/{model}"
        )
        schemas |= ours["$defs"]
        for name, example in ANSWER_EXAMPLES.items():
            schemas[name]["examples"] = [example]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for path in made["paths"].values():
            for operation in path.values():
                if operation["responses"].get("422", {}).get("description") == "Validation Error":
                    del operation["responses"]["422"]  # the framework adds it; these paths answer 400
                for response in operation["responses"].values():
                    response["headers"] = response.get("headers", {}) | _REQUEST_ID
        made["webhooks"] = deepcopy(WEBHOOKS)
        add_examples(made)
        app.openapi_schema = made
    return app.openapi_schema
