"""One connection of a client: uvicorn's HTTP/1.1 with a time limit on everything that a client can prolong.

That is the head of each request, not only of the first; the time between two requests; a response that the
client does not read; a close that it does not notice. ``orchestrator.server.api.requests.incoming`` limits
the body.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from config.settings import Settings
from orchestrator.server.http.callers import caller
from orchestrator.server.http.connections import Connections
from orchestrator.server.http.sockets import reset_on_close, set_up

log = logging.getLogger(__name__)

_KEEP_ALIVE_S = 75.0
_LINGER_S = 2.0  # for a client to stop sending a refused body, so that it reads the response
_LINGER_BYTES = 1_048_576
_HEAD_BYTES = 32_768
_FIELDS = 100
_FRAMING_BYTES = 1_048_576  # of a body's chunks, beside their content
_PIPELINED = 20


def protocol(settings: Settings) -> type[HttpToolsProtocol]:
    """Uvicorn's HTTP protocol with the limits of ``settings``."""

    class Bounded(Connection):
        bounds = Connections(settings)

    return Bounded


class Connection(HttpToolsProtocol):
    """One connection."""

    bounds: Connections

    caller = ""
    _active: RequestResponseCycle | None = None
    """The request that is being answered, or the last one that was."""
    stalled_since = 0.0
    _since = 0.0
    """When it began to wait for a request's head, or for the next request."""
    _left_since = 0.0
    """When we closed it; later data is ignored."""
    _in_head = False
    _in_message = False
    _begun = False
    """Whether a request began in the last data."""
    _head_bytes = 0  # of data within one head
    _field_bytes = 0  # of what the parser found in it
    _fields = 0
    _framing_bytes = 0
    _lingering_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._real: asyncio.Transport = transport
        super().connection_made(_Leaving(transport, self))  # type: ignore[arg-type]
        if self.client:
            host = self.client[0]
            self.client = (host.removeprefix("::ffff:") if "." in host else host, self.client[1])
            self.caller = caller(host)
        set_up(transport, self.bounds.write_s)
        if not self.bounds.add(self):
            self._refuse(503, "too-many-connections", "The service has as many connections as it may.")
            return
        self._since = self.loop.time()
        self.bounds.idle(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.bounds.remove(self)
        if self._active and not self._active.response_complete:
            # Uvicorn informs only the newest of several requests.
            self._active.disconnected = True
            self._active.message_event.set()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._active = cycle
        super()._start_asgi_task(cycle, app)

    def check(self) -> None:
        """Ends the connection if it has kept us waiting for too long."""
        now_s = self.loop.time()
        if self._left_since:
            limit_s = self.bounds.write_s if self._real.is_closing() else _LINGER_S
            if now_s - self._left_since > limit_s:
                self.drop()
        elif self.stalled_since:
            if now_s - self.stalled_since > self.bounds.write_s:
                log.info("a client did not read its answer", extra={"client": self.caller})
                self.drop()
        elif not self._answering:
            if self._in_head or self._in_message or self.cycle is None:
                if now_s - self._since > self.bounds.head_s:
                    self.drop()
            elif now_s - self._since > _KEEP_ALIVE_S:
                self.transport.close()

    def drop(self) -> None:
        """Ends the connection at once, and throws away what the client did not read."""
        reset_on_close(self._real)
        self._real.abort()

    def leave(self) -> None:
        """Closes the connection. While the client still sends, it closes only our direction, since a reset
        would keep the client from reading the response."""
        if self._left_since:
            return
        self._left_since = self.loop.time()
        if self._in_message and not self._real.is_closing() and self._real.can_write_eof():
            with suppress(OSError):  # it is closed already
                self._real.write_eof()
            self.flow.resume_reading()
        else:
            self._real.close()

    @property
    def left(self) -> bool:
        return bool(self._left_since)

    # Calls from the transport

    def data_received(self, data: bytes) -> None:
        if self._left_since:
            self._lingering_bytes += len(data)
            if self._lingering_bytes > _LINGER_BYTES:
                self.drop()
            return
        if not self._in_head and not self._in_message and not self._answering:
            self._since = self.loop.time()
            self._in_head = True
        if self._in_message:
            self._framing_bytes += len(data)
        self._begun = False
        super().data_received(data)
        if self._left_since:
            return
        if self._in_head:
            self._head_bytes += 0 if self._begun else len(data)
            if self._head_bytes > _HEAD_BYTES:
                self._large_head()
        elif self._in_message and self._framing_bytes > _FRAMING_BYTES:
            self._refuse(400, "malformed-request", "The chunks of the body have too little in them.")

    def eof_received(self) -> None:
        # The rest is still written, within the time limit.
        self._left_since = self._left_since or self.loop.time()
        self._real.close()

    def pause_writing(self) -> None:
        self.stalled_since = self.loop.time()
        self.bounds.stalled(self, yes=True)
        super().pause_writing()

    def resume_writing(self) -> None:
        self.stalled_since = 0.0
        self.bounds.stalled(self, yes=False)
        super().resume_writing()

    # Calls from the parser

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= _PIPELINED:
            raise _Unbounded(f"more than {_PIPELINED} requests at once")
        self._in_head = self._in_message = self._begun = True
        self._head_bytes = self._field_bytes = self._fields = self._framing_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        self._count(len(name) + len(value))
        if self._in_head:  # not after the body, where trailers are ignored
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._framing_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_message = False
        super().on_message_complete()
        if self._answering:
            self.bounds.busy(self)
        else:
            self._since = self.loop.time()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._unset_keepalive_if_required()  # ``check`` has ours
        if not self._left_since and not self._answering:
            self._since = self.loop.time()
            self.bounds.idle(self)

    def send_400_response(self, msg: str) -> None:
        if self._fields > _FIELDS or self._field_bytes > _HEAD_BYTES:
            self._large_head()
        else:
            self._refuse(400, "malformed-request", "This is not an HTTP/1.1 request.")

    @property
    def _answering(self) -> bool:
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.response_complete)

    def _count(self, size_bytes: int) -> None:
        self._field_bytes += size_bytes
        if self._fields > _FIELDS or self._field_bytes > _HEAD_BYTES:
            raise _Unbounded("headers")

    def _large_head(self) -> None:
        detail = f"The request line and headers may have {_HEAD_BYTES:,} bytes, in {_FIELDS} headers."
        self._refuse(431, "headers-too-large", detail)

    def _refuse(self, status: int, slug: str, detail: str) -> None:
        """Sends a problem document and closes. While another request is being answered it only closes, since
        nothing can be sent within that response."""
        if self._answering:
            self.drop()
            return
        document = {
            "type": f"urn:songwright:problem:{slug}",
            "title": STATUS_LINE[status].split(b" ", 2)[2].strip().decode(),
            "status": status,
            "detail": detail,
            "retry": status == 503,
        }
        body = json.dumps(document).encode()
        again = "retry-after: 1\r\n" if status == 503 else ""
        head = (
            f"content-type: application/problem+json\r\ncontent-length: {len(body)}\r\n"
            f"connection: close\r\n{again}\r\n"
        )
        self._real.write(STATUS_LINE[status] + head.encode() + body)
        self._in_message = status != 503  # a client without a place may not keep one by sending
        self.leave()


class _Leaving:
    """The transport, except that its close lets the client read the last response."""

    def __init__(self, transport: asyncio.Transport, connection: Connection) -> None:
        self._transport = transport
        self._connection = connection

    def close(self) -> None:
        self._connection.leave()

    def is_closing(self) -> bool:
        return self._connection.left or self._transport.is_closing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Unbounded(Exception):
    """A client sends more than it may; the parser passes it to ``send_400_response``."""
