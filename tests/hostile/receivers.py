"""Somebody's servers that webhooks are sent to, and that mean no good."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

Behaviour = Callable[[socket.socket], None]


def read_request(client: socket.socket) -> None:
    """To the end of its head; what follows is of no interest."""
    data = b""
    while b"\r\n\r\n" not in data and (piece := client.recv(65536)):
        data += piece


def for_ever(*pieces: bytes, pause_s: float = 0.0) -> Behaviour:
    """Sends the first piece once, then the last again and again."""

    def answer(client: socket.socket) -> None:
        read_request(client)
        client.sendall(b"".join(pieces[:-1]))
        while True:
            client.sendall(pieces[-1])
            time.sleep(pause_s)

    return answer


def once(data: bytes) -> Behaviour:
    """Sends this, and then nothing more for a long time."""

    def answer(client: socket.socket) -> None:
        read_request(client)
        client.sendall(data)
        while client.recv(65536):
            pass

    return answer


def unread(client: socket.socket) -> None:
    """Reads nothing of the request, and answers nothing."""
    client.settimeout(60)
    time.sleep(60)


def hung_up(client: socket.socket) -> None:
    """Reads the request and leaves."""
    read_request(client)


@contextmanager
def attacking(behaviour: Behaviour | None) -> Iterator[int]:
    """The port of one that behaves so on every connection; None: it takes connections and is silent."""
    ends = threading.Event()
    with socket.socket() as listener, ExitStack() as clients:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1024)

        def serve(client: socket.socket) -> None:
            assert behaviour
            with suppress(OSError), client:
                behaviour(client)

        def accept() -> None:
            while not ends.is_set():
                with suppress(OSError):
                    client, _ = listener.accept()
                    clients.callback(client.close)
                    threading.Thread(target=serve, args=(client,), daemon=True).start()

        if behaviour:
            thread = threading.Thread(target=accept, daemon=True)
            thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ends.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
