"""Bodies as ACE-Step's server takes them: JSON, a form with or without files, or either with a wrong
``Content-Type``; and the token in them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext, suppress
from typing import Any, TypeGuard
from urllib.parse import parse_qsl

from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders, UploadFile
from starlette.requests import Request
from starlette.types import Message, Receive, Scope

from config.errors import InvalidRequest
from config.settings import Settings
from orchestrator.compat.bodies import object_of
from orchestrator.compat.making import service_of
from orchestrator.server.api.middleware.auth import TAKES_RECORDINGS
from orchestrator.server.api.requests.incoming import Incoming, bounded_json
from orchestrator.server.auth import as_bearer

_MULTIPART = "multipart/form-data"
_PATIENCE = 4.0  # times the time for other bodies, for the beginning of a recording
_MOST_FILES, _MOST_FIELDS, _FIELD_BYTES = 4, 200, 100_000
_TOKEN = "ai_token"
_NAMED = b'name="ai_token"'
_IN_PART = re.compile(rb"\r?\n(?:[^\r\n]{1,200}\r?\n){0,4}\r?\n([!-~]{1,512})\r?\n")
_PRINTABLE = re.compile("[!-~]{1,512}")


async def identify(scope: Scope, receive: Receive, settings: Settings) -> Receive:
    """Its clients send the token as ``ai_token`` in the body, or without "Bearer". See ``Door.identify``. Of
    a form with a recording its beginning is read, as much as a body without files may have."""
    headers = MutableHeaders(scope=scope)
    if given := headers.get("authorization", ""):
        headers["authorization"] = as_bearer(given) if " " in given.strip() else f"Bearer {given.strip()}"
        return receive
    if scope["method"] != "POST":
        return receive
    enough, most = settings.body_limit_bytes, settings.body_limit_bytes + settings.audio_limit_bytes
    kind = headers.get("content-type", "").lower()
    limit_s = settings.body_timeout_s * (_PATIENCE if _MULTIPART in kind else 1.0)
    incoming = Incoming(receive, most, limit_s, pieces=False)
    pieces: list[bytes] = []
    size, more = 0, True
    while more and size < enough:
        message = await incoming()
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        more = message["type"] == "http.request" and message.get("more_body", False)
    body = b"".join(pieces)
    if token := _token(body, kind, whole=not more):
        headers["authorization"] = f"Bearer {token}"
    return _again(body, receive, more=more)


@asynccontextmanager
async def fields_of(request: Request) -> AsyncIterator[tuple[dict[str, Any], dict[str, UploadFile]]]:
    """The fields of the body, and its files by name, which are gone after the block. Raises
    ``InvalidRequest``, and ``RequestValidationError`` for what is no JSON."""
    kind = request.headers.get("content-type", "").lower()
    if _MULTIPART in kind:
        large = TAKES_RECORDINGS in request.scope
        with service_of(request).uploads.place() if large else nullcontext():
            async with request.form(
                max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_FIELD_BYTES
            ) as form:
                items = form.multi_items()
                files = {name: value for name, value in items if _is_file(value)}
                yield {name: value for name, value in items if isinstance(value, str)}, files
        return
    body = await request.body()
    yield (object_of(bounded_json(body)) if "json" in kind or _looks_like_json(body) else _pairs(body)), {}


def _is_file(value: object) -> TypeGuard[UploadFile]:
    """Whether somebody has chosen a file: a form also sends the fields where nobody has."""
    return isinstance(value, UploadFile) and bool(value.filename or value.size)


def _looks_like_json(body: bytes) -> bool:
    return body[:100].lstrip()[:1] in (b"{", b"[")


def _pairs(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise InvalidRequest("body", "a form", f"{error}: send JSON, or a form in UTF-8") from error
    return dict(pairs)


def _token(body: bytes, kind: str, *, whole: bool) -> str:
    """The token in a body, of a form in its beginning; empty if there is none that can be read. Anybody may
    send it: it takes no longer than the body of a request does that has its token in the header."""
    if _MULTIPART in kind:
        at = body.find(_NAMED)
        found = _IN_PART.match(body, at + len(_NAMED)) if at >= 0 else None
        return found[1].decode() if found else ""
    if not whole:
        return ""
    fields: Mapping[str, Any] = {}
    with suppress(RequestValidationError, InvalidRequest):
        fields = object_of(bounded_json(body)) if _looks_like_json(body) else _pairs(body)
    token = fields.get(_TOKEN)
    return token if isinstance(token, str) and _PRINTABLE.fullmatch(token) else ""


def _again(body: bytes, receive: Receive, *, more: bool) -> Receive:
    """A ``receive`` that gives what was read of a body, and then goes on."""
    read = False

    async def once() -> Message:
        nonlocal read
        if read:
            return await receive()
        read = True
        return {"type": "http.request", "body": body, "more_body": more}

    return once
