"""``songwright serve``: the app behind uvicorn, one service to a library at a time."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO, Any, TypeVar

import uvicorn

from config.errors import Conflict, InvalidRequest, SongwrightError, StoreUnavailable, Unavailable
from config.settings import Settings
from orchestrator.jobs.lease import Tenure, leased_bucket
from orchestrator.server.api import create_app
from orchestrator.server.api.middleware.hosts import answered_hosts
from orchestrator.server.auth import TOKEN_FILE, load_tokens
from orchestrator.server.ending import Watchdog
from orchestrator.server.http.connections import ACCEPTED_AT_ONCE, fitted
from orchestrator.server.http.protocol import protocol
from orchestrator.server.logs import logging_to_stderr
from orchestrator.server.service import Service
from storage.configured import open_store, private_folder

T = TypeVar("T")
log = logging.getLogger(__name__)

_LOCK_FILE = "serve.lock"
_BACKLOG = 2048
# Objects, and collections of each age before one of the next: the middle ones take 30 ms so, with thousands
# of listeners, and a full one comes after four million objects.
_COLLECT_AFTER = (10_000, 4, 100)
_LAST_REQUESTS_S = 5
_PREPARE_S = 5.0
_END_S = 3.5  # beyond the grace, until the watchdog ends what hangs
_FORCED_END_S = 1.0
_FAILED_END_S = 2.0


def serve(settings: Settings, say: Callable[[str], None], *, take_over: bool = False) -> None:
    """Runs the service until SIGINT or SIGTERM. ``say`` is told where it is, and its token if that is new.
    With ``take_over`` a bucket is taken from another service that has it.

    Raises ``InvalidRequest`` for an address that cannot be had, ``Conflict`` if another service has this
    library, ``StoreUnavailable`` for a folder or a bucket that cannot be used, and ``Unavailable`` for
    whatever else keeps it from starting. Once it has ended, or failed to start, the process has a few seconds
    until a watchdog ends it.
    """
    watchdog = Watchdog()
    with (
        logging_to_stderr(settings.log_format),
        _in_one_line(watchdog),
        _only_service(settings, say, take_over=take_over) as tenure,
        _listening(settings) as listener,
    ):
        settings = fitted(settings)
        app, service, new_token = _prepared(settings)
        config = uvicorn.Config(
            app,
            http=protocol(settings),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            backlog=ACCEPTED_AT_ONCE,
            lifespan="off",  # the server starts and stops the service itself
            ws="none",
        )
        host, port = listener.getsockname()[:2]
        shown_host = f"[{host}]" if ":" in host else host
        say(f"Songwright is at http://{shown_host}:{port}/")
        if new_token:
            say(f"Your token, shown only now:  {new_token}")
        if not settings.api_bearer_token.get_secret_value():
            say(f"It is kept in {private_folder(settings) / TOKEN_FILE}; Ctrl-C stops.")
        server = _Server(config, service, watchdog, tenure)
        # Before the server's own handlers, and after: a signal at any moment ends it, and in good order. The
        # server raises it again at its end: a service that was told to end has not failed.
        signal.signal(signal.SIGTERM, server.handle_exit)
        gc.collect()
        server.run(sockets=[listener])
        if server.failure:
            raise server.failure
        tenure.check()


class _Server(uvicorn.Server):
    """Starts the service before it listens, and stops it after it has let go of event streams and waiting
    requests, which would hold up the end for ever."""

    def __init__(self, config: uvicorn.Config, service: Service, watchdog: Watchdog, tenure: Tenure) -> None:
        super().__init__(config)
        self.failure: BaseException | None = None
        """Why the service did not start."""
        self._service = service
        self._watchdog = watchdog
        self._tenure = tenure
        self._most_s = service.settings.shutdown_grace_s + _END_S
        self._told_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._told_at is None:
            self._told_at = time.monotonic()
        forced = self.should_exit and sig == signal.SIGINT
        code = 130 if sig == signal.SIGINT else 0
        self._watchdog.set(_FORCED_END_S if forced else self._most_s, code)
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        starting = asyncio.ensure_future(self._service.start())
        while not (starting.done() or self.should_exit):
            await asyncio.wait([starting], timeout=0.1)
        if not starting.done():
            starting.cancel()
            await asyncio.wait([starting])
        elif error := starting.exception():
            self.failure = error
            self.should_exit = True
        elif self.should_exit:
            await self._service.stop()
        else:
            await super().startup(sockets)
            for listener in sockets or []:
                listener.listen(_BACKLOG)  # which the event loop has made as few as it takes in at once
            # What is there by now stays, and looking through it all took up to a tenth of a second each time.
            gc.freeze()
            gc.set_threshold(*_COLLECT_AFTER)

    async def on_tick(self, counter: int) -> bool:
        """Ends the service once the bucket is another's, which makes its songs from now on."""
        if self._tenure.lost_to:
            await self._service.jobs.drain(0.0)
            return True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in self.servers:
            listener.close()
        draining = asyncio.ensure_future(self._service.drain())
        while not draining.done() and not self.force_exit:
            await asyncio.wait([draining], timeout=0.1)
        left_s = self._most_s - (time.monotonic() - (self._told_at or time.monotonic()))
        self.config.timeout_graceful_shutdown = max(1, int(min(left_s - 2.0, _LAST_REQUESTS_S)))
        await super().shutdown(sockets)
        await self._service.stop()


def _prepared(settings: Settings) -> tuple[Any, Service, str]:
    """The app and its service over a store that was seen to work, and the token if it is new. Raises
    ``StoreUnavailable`` where the store keeps silent."""

    def prepare() -> tuple[Any, Service, str]:
        open_store(settings).check_writable()
        tokens, new_token = load_tokens(settings)
        service = Service(settings, tokens)
        app = create_app(settings, service=service, hosts=answered_hosts(settings))
        return app, service, new_token

    return _within(_PREPARE_S, settings, prepare)


def _within(seconds: float, settings: Settings, work: Callable[[], T]) -> T:
    """What ``work`` gives. Raises ``StoreUnavailable`` where the store holds it up for longer."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            outcome.set_exception(error)

    # A daemon: it may never come back.
    threading.Thread(target=run, name="prepare", daemon=True).start()
    try:
        return outcome.result(seconds)
    except TimeoutError as error:
        raise StoreUnavailable(
            f"store {settings.store!r} has not answered for {seconds:g} s",
            "see that its address is right and that this machine reaches it",
        ) from error


@contextmanager
def _in_one_line(watchdog: Watchdog) -> Iterator[None]:
    """Makes one of our errors of whatever nobody expected; where it came from goes to the log."""
    try:
        yield
    except SongwrightError:
        watchdog.set(_FAILED_END_S, 1)
        raise
    except Exception as error:
        watchdog.set(_FAILED_END_S, 1)
        log.error("the service did not start", exc_info=error)
        what = f"the service did not start: {type(error).__name__}: {error}"
        raise Unavailable(what, "see 'songwright doctor', and report it if that finds nothing") from error


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
def _only_service(settings: Settings, say: Callable[[str], None], *, take_over: bool) -> Iterator[Tenure]:
    """Holds the library's lock, which the system lets go of however this process ends, and the lease of its
    bucket if it is in one."""
    path = private_folder(settings) / _LOCK_FILE
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        if os.name == "posix":
            os.fchmod(file.fileno(), 0o600)  # an earlier version gave others a part in it
    except OSError as error:
        raise StoreUnavailable(
            f"cannot use {path}: {error.strerror}", "check who may read and write it"
        ) from error
    with file:
        try:
            locked = _locked(file)
        except OSError as error:
            log.warning(
                "%s has no locks (%s): see to it that no other service uses this library", path, error
            )
            locked = True
        if not locked:
            raise Conflict(
                f"another service has the library in {settings.home.resolve()}",
                "stop that one, or set SONGWRIGHT_HOME to another folder",
            )
        if settings.store == "local":
            _say_who_can_look(settings.home / "songs")
            yield Tenure()
        else:
            _within(_PREPARE_S, settings, open_store(settings).look)
            with leased_bucket(settings, say, take_over=take_over) as tenure:
                yield tenure


def _say_who_can_look(songs: Path) -> None:
    """Of songs that others may see, as an earlier version made them: their owner may have wanted that."""
    if os.name == "posix" and songs.is_dir() and (wide := stat.S_IMODE(songs.stat().st_mode)) & 0o077:
        log.warning("%s can be looked into by other users (%o): chmod 700 keeps songs private", songs, wide)


def _locked(file: IO[bytes]) -> bool:
    """Whether nobody else had the lock. Raises ``OSError`` where there are no locks to be had."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            return False
        raise
    return True
