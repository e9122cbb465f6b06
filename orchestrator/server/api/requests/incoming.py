"""Limits of a request's body: its size and time while it arrives, and the number of values in its JSON.

The event loop itself parses it, so the limits are such that no body takes a tenth of a second.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Coroutine
from email.message import Message as Headers
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from orchestrator.server.api.problems import SLOW_BODY, TOO_LARGE
from orchestrator.server.api.requests.bodies.plan import MOST_LINES

CLOSE = {"Connection": "close"}
MOST_VALUES = 1_000
"""Values in one body, besides those of ``_LONG_LISTS``. The longest plan has some 300."""
_LONG_LISTS = {"line_times_s": MOST_LINES}
_DEEPEST = 20
_MOST_SIGNS = 200_000  # of JSON syntax, also within texts: a body with fewer is parsed in some 20 ms
_TOO_MANY = f"a body may have {MOST_VALUES:,} values in all: send fewer"
_LOOKED_AT_BYTES = 100_000
_SIGNS = (b'"', b",", b":", b"[", b"{")
_PIECE_BYTES = 16_384  # of a form that are parsed at once
_SHOWN_NAME = 60
_SURROGATE = re.compile("[\ud800-\udfff]")


class Incoming:
    """An ASGI ``receive`` that refuses a body which is too large or too slow."""

    def __init__(self, receive: Receive, limit_bytes: int, limit_s: float, *, pieces: bool) -> None:
        """With ``pieces`` the body is passed on in small pieces, and other requests are answered in
        between."""
        self._receive = receive
        self._limit_bytes = limit_bytes
        self._limit_s = limit_s
        self._piece_bytes = _PIECE_BYTES if pieces else limit_bytes + 1
        self._until: float | None = None
        self._size = 0
        self._whole = False
        self._rest = b""

    async def __call__(self) -> Message:
        if self._rest:
            await asyncio.sleep(0)  # for other requests
            return self._piece(self._rest)
        if self._whole:
            return await self._receive()  # only a disconnect can follow, at any time
        loop = asyncio.get_running_loop()
        self._until = self._until or loop.time() + self._limit_s
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError as error:
            detail = f"The whole body must arrive within {self._limit_s:g} s."
            raise HTTPException(SLOW_BODY.status, detail, CLOSE) from error
        if message["type"] != "http.request":
            return message
        body: bytes = message.get("body", b"")
        self._size += len(body)
        self._whole = not message.get("more_body", False)
        if self._size > self._limit_bytes:
            raise HTTPException(TOO_LARGE.status, too_large(self._limit_bytes), CLOSE)
        return self._piece(body)

    def _piece(self, body: bytes) -> Message:
        self._rest = body[self._piece_bytes :]
        more = bool(self._rest) or not self._whole
        return {"type": "http.request", "body": body[: self._piece_bytes], "more_body": more}


def too_large(limit: int) -> str:
    return f"The body may have {limit:,} bytes."


class JsonRoute(APIRoute):
    """A route that checks the limits of a JSON body before the framework validates it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            known = _Request(request.scope, request.receive)
            if is_json(request.headers.get("content-type", "")):
                known.value = bounded_json(await known.body())
            return await handler(known)

        return bounded


class _Request(Request):
    """A request whose JSON has been parsed, if its ``Content-Type`` says that it is JSON."""

    value: Any = None

    async def json(self) -> Any:
        return self.value


def is_json(content_type: str) -> bool:
    """Whether the framework reads a body of this ``Content-Type`` as JSON."""
    message = Headers()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (
        subtype == "json" or subtype.endswith("+json")
    )


def bounded_json(body: bytes) -> Any:
    """The value of a JSON body; None if it is empty. Raises ``RequestValidationError``, as the framework
    does, for malformed JSON, too many values, too deep nesting, and text that is not Unicode; it names the
    field."""
    if not body:
        return None
    try:
        if sum(body.count(sign) for sign in _SIGNS) > _MOST_SIGNS:
            _check(
                from_json(body[:_LOOKED_AT_BYTES], allow_partial=True)
            )  # which raises with the field's name, if it finds one
            raise _refused((), _TOO_MANY, "")
        if json.detect_encoding(body) not in ("utf-8", "utf-8-sig"):
            raise _malformed("It is UTF-16 or UTF-32: send it as UTF-8")
        value = json.loads(body, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise _malformed(error.msg, error.pos) from error
    except RecursionError as error:
        raise _malformed("It is nested too deep") from error
    except UnicodeDecodeError as error:
        raise _malformed("It is not UTF-8: send it as UTF-8", error.start) from error
    except ValueError as error:
        why = "It has a number of more than 4,300 digits" if "digits" in str(error) else "It is not JSON"
        raise _malformed(why) from error
    _check(value)
    return value


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two members with one name, JSON readers take either: it is refused."""
    made = dict(members)
    if len(made) < len(members):
        counted = Counter(name for name, _ in members)
        name = next(name for name, count in counted.items() if count > 1)
        values = [value for each, value in members if each == name]
        raise _refused((name[:_SHOWN_NAME],), "it is given twice: send it once", values)
    return made


def _malformed(why: str, *place: int) -> RequestValidationError:
    return _invalid("json_invalid", place, why, {})


def _refused(where: tuple[str | int, ...], fix: str, value: object) -> RequestValidationError:
    return _invalid("unbounded", where, fix, value)


def _invalid(kind: str, where: tuple[str | int, ...], why: str, value: object) -> RequestValidationError:
    item = {"type": kind, "loc": ("body", *where), "msg": why, "input": value, "ctx": {"error": why}}
    return RequestValidationError([item])


def _check(whole: object) -> None:
    """Counts the values, and stops at the first that is too many."""
    left = MOST_VALUES
    waiting: list[tuple[tuple[str | int, ...], object]] = [((), whole)]
    while waiting:
        where, value = waiting.pop()
        if isinstance(value, str):
            if _SURROGATE.search(value):
                raise _refused(where, "send text that is whole Unicode", value)
            continue
        if not isinstance(value, (dict, list)):
            continue
        length = len(value)
        if length > _LONG_LISTS.get(str(where[-1]) if where else "", 0):
            left -= length
        if left < 0:
            raise _refused(where, _TOO_MANY, value)
        if len(where) > _DEEPEST:
            raise _refused(where[:_DEEPEST], f"it is nested deeper than {_DEEPEST}", value)
        if isinstance(value, dict):
            for name in value:
                if _SURROGATE.search(name):
                    raise _refused((*where, name), "send text that is whole Unicode", name)
            waiting += [((*where, name[:_SHOWN_NAME]), member) for name, member in value.items()]
        else:
            waiting += [((*where, place), member) for place, member in enumerate(value)]
