"""Connections as whoever attacks has them: bytes on a socket."""

from __future__ import annotations

import resource
import select
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.service.server import TOKEN, Server

MOST = 8192
BEARER = f"Authorization: Bearer {TOKEN}\r\n".encode()
_made: list[socket.socket] = []


def connected(server: Server, data: bytes = b"", *, window: int = 0) -> socket.socket:
    """A connection on which ``data`` was sent; ``window``: bytes that the client takes in unread."""
    parts = urlsplit(server.url)
    connection = socket.socket()
    _made.append(connection)
    if window:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    connection.settimeout(10)
    connection.connect((parts.hostname, parts.port))
    connection.sendall(data)
    return connection


def head(path: str, *lines: bytes, method: str = "GET", token: bool = True) -> bytes:
    """A request's head, ended."""
    first = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n".encode()
    return first + (BEARER if token else b"") + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def answered(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    pieces = []
    try:
        while piece := connection.recv(65536):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed or reset it, whatever lies unread before that."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return bool(poll.poll(0))


@pytest.fixture
def sockets() -> Iterator[None]:
    """Lets a test open some thousand connections, and closes those that it has made, however it ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < MOST:
        pytest.skip(f"this process may open {hard} files: too few for the attack")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, MOST), hard))
    yield
    while _made:
        _made.pop().close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
