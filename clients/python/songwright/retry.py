"""When a request is sent again: after 429 and 503 as soon as the service says, after 500 once, and after a
lost connection.

Every request of the client may be sent again: those that make a song carry an ``Idempotency-Key``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict

from songwright.checks import checked_settings
from songwright.effects import Flow, Lost, Request, Response, T, send, sleep
from songwright.errors import ApiError, ClientError, ConnectionFailed, error_of

NOT_OURS = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading a document raises that the service would not send."""


class Settings(TypedDict, total=False):
    """How patient a client is."""

    timeout_s: float
    """How long the service may be silent; by default 60."""
    retries: int
    """How many times a request is sent again; by default 5."""
    first_pause_s: float
    """The pause before the first retry; doubled each time, unless the service names one; by default 0.5."""
    longest_pause_s: float
    """The longest pause. A longer ``Retry-After`` is not waited for: the error is raised; by default 120."""
    poll_s: float
    """The seconds between two requests for a song whose events are not available; by default 2."""


@dataclass(frozen=True)
class Patience:
    """The ``Settings`` of retries, all of them set."""

    retries: int
    first_pause_s: float
    longest_pause_s: float
    timeout_s: float


def patience(settings: Settings) -> Patience:
    """Raises ``InvalidCall`` and ``InvalidArgument`` as ``checked_settings``."""
    checked_settings(settings, Settings.__optional_keys__)
    return Patience(
        retries=settings.get("retries", 5),
        first_pause_s=settings.get("first_pause_s", 0.5),
        longest_pause_s=settings.get("longest_pause_s", 120.0),
        timeout_s=timeout_of(settings),
    )


def timeout_of(settings: Settings) -> float:
    """How many seconds the service may be silent."""
    return settings.get("timeout_s", 60.0)


class Attempts:
    """The attempts at one thing so far."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._failures = 0
        self._server_errors = 0

    def pause_s(self, error: ClientError) -> float:
        """Seconds to wait before the next attempt. Raises ``error`` where there is to be none."""
        self._failures += 1
        if self._failures > self._patience.retries:
            raise error
        pause_s = self._patience.first_pause_s * 2.0 ** (self._failures - 1)
        if isinstance(error, ConnectionFailed) and not error.retry:
            raise error
        if isinstance(error, ApiError):
            self._server_errors += error.status == 500
            again = error.status in (429, 503) or (error.status == 500 and self._server_errors == 1)
            if not again or error.retry is False:
                raise error
            if error.retry_after_s is not None:
                if error.retry_after_s > self._patience.longest_pause_s:
                    raise error
                pause_s = error.retry_after_s
        return min(pause_s, self._patience.longest_pause_s)

    def reset(self) -> None:
        """Forget the failures so far: the last attempt brought something."""
        self._failures = 0


def request_with_retries(
    request: Request, patience: Patience, *, accept_gone: bool = False
) -> Flow[Response]:
    """The response to ``request``; its status is below 300. With ``accept_gone``, it may be 404 where an
    earlier attempt was lost, which then did the work. Raises ``ApiError`` and ``ConnectionFailed``."""
    attempts = Attempts(patience)
    lost = False
    while True:
        error: ClientError
        try:
            response = yield from send(request)
        except Lost as failure:
            error, lost = failure.error(request), True
        else:
            if response.status < 300 or (accept_gone and lost and response.status == 404):
                return response
            if response.status < 400:
                raise ConnectionFailed(str(request), f"the answer is {response.status}", retry=False)
            error = error_of(response.status, response.headers, response.body)
        yield from sleep(attempts.pause_s(error))


def request_json(request: Request, patience: Patience, convert: Callable[[Any], T]) -> Flow[T]:
    """``convert`` of the JSON in the response. Raises as ``request_with_retries``, and ``ConnectionFailed``
    too where the document is not one that the service would send."""
    response = yield from request_with_retries(request, patience)
    try:
        return convert(json.loads(response.body))
    except NOT_OURS as error:
        kind = response.headers.get("content-type", "no content type")
        raise ConnectionFailed(str(request), f"this is no answer of Songwright's ({kind})") from error
