"""``python -m tests.hostile.altered serve ...``: the command line with one thing altered, which
``SONGWRIGHT_TEST_ALTERED`` names."""

from __future__ import annotations

import errno
import os
import runpy
import sys
from collections.abc import Callable, Iterator
from typing import Any


def with_a_bug_at_start() -> None:
    """The library has a bug that only its unfinished songs meet."""
    from orchestrator.songs.library import Library

    def unsettled_versions(_self: Library, *_arguments: object) -> Iterator[Any]:
        raise ZeroDivisionError("a bug that nobody expected")

    Library.unsettled_versions = unsettled_versions  # type: ignore[method-assign]


def without_locks() -> None:
    """The file system of the library has no locks that can be tried."""
    import fcntl

    flock = fcntl.flock

    def refused(file: Any, operation: int) -> None:
        if operation & fcntl.LOCK_NB:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
        flock(file, operation)

    fcntl.flock = refused


def soon_quiet() -> None:
    """A tenth of a second without deaths is quiet."""
    import orchestrator.pipeline.tries

    orchestrator.pipeline.tries.COOLDOWN_S = 0.1


ALTERATIONS: tuple[Callable[[], None], ...] = (with_a_bug_at_start, without_locks, soon_quiet)

if __name__ == "__main__":
    # Engine processes import this module as well, under another name: they stay as they are.
    {alter.__name__: alter for alter in ALTERATIONS}[os.environ["SONGWRIGHT_TEST_ALTERED"]]()
    sys.argv[0] = "songwright"
    runpy.run_module("orchestrator", run_name="__main__", alter_sys=False)
