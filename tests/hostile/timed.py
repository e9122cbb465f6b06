"""``python -m tests.hostile.timed serve ...``: the command line with an event loop that says on stderr which
callbacks held it for longer than ``LIMIT_S``.

The time in which the machine gave the thread no core is not counted (Linux tells it), for other tests run
beside this one. Only asyncio's own loop can be timed so: uvloop, where it is installed, is left out.
"""

from __future__ import annotations

import asyncio
import os
import runpy
import sys
import time
from pathlib import Path
from typing import Any

LIMIT_S = 0.1
SLOW = "slow callback: "

_run = asyncio.Handle._run
_schedule = -1  # the loop's thread's own file, opened once


def _without_core_s() -> float:
    """Seconds in which the loop's thread could have run, but had no core (proc(5), schedstat)."""
    global _schedule
    if _schedule < 0:
        if not Path("/proc/thread-self/schedstat").exists():
            return 0.0
        _schedule = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    return int(os.pread(_schedule, 100, 0).split()[1]) / 1e9


def _timed(handle: asyncio.Handle) -> Any:
    began, waited = time.perf_counter(), _without_core_s()
    result = _run(handle)  # type: ignore[func-returns-value]
    if (wall_s := time.perf_counter() - began) > LIMIT_S:
        held_s = wall_s - (_without_core_s() - waited)
        if held_s > LIMIT_S:
            os.write(2, f"{SLOW}{held_s:.3f} s {handle!r:.300}\n".encode())
    return result


if __name__ == "__main__":
    # Engine processes import this module as well, under another name: theirs is not this loop.
    sys.modules["uvloop"] = None  # type: ignore[assignment]  # as if it were not installed
    asyncio.Handle._run = _timed  # type: ignore[method-assign]
    sys.argv[0] = "songwright"
    runpy.run_module("orchestrator", run_name="__main__", alter_sys=False)
