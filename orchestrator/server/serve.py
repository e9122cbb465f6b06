"""``songwright serve``: the app behind uvicorn, and at most one service for a library."""

from __future__ import annotations

import gc
import logging
import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from filelock import lock_descriptor

from config.errors import Conflict, SongwrightError, StoreUnavailable, Unavailable
from config.settings import Settings
from orchestrator.jobs.lease import HeldLease, leased_bucket
from orchestrator.server.access.welcome import welcome
from orchestrator.server.api import create_app
from orchestrator.server.api.middleware.hosts import answered_hosts
from orchestrator.server.auth import load_tokens
from orchestrator.server.http.connections import ACCEPTED_AT_ONCE, fitted
from orchestrator.server.http.listening import listening
from orchestrator.server.http.protocol import protocol
from orchestrator.server.http.running import announced
from orchestrator.server.http.server import ServiceServer
from orchestrator.server.logs import logging_to_stderr
from orchestrator.server.service import Service
from orchestrator.server.watchdog import Watchdog
from orchestrator.server.wiring import local_service
from storage.configured import open_store, private_folder

T = TypeVar("T")
log = logging.getLogger(__name__)

_LOCK_FILE = "serve.lock"
_PREPARE_S = 5.0
_FAILED_END_S = 2.0


def serve(
    settings: Settings, say: Callable[[str], None], *, take_over: bool = False, open_browser: bool = False
) -> None:
    """Runs the service until SIGINT or SIGTERM. ``say`` shows its user a line: see ``welcome``. With
    ``take_over`` it takes the bucket from another service that has it; with ``open_browser`` it opens the
    page.

    Raises ``InvalidRequest`` for an address that it cannot listen on, ``Conflict`` if another service has
    this library, ``StoreUnavailable`` for a folder or a bucket that it cannot use, and ``Unavailable`` for
    any other failure to start. After its end, or a failed start, a watchdog ends the process within a few
    seconds.
    """
    watchdog = Watchdog()
    with (
        logging_to_stderr(settings.log_format),
        _in_one_line(watchdog),
        only_service(settings, say, take_over=take_over) as tenure,
        listening(settings) as listener,
        announced(settings, listener),
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
            lifespan="off",  # ``ServiceServer`` starts and stops the service
            ws="none",
        )
        address = listener.getsockname()[:2]
        signing_in = (service.tokens, service.access.codes)
        welcome(settings, say, address, signing_in, new_token, open_browser=open_browser)
        if settings.doors.open_to_all:
            say(settings.doors.open_to_all)
        server = ServiceServer(config, service, watchdog, tenure)
        # Set before uvicorn sets its own handlers, so that a signal at any moment ends the service in order.
        # Uvicorn raises the signal again at its end; with this handler the process does not fail of it.
        signal.signal(signal.SIGTERM, server.handle_exit)
        gc.collect()
        server.run(sockets=[listener])
        if server.failure:
            raise server.failure
        tenure.check()


def _prepared(settings: Settings) -> tuple[Any, Service, str]:
    """The app, its service, and the token if it is new. The store has been checked. Raises
    ``StoreUnavailable`` if it does not work or does not respond."""

    def prepare() -> tuple[Any, Service, str]:
        open_store(settings).check_writable()
        tokens, new_token = load_tokens(settings)
        service = local_service(settings, tokens)
        app = create_app(settings, service=service, hosts=answered_hosts(settings))
        return app, service, new_token

    return _within(_PREPARE_S, settings, prepare)


def _within(seconds: float, settings: Settings, work: Callable[[], T]) -> T:
    """The result of ``work``. Raises ``StoreUnavailable`` if the store keeps it busy for longer than that."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised in the waiting thread
            outcome.set_exception(error)

    # A daemon, since it may never return.
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
    """Turns an unexpected error into one of ours, which is shown in one line; its traceback goes to the
    log."""
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
def only_service(settings: Settings, say: Callable[[str], None], *, take_over: bool) -> Iterator[HeldLease]:
    """Holds the lock of the library, which the system releases however this process ends, and the lease of
    its bucket if it is in one."""
    path = private_folder(settings) / _LOCK_FILE
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        if os.name == "posix":
            os.fchmod(file.fileno(), 0o600)  # an earlier version let others read it
    except OSError as error:
        raise StoreUnavailable(
            f"cannot use {path}: {error.strerror}", "check who may read and write it"
        ) from error
    with file:
        try:
            locked = lock_descriptor(file.fileno(), blocking=False)
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
            _warn_of_readers(settings.home / "songs")
            yield HeldLease()
        else:
            _within(_PREPARE_S, settings, open_store(settings).look)
            with leased_bucket(settings, say, take_over=take_over) as tenure:
                yield tenure


def _warn_of_readers(songs: Path) -> None:
    """Warns of songs that other users can read, as an earlier version made them; their owner may want
    that."""
    if os.name == "posix" and songs.is_dir() and (wide := stat.S_IMODE(songs.stat().st_mode)) & 0o077:
        log.warning("%s can be looked into by other users (%o): chmod 700 keeps songs private", songs, wide)
