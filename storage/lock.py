"""A lock between all threads and processes of this machine, by way of a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

LONGEST_WAIT_S = 30.0
"""Ours hold it for a rename: who holds it for so long is stuck, or is another program."""
_LOOK_EVERY_S = 0.002


class StillHeld(OSError):
    """Another program has not let go of a lock."""


@contextmanager
def held(path: Path, *, most_s: float = LONGEST_WAIT_S) -> Iterator[None]:
    """Waits until nobody else holds the lock at ``path``, for ``most_s`` seconds at most, and holds it; the
    system lets go of it however this process ends. The file is made where it is missing, its folder is not,
    and stays. Raises ``StillHeld``, and ``OSError`` for a file that cannot be had."""
    lock = FileLock(path, timeout=most_s, mode=0o600, poll_interval=_LOOK_EVERY_S)
    try:
        lock.acquire()
    except Timeout as error:
        raise StillHeld(f"another program has held {path.name} for {most_s:g} s") from error
    try:
        yield
    finally:
        lock.release()
