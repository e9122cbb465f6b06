"""Where the service of a library listens: a file in the library's private folder, while it runs, by which the
other commands of this machine find it."""

from __future__ import annotations

import json
import logging
import os
import platform
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from config.process import runs, started
from config.settings import Settings
from orchestrator.server.access.addresses import own_host
from storage.configured import FOLDER, private_folder

log = logging.getLogger(__name__)

ADDRESS_FILE = "serve.json"
_LARGEST_BYTES = 10_000


@contextmanager
def announced(settings: Settings, listener: socket.socket) -> Iterator[None]:
    """Keeps the address of ``listener`` in the file. Where that cannot be written, the log has a line: the
    service itself needs no such file."""
    host, port = listener.getsockname()[:2]
    pid = os.getpid()
    facts = {
        "url": f"http://{own_host(host)}:{port}/",
        "host": platform.node(),
        "pid": pid,
        "started": started(pid),
    }
    path = settings.home / FOLDER / ADDRESS_FILE
    try:
        part = private_folder(settings) / f".part-{secrets.token_hex(8)}"
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(facts, file)
        part.replace(path)
    except OSError as error:
        log.warning("other commands do not find this service: cannot write %s: %s", path, error.strerror)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def running_at(settings: Settings) -> str:
    """The address of the service that runs on this library and machine, such as "http://127.0.0.1:8000/";
    empty if there is none. A file that a killed service left is told by its process."""
    try:
        with (settings.home / FOLDER / ADDRESS_FILE).open("rb") as file:
            facts = json.loads(file.read(_LARGEST_BYTES))
        url, pid = str(facts["url"]), int(facts["pid"])
        here = facts["host"] == platform.node()
        then = str(facts["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return url if here and runs(pid) and then == started(pid) and url.startswith("http://") else ""
