"""A proxy in front of an S3 endpoint that breaks a share of the requests in the ways that networks and
services do, drawn from a seed."""

from __future__ import annotations

import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.loopback import in_a_thread

FAULTS = ("429", "500", "503", "reset before", "reset after", "half a request", "half an answer")
SILENCES = ("silence before", "silence after")
"""No answer at all, until the client gives up: for stores whose patience is short."""
_ERRORS = {
    429: b"<Error><Code>TooManyRequests</Code><Message>Reduce your rate for this object.</Message></Error>",
    500: b"<Error><Code>InternalError</Code><Message>We are sorry.</Message></Error>",
    503: b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>",
}
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
_LONGEST_SILENCE_S = 30.0


class Faults:
    """Which requests are broken, and how; ``seen`` counts them.

    ``watch`` is told of each request, method and path, before anything is done with it.
    """

    def __init__(
        self,
        share: float,
        seed: int,
        kinds: tuple[str, ...] = FAULTS,
        watch: Callable[[str, str], None] = lambda _method, _path: None,
    ) -> None:
        self.share = share
        self.watch = watch
        self.seen: Counter[str] = Counter()
        self._kinds = kinds
        self._rng = random.Random(seed)
        self._guard = threading.Lock()

    def next(self, _method: str, _path: str) -> str:
        """The fault of the next request; empty if it passes."""
        with self._guard:
            fault = self._rng.choice(self._kinds) if self._rng.random() < self.share else ""
            self.seen[fault or "none"] += 1
            return fault

    def received(self, method: str, path: str, headers: Mapping[str, str], size_bytes: int) -> None:
        """Called with each request's headers and size once its body has come, before it is passed on."""


@contextmanager
def broken(endpoint: str, faults: Faults) -> Iterator[str]:
    """The address of a proxy to ``endpoint``."""
    there = urlsplit(endpoint)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Nothing: a proxy for tests."""

        def _pass(self) -> None:
            faults.watch(self.command, self.path)
            fault = faults.next(self.command, self.path)
            size = int(self.headers.get("Content-Length") or 0)
            cut = fault == "half a request"
            wanted = size // 2 if cut else size
            body = self.rfile.read(wanted)
            if len(body) < wanted:
                return self._reset()  # its sender was killed
            faults.received(self.command, self.path, dict(self.headers), len(body))
            if fault == "reset before":
                return self._reset()
            if fault == "silence before":
                return self._keep_silent()
            if fault.isdigit():
                return self._answer(int(fault), {}, _ERRORS[int(fault)])
            onward = HTTPConnection(str(there.hostname), there.port, timeout=30)
            kept = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            if size or self.command in ("PUT", "POST"):
                kept["Content-Length"] = str(size)
            onward.request(self.command, self.path, body or None, kept)
            if cut:
                onward.close()
                return self._reset()
            answer = onward.getresponse()
            data = answer.read()
            onward.close()
            if fault == "reset after":
                return self._reset()
            if fault == "silence after":
                return self._keep_silent()
            headers = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
            if self.command == "HEAD":
                headers["Content-Length"] = answer.getheader("Content-Length") or "0"
            self._answer(answer.status, headers, data, half=fault == "half an answer")

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass

        def _answer(self, status: int, headers: dict[str, str], data: bytes, *, half: bool = False) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data[: len(data) // 2] if half else data)
                if half and data:
                    self._reset()

        def _keep_silent(self) -> None:
            self.connection.settimeout(_LONGEST_SILENCE_S)
            self.connection.recv(1)  # nothing comes: it ends when the client has gone
            self.close_connection = True

        def _reset(self) -> None:
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: Any) -> None:
            """A client that has gone is what this is for."""

    server = Server(("127.0.0.1", 0), Handler)
    with in_a_thread(server):
        yield f"http://127.0.0.1:{server.server_port}"
