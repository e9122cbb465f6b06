"""A lock between all threads and processes of this machine, by way of a file."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Not followed and not waited for, should a link or a pipe stand there.
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Waits until nobody else holds the lock at ``path`` and holds it; the system lets go of it however this
    process ends. The file is made where it is missing, its folder is not, and stays. Raises ``OSError``."""
    with os.fdopen(os.open(path, _FLAGS, 0o600), "r+b", buffering=0) as file:
        if sys.platform == "win32":
            import msvcrt

            while True:
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # which gives up after ten seconds
                    break
                except OSError as error:
                    if error.errno != errno.EDEADLOCK:
                        raise
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
