"""Somebody's server that webhooks are sent to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.loopback import in_a_thread


class Receiver(ThreadingHTTPServer):
    """Keeps what it gets; ``answers`` are the statuses of its next answers, then 200."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.endless = False
        self.url = f"http://127.0.0.1:{self.server_port}/hook?of=mine"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.got.append((headers, body))
        status = self.server.answers.pop(0) if self.server.answers else 200
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", self.server.url)
        self.end_headers()
        try:
            while self.server.endless:
                self.wfile.write(b"x" * 65536)
        except OSError:
            return  # the caller has heard enough

    def log_message(self, *_: Any) -> None:
        """Nothing: a test's output is not the place."""


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    receiver = Receiver(port)
    with in_a_thread(receiver):
        yield receiver


def verified(secret: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """The body, after checking the signature as standardwebhooks.com tells a receiver to."""
    key = base64.urlsafe_b64decode(secret.removeprefix("whsec_") + "==")
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert hmac.compare_digest(expected, headers["webhook-signature"])
    loaded: dict[str, Any] = json.loads(body)
    return loaded
