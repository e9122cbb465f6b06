"""The errors that the client raises, split by who must act.

    ClientError
    ├── InvalidArgument     an argument that cannot be sent (a ``ValueError`` too): nothing was sent
    ├── InvalidCall         an argument that there is not, or two that exclude each other (``TypeError``)
    ├── ClientClosed        the client was closed before (``RuntimeError``)
    ├── FileFailed          a file of this machine cannot be read or written (``OSError``)
    │   └── FileMissing         there is no such file or folder (``FileNotFoundError``)
    ├── ApiError            the service refused: its field and fix, and whether a retry can help
    │   ├── InvalidRequest      400, 413, 415, 416, 422: correct the request
    │   ├── Unauthorized        401: the token
    │   ├── Forbidden           403: the service's settings do not allow it
    │   ├── NotFound            404: no such song, or it has no such file
    │   ├── Conflict            409: it does not fit the song's state, or an Idempotency-Key was used before
    │   ├── TooManyRequests     429: ask again after ``retry_after_s``
    │   ├── Unavailable         503: likewise
    │   └── ServerError         500 and the like: the service's own fault
    ├── ConnectionFailed    the service could not be reached, or the connection broke, too many times
    ├── SongFailed          the song could not be made: ``song.error`` says why
    ├── SongCancelled       somebody cancelled the song
    ├── WaitTimeout         the song was not done in time; it is still being made
    ├── DownloadFailed      the file is not there, or not as the manifest describes it
    └── InvalidWebhook      a call that has come is not the service's, or is too old (a ``ValueError`` too)

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
_SHOWN_CHARACTERS = 60


class ClientError(Exception):
    """The root of all errors that the client raises on purpose."""


class InvalidArgument(ClientError, ValueError):
    """The argument ``name`` cannot be sent as it is; ``fix`` says what to give instead. Nothing was sent."""

    def __init__(self, name: str, value: object, fix: str) -> None:
        super().__init__(name, _shown(value), fix)
        self.name = name
        self.value = _shown(value)
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.name}: {self.value} - {self.fix}" if self.value else f"{self.name}: {self.fix}"


class InvalidWebhook(ClientError, ValueError):
    """A webhook that the service has not signed, or not lately: answer it with 400 and believe nothing."""


class InvalidCall(ClientError, TypeError):
    """The arguments do not fit together, or there is none of this name. Nothing was sent."""


class ClientClosed(ClientError, RuntimeError):
    """The client was closed before."""

    def __str__(self) -> str:
        return "the client is closed: make a new one"


class FileFailed(ClientError, OSError):
    """A file of this machine cannot be read or written. It has the fields of an ``OSError``."""


class FileMissing(FileFailed, FileNotFoundError):
    """There is no such file, or no such folder."""


@dataclass(frozen=True)
class FieldProblem:
    """A field with an invalid value: its name, the value that was sent, and what to send instead."""

    field: str
    value: str
    detail: str


class ApiError(ClientError):
    """An error that the service answers: its problem document (RFC 9457).

    ``retry`` says whether the same request can succeed later, and ``retry_after_s`` when; both are None where
    the response does not say. For a response without such a document, as a proxy sends it, ``type`` is empty
    and ``detail`` is an excerpt of its text.
    """

    def __init__(self, status: int, document: Mapping[str, Any], retry_after_s: float | None = None) -> None:
        super().__init__(status, document, retry_after_s)
        self.status = status
        self.retry_after_s = retry_after_s
        self.type: str = _text(document, "type") or ""
        self.title: str = _text(document, "title") or ""
        self.detail: str = _text(document, "detail") or ""
        retry = document.get("retry")
        self.retry: bool | None = retry if isinstance(retry, bool) else None
        self.request_id: str = _text(document, "request_id") or ""
        self.field: str | None = _text(document, "field")
        self.value: str | None = _text(document, "value")
        self.fix: str | None = _text(document, "fix")
        self.song_id: str | None = _text(document, "song_id")
        errors = document.get("errors")
        self.errors: tuple[FieldProblem, ...] = tuple(
            FieldProblem(*(_text(item, name) or "" for name in ("field", "value", "detail")))
            for item in (errors if isinstance(errors, list | tuple) else ())
            if isinstance(item, Mapping)
        )

    def __str__(self) -> str:
        fix = f" - {self.fix}" if self.fix and self.fix not in self.detail else ""
        request = f" [request {self.request_id}]" if self.request_id else ""
        return f"{self.status}: {self.detail or self.title}{fix}{request}"


class InvalidRequest(ApiError):
    """The request can never succeed as it is."""


class Unauthorized(ApiError):
    """The token is missing, or the service does not know it."""


class Forbidden(ApiError):
    """The service's settings do not allow it."""


class NotFound(ApiError):
    """There is no such song, or it has no such file."""


class Conflict(ApiError):
    """The request does not fit the song's state."""


class TooManyRequests(ApiError):
    """The queue is full, or this token has sent too many requests."""


class Unavailable(ApiError):
    """An engine or the store is not ready."""


class ServerError(ApiError):
    """The service failed."""


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


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The error of a response with this status, these headers (names in lower case) and this body."""
    document: Any = None
    if "json" in headers.get("content-type", ""):
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None  # cut off, or not JSON at all: its text is shown instead
    if not isinstance(document, dict):
        text = body[:_EXCERPT_CHARACTERS].decode(errors="replace").strip()
        document = {"detail": text or "the answer is empty"}
    kind = _KINDS.get(status, ServerError if status >= 500 else ApiError)
    return kind(status, document, _seconds(headers.get("retry-after", "")))


def _text(document: Mapping[str, Any], name: str) -> str | None:
    """None where the document has something else there: it need not come from Songwright."""
    value = document.get(name)
    return value if isinstance(value, str) else None


def _shown(value: object) -> str:
    """``value`` in a short line; nothing for an empty text, as which a token is passed."""
    if value == "":
        return ""
    if isinstance(value, str | bytes | list | tuple):
        value = value[: _SHOWN_CHARACTERS + 1]
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 3]}..."


def _seconds(retry_after: str) -> float | None:
    """The seconds of a ``Retry-After``; None for its other form, a date, which Songwright does not send."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None


class ConnectionFailed(ClientError):
    """The request ``what`` got no response, or only part of one, or one that is not Songwright's: ``reason``
    says how. ``retry`` is False where sending it again cannot help."""

    def __init__(self, what: str, reason: str, retry: bool = True) -> None:  # noqa: FBT001, FBT002 - pickled by place
        super().__init__(what, reason, retry)
        self.what = what
        self.reason = reason
        self.retry = retry

    def __str__(self) -> str:
        return f"{self.what}: {self.reason} - is the service running, and is its address right?"


class SongFailed(ClientError):
    """``song`` could not be made."""

    def __init__(self, song: Song) -> None:
        super().__init__(song)
        self.song = song
        error = song.error or {}
        self.type = error.get("type", "")
        """The service's name of the error, such as "EngineFailed"."""
        self.message = error.get("message", "the manifest does not say why")

    def __str__(self) -> str:
        kind = f" ({self.type})" if self.type else ""
        return f"song {self.song.id} failed{kind}: {self.message}"


class SongCancelled(ClientError):
    """``song`` was cancelled."""

    def __init__(self, song: Song) -> None:
        super().__init__(song)
        self.song = song

    def __str__(self) -> str:
        return f"song {self.song.id} was cancelled"


class WaitTimeout(ClientError):
    """The song ``song_id`` was not done after ``timeout_s`` seconds. The service goes on making it: wait
    again."""

    def __init__(self, song_id: str, timeout_s: float) -> None:
        super().__init__(song_id, timeout_s)
        self.song_id = song_id
        self.timeout_s = timeout_s

    def __str__(self) -> str:
        return f"song {self.song_id} is not done after {self.timeout_s:g} s - it goes on: wait again"


class DownloadFailed(ClientError):
    """The file ``role`` of the song ``song_id`` is not there, or not as the manifest describes it; ``reason``
    says more. Nothing was written."""

    def __init__(self, song_id: str, role: str, reason: str) -> None:
        super().__init__(song_id, role, reason)
        self.song_id = song_id
        self.role = role
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.role} of song {self.song_id} was not downloaded: {self.reason}"
