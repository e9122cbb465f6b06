"""What the client's logic needs done: requests, reads, pauses.

The logic is written once, as generators ("flows"). A flow yields effects; a driver performs each and sends
the outcome back. ``songwright.client.blocking`` and ``songwright.client.asynchronous`` each have a driver.
Where a connection cannot be made, breaks, or is silent for too long, ``Lost`` is thrown into the flow.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from songwright.errors import ConnectionFailed

T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """An HTTP request. Its path is relative to the service's address."""

    method: str
    path: str
    body: Mapping[str, object] | None = None
    """Sent as JSON; with a ``photo``, as the texts of a form."""
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str | list[str]] = field(default_factory=dict)
    photo: bytes | None = None
    """A picture, sent as the file ``image`` of a form."""
    data: bytes | None = None
    """The body as it is, in place of ``body``."""
    silence_s: float | None = None
    """How long the service may send nothing; None: as long as the client's ``timeout_s``."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Response:
    """An HTTP response. Header names are in lower case. The body of a stream is empty, unless it is an
    error's."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Lost(Exception):
    """The connection could not be made, broke, or was silent for too long. ``reached`` is False where there
    was none at all; ``again`` is False where another try cannot help."""

    def __init__(self, reason: str, *, reached: bool, again: bool = True) -> None:
        super().__init__(reason)
        self.reached = reached
        self.again = again

    def error(self, request: Request) -> ConnectionFailed:
        return ConnectionFailed(str(request), str(self), self.again)


@dataclass(frozen=True)
class Send:
    """Send the request and read the whole response."""

    request: Request


@dataclass(frozen=True)
class Open:
    """Send the request and leave the body to be read, unless it is an error's. Closes the stream that was
    opened before."""

    request: Request


@dataclass(frozen=True)
class Read:
    """Read the next bytes of the stream; none at its end."""


@dataclass(frozen=True)
class Sleep:
    """Wait for at least so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Work:
    """Call a function that may block on the disk."""

    work: Callable[[], Any]


@dataclass(frozen=True)
class Hand:
    """Hand this to the caller, who iterates over what the flow brings."""

    data: Any


Effect = Send | Open | Read | Sleep | Work | Hand
Flow = Generator[Effect, Any, T]


@dataclass(frozen=True)
class Done(Generic[T]):
    """A flow has ended, with this result."""

    result: T


def advance(flow: Flow[T], outcome: Any) -> Effect | Done[T]:
    """Send the outcome of its last effect into ``flow``, or None to start it, and return its next effect.
    Raises what the flow raises."""
    try:
        return flow.throw(outcome) if isinstance(outcome, Lost) else flow.send(outcome)
    except StopIteration as end:
        return Done(end.value)


def send(request: Request) -> Flow[Response]:
    """Send the request and return the whole response. Raises ``Lost``."""
    response: Response = yield Send(request)
    return response


def open_stream(request: Request) -> Flow[Response]:
    """Send the request and return the response; ``read`` then reads its body. Raises ``Lost``."""
    response: Response = yield Open(request)
    return response


def read() -> Flow[bytes]:
    """Return the next bytes of the open stream, none at its end. Raises ``Lost``."""
    data: bytes = yield Read()
    return data


def sleep(seconds: float) -> Flow[None]:
    """Wait for at least so many seconds."""
    yield Sleep(seconds)


def in_thread(work: Callable[[], T]) -> Flow[T]:
    """Return what ``work`` returns; an event loop runs it in a thread. Raises what it raises."""
    result: T = yield Work(work)
    return result
