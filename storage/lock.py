"""A lock between all threads and processes of this machine, by means of a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

LONGEST_WAIT_S = 30.0
"""We hold it for a rename: a process that holds it for so long hangs, or is another program."""
_POLL_S = 0.002


class StillHeld(OSError):
    """Another program does not release a lock."""


@contextmanager
def held(path: Path, *, most_s: float = LONGEST_WAIT_S) -> Iterator[None]:
    """Holds the lock at ``path``, after waiting for it for ``most_s`` seconds at most. The system releases it
    however this process ends. The file is made if it is missing, and stays; its folder must exist. Raises
    ``StillHeld``, and ``OSError`` for a file that cannot be used."""
    lock = FileLock(path, timeout=most_s, mode=0o600, poll_interval=_POLL_S)
    try:
        lock.acquire()
    except Timeout as error:
        raise StillHeld(f"another program has held {path.name} for {most_s:g} s") from error
    try:
        yield
    finally:
        lock.release()
