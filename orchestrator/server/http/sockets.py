"""Options of the connections' sockets, by which the system itself drops clients that are gone."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from contextlib import suppress

_RESET = struct.pack("ii", 1, 0) if sys.platform != "win32" else struct.pack("hh", 1, 0)
_SEND_BUFFER_BYTES = 262_144  # of the system's, for each connection


def set_up(transport: asyncio.Transport, write_s: float) -> None:
    """Has the system detect clients that disappeared silently, and buffer little for those that do not read.
    ``write_s`` is how long sent bytes may stay unacknowledged, in seconds."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is None or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    with suppress(OSError):  # it is closed already
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        for name, value in (
            ("TCP_KEEPIDLE", 60),
            ("TCP_KEEPINTVL", 15),
            ("TCP_KEEPCNT", 4),
            ("TCP_USER_TIMEOUT", int(write_s * 1000)),
        ):
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def reset_on_close(transport: asyncio.BaseTransport) -> None:
    """Has a close throw away what the client did not read, which the system otherwise sends for minutes."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):  # it is closed already
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
