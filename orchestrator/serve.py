"""``songwright serve``: the app behind uvicorn, one service to a library at a time."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

import uvicorn

from config.errors import Conflict, InvalidRequest
from config.settings import Settings
from orchestrator.api import create_app
from orchestrator.api.hosts import answered_hosts
from orchestrator.auth import TOKEN_FILE, load_tokens
from orchestrator.connections import ACCEPTED_AT_ONCE, fitted
from orchestrator.logs import logging_to_stderr
from orchestrator.protocol import protocol
from orchestrator.service import Service
from orchestrator.stores import open_store, private_folder

_LOCK_FILE = "serve.lock"
_BACKLOG = 2048
_COLLECT_AFTER = (10_000, 20, 20)  # objects, and collections of each age before one of the next
_LAST_REQUESTS_S = 5


def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Runs the service until SIGINT or SIGTERM. ``say`` is told where it is, and its token if that is new.

    Raises ``InvalidRequest`` for an address that cannot be had, ``Conflict`` if another service has this
    library and ``StoreUnavailable`` for a folder or a bucket that cannot be used.
    """
    with _only_service(settings), _listening(settings) as listener, logging_to_stderr(settings.log_format):
        settings = fitted(settings)
        open_store(settings).check_writable()
        tokens, new_token = load_tokens(settings)
        app = create_app(settings, tokens, hosts=answered_hosts(settings))
        config = uvicorn.Config(
            app,
            http=protocol(settings),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            backlog=ACCEPTED_AT_ONCE,
            timeout_graceful_shutdown=_LAST_REQUESTS_S,
            lifespan="on",
            ws="none",
        )
        host, port = listener.getsockname()[:2]
        shown_host = f"[{host}]" if ":" in host else host
        say(f"Songwright is at http://{shown_host}:{port}/")
        if new_token:
            say(f"Your token, shown only now:  {new_token}")
        if not settings.api_bearer_token.get_secret_value():
            say(f"It is kept in {private_folder(settings) / TOKEN_FILE}; Ctrl-C stops.")
        server = _Server(config, app.state.service)
        # Uvicorn raises again the signal that stopped it: a service that was told to end has not failed.
        signal.signal(signal.SIGTERM, lambda _number, _frame: None)
        server.run(sockets=[listener])
        if not server.started:
            sys.exit(1)


class _Server(uvicorn.Server):
    """Lets go of event streams and waiting requests first: they would hold up the end for ever."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(_BACKLOG)  # which the event loop has made as few as it takes in at once
        # What is there by now stays, and looking through it all took up to a tenth of a second each time.
        gc.freeze()
        gc.set_threshold(*_COLLECT_AFTER)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in self.servers:
            listener.close()
        draining = asyncio.ensure_future(self._service.drain())
        while not draining.done() and not self.force_exit:
            await asyncio.wait([draining], timeout=0.1)
        await super().shutdown(sockets)


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """A socket at the address that the settings name, before anything is started for it."""
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
            listener.listen(_BACKLOG)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                fix = "another program listens there: stop it, or choose another with --port"
                raise InvalidRequest("port", settings.port, fix) from error
            raise InvalidRequest(
                "host", settings.host, f"{error.strerror}: choose another address"
            ) from error
        listener.setblocking(False)  # noqa: FBT003 - the socket's own signature
        yield listener


@contextmanager
def _only_service(settings: Settings) -> Iterator[None]:
    """Holds the library's lock, which the system lets go of however this process ends."""
    path = private_folder(settings) / _LOCK_FILE
    with path.open("a+b") as file:
        if not _locked(file):
            raise Conflict(
                f"another service has the library in {settings.home.resolve()}",
                "stop that one, or set SONGWRIGHT_HOME to another folder",
            )
        yield


def _locked(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
