"""A service that answers as it is told, to see what those before it make of that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.loopback import in_a_thread


@dataclass(frozen=True)
class Told:
    """One answer."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Heard:
    """One request."""

    path: str
    authorization: str
    body: Any
    key: str = ""
    """Its Idempotency-Key."""


@dataclass
class Upstream:
    """Gives its answers in turn, and keeps what it was asked."""

    url: str
    answers: list[Told] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)


@contextmanager
def answering() -> Iterator[Upstream]:
    """One that runs."""
    upstream = Upstream("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = self.headers.get("Idempotency-Key", "")
            upstream.heard.append(Heard(self.path, self.headers.get("Authorization", ""), body, key))
            told = upstream.answers.pop(0)
            data = told.body if isinstance(told.body, bytes) else json.dumps(told.body).encode()
            self.send_response_only(told.status)
            for name, value in {"Content-Type": "application/json", **told.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    upstream.url = f"http://127.0.0.1:{server.server_address[1]}"
    with in_a_thread(server):
        yield upstream
