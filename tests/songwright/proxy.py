"""A proxy before the service that does to chosen requests what networks and load balancers do."""

from __future__ import annotations

import http.client
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.loopback import in_a_thread

_PIECE_BYTES = 4096
_HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "keep-alive", "date", "server"})


@dataclass(frozen=True)
class Refused:
    """Answered here: the service does not hear of it. Its ``Content-Length`` may promise too much."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class RequestLost:
    """The connection is reset before the service hears of it."""


@dataclass(frozen=True)
class AnswerLost:
    """The service does it, and the connection is reset before its answer."""


@dataclass(frozen=True)
class BrokenAfter:
    """The connection is reset after so many bytes of the answer's body."""

    size: int


@dataclass(frozen=True)
class Altered:
    """The first byte of the answer's body is another."""


Fault = Refused | RequestLost | AnswerLost | BrokenAfter | Altered


@dataclass(frozen=True)
class Seen:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]


class Proxy:
    """``expect`` says what happens to the next requests of a kind; all others are passed on unharmed."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.seen: list[Seen] = []
        self._faults: list[tuple[str, str, list[Fault]]] = []
        self._lock = threading.Lock()
        self.url = ""

    def expect(self, method: str, path: str, *faults: Fault) -> None:
        """The next requests with this method, whose path matches, each get one of the faults in turn."""
        self._faults.append((method, path, list(faults)))

    def take(self, seen: Seen) -> Fault | None:
        with self._lock:
            self.seen.append(seen)
            for method, path, faults in self._faults:
                if faults and method == seen.method and re.search(path, seen.path):
                    return faults.pop(0)
        return None

    @property
    def left(self) -> list[Fault]:
        """What was expected and has not come."""
        return [fault for _, _, faults in self._faults for fault in faults]

    def of(self, method: str, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.method == method and re.search(path, seen.path)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def _handle(self) -> None:
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen = Seen(self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
        fault = self.proxy.take(seen)
        if isinstance(fault, RequestLost):
            self._reset()
        elif isinstance(fault, Refused):
            self._begin(fault.status, {"Content-Length": str(len(fault.body))} | fault.headers)
            self.wfile.write(fault.body)
        else:
            self._pass_on(body, fault)

    do_GET = do_POST = do_DELETE = do_HEAD = _handle

    def _pass_on(self, body: bytes, fault: Fault | None) -> None:
        upstream = self.proxy.upstream
        connection = http.client.HTTPConnection(str(upstream.hostname), upstream.port, timeout=60)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            if isinstance(fault, AnswerLost):
                response.read()
                self._reset()
            else:
                self._relay(response, fault)
        finally:
            connection.close()

    def _relay(self, response: http.client.HTTPResponse, fault: Fault | None) -> None:
        headers = {name: value for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP}
        chunked = "content-length" not in response.headers and response.status != 204
        self._begin(response.status, headers | ({"Transfer-Encoding": "chunked"} if chunked else {}))
        left = fault.size if isinstance(fault, BrokenAfter) else None
        first = True
        while data := response.read1(_PIECE_BYTES if left is None else min(left, _PIECE_BYTES)):
            if first and isinstance(fault, Altered):
                data = bytes([data[0] ^ 1]) + data[1:]
            first = False
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
            if left is not None:
                left -= len(data)
                if left == 0:
                    self._reset()
                    return
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in (headers | {"Connection": "close"}).items():
            self.send_header(name, value)
        self.end_headers()

    def _reset(self) -> None:
        """Ends the connection with a reset, not with an orderly close."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.wfile.close()
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that has gone, or a service that was killed: that is what is tested


@contextmanager
def proxying(upstream: str) -> Iterator[Proxy]:
    """A proxy before ``upstream``; at the end, all that was expected of it must have come."""
    proxy = Proxy(upstream)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    server = _Server(("127.0.0.1", 0), handler)
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    with in_a_thread(server):
        yield proxy
        assert proxy.left == []
