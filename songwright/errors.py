"""Every error the client raises, split by who must act.

    ClientError
    ├── ApiError            the service has refused; it tells the field, the fix, and if a retry can help
    │   ├── InvalidRequest      400, 413, 415, 416, 422: mend the request
    │   ├── Unauthorized        401: the token
    │   ├── Forbidden           403: the service's settings do not allow it
    │   ├── NotFound            404: no such song, or it has no such file
    │   ├── Conflict            409: it does not fit the song's state, or an Idempotency-Key was used before
    │   ├── TooManyRequests     429: ask again after ``retry_after_s``
    │   ├── Unavailable         503: likewise
    │   └── ServerError         500 and the like: the service's own fault
    ├── ConnectionFailed    the service could not be reached, or the connection broke, too many times
    ├── SongFailed          the song ended without being done: ``song.error`` tells why
    ├── SongCancelled       likewise, because somebody cancelled it
    ├── WaitTimeout         the song was not done in time; it is being made all the same
    └── DownloadFailed      what came is not the file that the manifest describes

Each survives pickling with its fields.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from songwright.answers import Song

_EXCERPT_CHARACTERS = 200


class ClientError(Exception):
    """The root: catch this to catch everything the client raises on purpose."""


@dataclass(frozen=True)
class FieldProblem:
    """One field that cannot be used: its name, its value as it was given, and what to send instead."""

    field: str
    value: str
    detail: str


class ApiError(ClientError):
    """A refusal: the service's problem document (RFC 9457).

    ``retry`` says whether the same request can succeed later, ``retry_after_s`` when; both are None where the
    answer does not tell. An answer that is no problem document, as a proxy gives it, has an empty ``type``
    and an excerpt of its text as ``detail``.
    """

    def __init__(self, status: int, document: Mapping[str, Any], retry_after_s: float | None = None) -> None:
        super().__init__(status, document, retry_after_s)
        self.status = status
        self.retry_after_s = retry_after_s
        self.type: str = document.get("type", "")
        self.title: str = document.get("title", "")
        self.detail: str = document.get("detail", "")
        self.retry: bool | None = document.get("retry")
        self.request_id: str = document.get("request_id", "")
        self.field: str | None = document.get("field")
        self.value: str | None = document.get("value")
        self.fix: str | None = document.get("fix")
        self.song_id: str | None = document.get("song_id")
        self.errors: tuple[FieldProblem, ...] = tuple(
            FieldProblem(item["field"], item["value"], item["detail"]) for item in document.get("errors", ())
        )

    def __str__(self) -> str:
        fix = f" - {self.fix}" if self.fix and self.fix not in self.detail else ""
        request = f" [request {self.request_id}]" if self.request_id else ""
        return f"{self.status}: {self.detail or self.title}{fix}{request}"


class InvalidRequest(ApiError):
    """The request can never succeed as it is."""


class Unauthorized(ApiError):
    """The token is missing or not one of the service's."""


class Forbidden(ApiError):
    """The service's settings do not allow it."""


class NotFound(ApiError):
    """There is no such song, or it has no such file."""


class Conflict(ApiError):
    """It does not fit the present state."""


class TooManyRequests(ApiError):
    """The queue is full, or this token has sent too many requests."""


class Unavailable(ApiError):
    """An engine or the store is not ready."""


class ServerError(ApiError):
    """The service could not do what it should."""


_KINDS: Mapping[int, type[ApiError]] = {
    400: InvalidRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: InvalidRequest,
    415: InvalidRequest,
    416: InvalidRequest,
    422: InvalidRequest,
    429: TooManyRequests,
    503: Unavailable,
}


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The error that an answer with this status, these headers (names in lower case) and this body is."""
    document: Any = None
    if "json" in headers.get("content-type", ""):
        try:
            document = json.loads(body)
        except ValueError:
            document = None  # broken off, or not what it says: its text is shown instead
    if not isinstance(document, dict):
        text = body[:_EXCERPT_CHARACTERS].decode(errors="replace").strip()
        document = {"detail": text or "the answer is empty"}
    kind = _KINDS.get(status, ServerError if status >= 500 else ApiError)
    return kind(status, document, _seconds(headers.get("retry-after", "")))


def _seconds(retry_after: str) -> float | None:
    """The header's seconds. Its other form, a date, is not sent by Songwright and not read."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None


class ConnectionFailed(ClientError):
    """``what`` was asked of the service and no answer came, or only a part: ``reason`` says how."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(what, reason)
        self.what = what
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.what}: {self.reason} - is the service running, and is its address right?"


class SongFailed(ClientError):
    """``song`` could not be made."""

    def __init__(self, song: Song) -> None:
        super().__init__(song)
        self.song = song

    def __str__(self) -> str:
        error = self.song.error or {}
        return f"song {self.song.id} failed: {error.get('message', 'the manifest does not say why')}"


class SongCancelled(ClientError):
    """``song`` was cancelled."""

    def __init__(self, song: Song) -> None:
        super().__init__(song)
        self.song = song

    def __str__(self) -> str:
        return f"song {self.song.id} was cancelled"


class WaitTimeout(ClientError):
    """The song ``song_id`` was not done after ``timeout_s`` seconds. It goes on: wait for it again."""

    def __init__(self, song_id: str, timeout_s: float) -> None:
        super().__init__(song_id, timeout_s)
        self.song_id = song_id
        self.timeout_s = timeout_s

    def __str__(self) -> str:
        return f"song {self.song_id} is not done after {self.timeout_s:g} s - it goes on: wait again"


class DownloadFailed(ClientError):
    """What came for ``role`` of the song ``song_id`` is not what the manifest describes: ``reason``. Nothing
    was written."""

    def __init__(self, song_id: str, role: str, reason: str) -> None:
        super().__init__(song_id, role, reason)
        self.song_id = song_id
        self.role = role
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.role} of song {self.song_id} was not downloaded: {self.reason}"
