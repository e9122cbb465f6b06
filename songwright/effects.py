"""What the client's logic asks of the world.

The logic is written once, as generators that yield effects and are sent their outcomes; the drivers, one that
blocks and one that awaits, are in ``songwright.client``. A connection that cannot be made, breaks, or is
silent for too long is thrown into the generator as ``Lost``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """A request, its path relative to the service's address."""

    method: str
    path: str
    body: Mapping[str, object] | None = None
    """Sent as JSON; with a ``photo``, as the texts of a form."""
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    photo: bytes | None = None
    """A picture, as the file ``image`` of a form."""
    silence_s: float | None = None
    """How long the service may say nothing; None: as long as the client's ``timeout_s``."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Answer:
    """An answer; its header names are in lower case, and a stream's body is empty unless it is a refusal."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Lost(Exception):
    """The connection could not be made, broke or was silent for too long; ``reached`` is whether there was
    one."""

    def __init__(self, reason: str, *, reached: bool) -> None:
        super().__init__(reason)
        self.reached = reached


@dataclass(frozen=True)
class Send:
    """Ask, and read the whole answer."""

    request: Request


@dataclass(frozen=True)
class Open:
    """Ask, and leave the body of a good answer to be read; the stream opened before is closed."""

    request: Request


@dataclass(frozen=True)
class Read:
    """The next bytes of the stream; none at its end."""


@dataclass(frozen=True)
class Sleep:
    """Let at least so many seconds pass."""

    seconds: float


@dataclass(frozen=True)
class Work:
    """Do what may block on the disk."""

    work: Callable[[], Any]


Effect = Send | Open | Read | Sleep | Work
Flow = Generator[Effect, Any, T]


def sent(request: Request) -> Flow[Answer]:
    """The answer. Raises ``Lost``."""
    answer: Answer = yield Send(request)
    return answer


def opened(request: Request) -> Flow[Answer]:
    """The answer, whose body is then to ``read``. Raises ``Lost``."""
    answer: Answer = yield Open(request)
    return answer


def read() -> Flow[bytes]:
    """The next bytes of what was opened, none at its end. Raises ``Lost``."""
    data: bytes = yield Read()
    return data


def slept(seconds: float) -> Flow[None]:
    """Nothing, so many seconds later."""
    yield Sleep(seconds)


def worked(work: Callable[[], T]) -> Flow[T]:
    """What ``work`` returns. Raises what it raises."""
    result: T = yield Work(work)
    return result
