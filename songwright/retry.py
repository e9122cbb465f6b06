"""When a request is sent again: 429 and 503 after the time they name, 500 once, a lost one at once.

Every request of the client may be sent again: those that make a song carry an ``Idempotency-Key``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict

from songwright.effects import Answer, Flow, Lost, Request, T, sent, slept
from songwright.errors import ApiError, ClientError, ConnectionFailed, refusal


class Settings(TypedDict, total=False):
    """How patient a client is."""

    timeout_s: float
    """How long the service may be silent; by default 60."""
    retries: int
    """How often a request is sent again; 5."""
    first_pause_s: float
    """How long it waits for that, doubled each time, unless the service names a time; 0.5."""
    longest_pause_s: float
    """The longest ``Retry-After`` that is waited for: past it, the error tells; 120."""
    poll_s: float
    """How often a song is asked for where its events cannot be had; 2."""


@dataclass(frozen=True)
class Patience:
    """How often a request is sent again, and how long is waited for that."""

    retries: int
    first_pause_s: float
    """Doubled each time, where the service names none."""
    longest_pause_s: float
    """A service that asks for a longer one is not waited for: the error tells ``retry_after_s``."""


def patience(settings: Settings) -> Patience:
    """That of a client with these settings."""
    return Patience(
        retries=settings.get("retries", 5),
        first_pause_s=settings.get("first_pause_s", 0.5),
        longest_pause_s=settings.get("longest_pause_s", 120.0),
    )


class Attempts:
    """The attempts at one thing so far."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._failures = 0
        self._broken = 0

    def pause_s(self, error: ClientError) -> float:
        """Seconds to wait before the next attempt. Raises ``error`` if there is to be none."""
        self._failures += 1
        if self._failures > self._patience.retries:
            raise error
        pause_s = self._patience.first_pause_s * 2.0 ** (self._failures - 1)
        if isinstance(error, ApiError):
            self._broken += error.status == 500
            again = error.status in (429, 503) or (error.status == 500 and self._broken == 1)
            if not again or error.retry is False:
                raise error
            if error.retry_after_s is not None:
                if error.retry_after_s > self._patience.longest_pause_s:
                    raise error
                pause_s = error.retry_after_s
        return min(pause_s, self._patience.longest_pause_s)

    def progressed(self) -> None:
        """The last attempt was not in vain: what failed before it counts no more."""
        self._failures = 0


def answered(request: Request, patience: Patience, *, gone: bool = False) -> Flow[Answer]:
    """The answer, below 400. With ``gone``, a 404 to a request that was sent before is as good: that one did
    its work. Raises ``ApiError`` and ``ConnectionFailed``."""
    attempts = Attempts(patience)
    lost = False
    while True:
        error: ClientError
        try:
            answer = yield from sent(request)
        except Lost as failure:
            error, lost = ConnectionFailed(str(request), str(failure)), True
        else:
            if answer.status < 400 or (gone and lost and answer.status == 404):
                return answer
            error = refusal(answer.status, answer.headers, answer.body)
        yield from slept(attempts.pause_s(error))


def told(request: Request, patience: Patience, read: Callable[[Any], T]) -> Flow[T]:
    """What ``read`` makes of the answer's JSON. Raises as ``answered``, and ``ConnectionFailed`` too where a
    good answer is nothing that the service would send."""
    answer = yield from answered(request, patience)
    try:
        return read(json.loads(answer.body))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        kind = answer.headers.get("content-type", "no content type")
        raise ConnectionFailed(str(request), f"this is no answer of Songwright's ({kind})") from error
