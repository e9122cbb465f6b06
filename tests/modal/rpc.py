"""The gRPC face: answers the calls that the services know, UNIMPLEMENTED to others; makes faults."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import random
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from grpclib.const import Cardinality, Handler
from grpclib.exceptions import StreamTerminatedError
from grpclib.protocol import H2Protocol
from grpclib.server import Server, Stream
from h2.exceptions import StreamClosedError
from modal_proto.api_grpc import ModalClientBase

from tests.modal.records import Message

TASK_HEADER = "x-standin-task"  # a container sends its id with every call
ANSWERS_KEPT = 20_000
FAULTS_FOR_EACH_CALL = 2  # the client tries most calls four times in all


@dataclass
class Caller:
    """Who calls: the id of a container's task, or "" for a client."""

    task_id: str


@dataclass
class Faults:
    """What part of the calls fails, each a probability in [0, 1].

    ``unavailable``: refused before anything is done. ``reset``: the connection is cut before anything is
    done. ``lost``: done, and the connection is cut before the answer. A call fails twice at most, tries
    included.
    """

    unavailable: float = 0.0
    reset: float = 0.0
    lost: float = 0.0
    only: frozenset[str] = frozenset()  # names of calls; empty: all
    seed: int = 0
    made: dict[str, int] = field(default_factory=dict)  # how many were made, by kind

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._for_call: dict[str, int] = {}

    def draw(self, name: str, key: str) -> str:
        """ "" or the kind of fault that this call gets."""
        if (self.only and name not in self.only) or self._for_call.get(key, 0) >= FAULTS_FOR_EACH_CALL:
            return ""
        value = self._random.random()
        for kind in ("unavailable", "reset", "lost"):
            share = getattr(self, kind)
            if value < share:
                self._for_call[key] = self._for_call.get(key, 0) + 1
                self.made[kind] = self.made.get(kind, 0) + 1
                return kind
            value -= share
        return ""


class _Names:
    """Has every attribute: its own name."""

    def __getattr__(self, name: str) -> str:
        return name


class Front:
    """What grpclib serves. A service's method is named as the call; it takes a request and a ``Caller``."""

    def __init__(self, services: list[object]) -> None:
        self._services = services
        self._answers: OrderedDict[tuple[str, str], Message] = OrderedDict()
        self.faults = Faults()
        self.watch: Callable[[str, str], None] = lambda _name, _task_id: None
        """Called with each call of a container or client before it is answered: its name and who makes it."""
        self.calls: dict[str, int] = {}  # how many, by name
        self.unanswered: set[str] = set()  # names of calls that no service knows
        self.errors: list[BaseException] = []  # of ours, which no test expects

    def __mapping__(self) -> dict[str, Handler]:
        table = ModalClientBase.__mapping__(_Names())  # type: ignore[arg-type]
        result = {}
        for path, (name, cardinality, request_type, reply_type) in table.items():
            serve = self._unary if cardinality is Cardinality.UNARY_UNARY else self._stream
            result[path] = Handler(self._bound(serve, str(name)), cardinality, request_type, reply_type)
        return result

    def _bound(self, serve: Any, name: str) -> Any:
        method = next((getattr(each, name) for each in self._services if hasattr(each, name)), None)

        async def handler(stream: Stream[Message, Message]) -> None:
            self.calls[name] = self.calls.get(name, 0) + 1
            if method is None:
                self.unanswered.add(name)
                raise GRPCError(Status.UNIMPLEMENTED, f"{name} is not answered by the stand-in")
            try:
                await serve(name, method, stream)
            except (GRPCError, ConnectionError, StreamTerminatedError, StreamClosedError):
                raise  # theirs, or the caller is gone
            except Exception as error:
                self.errors.append(error)
                raise GRPCError(Status.INTERNAL, repr(error)) from error

        return handler

    async def _unary(self, name: str, method: Any, stream: Stream[Message, Message]) -> None:
        request = await stream.recv_message()
        headers = stream.metadata or {}
        key = str(headers.get("x-idempotency-key", ""))
        self.watch(name, str(headers.get(TASK_HEADER, "")))
        fault = self.faults.draw(name, key) if key else ""
        if fault == "unavailable":
            raise GRPCError(Status.UNAVAILABLE, "a fault that the tests asked for")
        if fault == "reset":
            _cut(stream)
            return
        answer = self._answers.get((name, key)) if key else None
        if answer is None:
            answer = method(request, Caller(str(headers.get(TASK_HEADER, ""))))
            if inspect.isawaitable(answer):
                answer = await answer
            answer = Empty() if answer is None else answer
            if key:  # the client tries again with the same key, and what was done must not be done twice
                self._answers[name, key] = answer
                if len(self._answers) > ANSWERS_KEPT:
                    self._answers.popitem(last=False)
        if fault == "lost":
            _cut(stream)
            return
        await stream.send_message(answer)

    async def _stream(self, name: str, method: Any, stream: Stream[Message, Message]) -> None:
        request = await stream.recv_message()
        headers = stream.metadata or {}
        if name != "DictContents" and self.faults.draw(name, f"{name} {len(self.calls)}") == "unavailable":
            raise GRPCError(Status.UNAVAILABLE, "a fault that the tests asked for")
        answers: AsyncIterator[Message] = method(request, Caller(str(headers.get(TASK_HEADER, ""))))
        async with contextlib.aclosing(answers) as messages:  # type: ignore[type-var]
            async for message in messages:
                await stream.send_message(message)


def _cut(stream: Stream[Message, Message]) -> None:
    """Cut the TCP connection under a call, as a router that fails does: no goodbye of HTTP/2."""
    transport = stream._stream._transport
    transport.abort()
    stream._cancel_done = True


class Listener(Server):
    """grpclib's server, which can close the connections that its clients left open."""

    def __init__(self, front: Front) -> None:
        super().__init__([front])
        self._protocols: list[H2Protocol] = []

    def _protocol_factory(self) -> H2Protocol:
        protocol = super()._protocol_factory()
        self._protocols.append(protocol)
        return protocol

    async def stop(self) -> None:
        self.close()
        for protocol in self._protocols:
            if hasattr(protocol, "connection"):
                protocol.connection.close()
        await self.wait_closed()


async def settle(tasks: set[asyncio.Task[Any]]) -> None:
    """Cancel the tasks and wait until they are gone."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
