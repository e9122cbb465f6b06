"""The socket that the service listens on."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from config.errors import InvalidRequest
from config.settings import Settings

BACKLOG = 2048
"""Connections that the system holds until the service accepts them."""


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """A listening socket at the address of ``settings``. Raises ``InvalidRequest`` if that cannot be used."""
    try:
        found = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InvalidRequest(
            "host", settings.host, f"{error.strerror}: use an address of this machine"
        ) from error
    with listener:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                fix = "another program listens there: stop it, or choose another with --port"
                raise InvalidRequest("port", settings.port, fix) from error
            if error.errno == errno.EACCES:
                fix = f"{error.strerror}: ports below 1024 are for root, choose another with --port"
                raise InvalidRequest("port", settings.port, fix) from error
            raise InvalidRequest(
                "host", settings.host, f"{error.strerror}: choose another address"
            ) from error
        listener.setblocking(False)  # noqa: FBT003 - the socket's own signature
        yield listener
