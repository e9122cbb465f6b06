"""Requests whose answers nobody reads."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import httpx


def sent(request: httpx.Request) -> socket.socket:
    """The connection of a request that was sent whole; closing it is how a client hangs up."""
    body = request.read()
    head = f"{request.method} {request.url.raw_path.decode()} HTTP/1.1\r\n".encode()
    head += b"".join(b"%s: %s\r\n" % header for header in request.headers.raw)
    where = urlsplit(str(request.url))
    connection = socket.create_connection((str(where.hostname), int(where.port or 80)), timeout=10)
    connection.sendall(head + b"\r\n" + body)
    return connection
