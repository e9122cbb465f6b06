"""``python -m tests.hostile.timed serve ...``: the command line with an event loop that says on stderr which
callbacks held it for longer than ``LIMIT_S`` or ``HELD_S``, and where: the coroutine, the innermost lines
that ran when the limit was over, and what the garbage collector took of it.

The time in which the machine gave the thread no core is not counted (Linux tells it), for other tests run
beside this one. Only asyncio's own loop can be timed so: uvloop, where it is installed, is left out.
"""

from __future__ import annotations

import asyncio
import gc
import os
import runpy
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

LIMIT_S = 0.1
"""Of the loop's own processor time; of garbage collections as well, which fall into whatever callback is at
work."""
HELD_S = 0.5 if "PYTEST_XDIST_WORKER" in os.environ else 0.1
"""Of all time but that without a core: what blocks the loop counts, too. Beside other tests it waits for
threads that have no core, and the limit is wider."""
SLOW = "slow callback: "
_LINES = 4  # of the stack, the innermost
_LOOK_S = 0.03

_run = asyncio.Handle._run
_schedule = -1  # the loop's thread's own file, opened once
_began_s = 0.0  # when the callback at work began; 0: there is none
_seen = ""  # where it was when the limit was over
_collecting_s = 0.0
_collected_s = 0.0


def _without_core_s() -> float:
    """Seconds in which the loop's thread could have run, but had no core (proc(5), schedstat)."""
    global _schedule
    if _schedule < 0:
        if not Path("/proc/thread-self/schedstat").exists():
            return 0.0
        _schedule = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    return int(os.pread(_schedule, 100, 0).split()[1]) / 1e9


def _timed(handle: asyncio.Handle) -> Any:
    global _began_s, _seen, _collected_s
    began, waited, _collected_s, _seen = time.perf_counter(), _without_core_s(), 0.0, ""
    what, worked = _name(handle), time.thread_time()
    _began_s = began
    result = _run(handle)  # type: ignore[func-returns-value]
    _began_s = 0.0
    if (wall_s := time.perf_counter() - began) > LIMIT_S:
        held_s = wall_s - (_without_core_s() - waited) - _collected_s
        worked_s = time.thread_time() - worked - _collected_s
        if held_s > HELD_S or worked_s > LIMIT_S or _collected_s > LIMIT_S:
            collected = f", {_collected_s:.3f} s of it garbage collection" if _collected_s > 0.01 else ""
            os.write(2, f"{SLOW}{held_s:.3f} s{collected} {what:.300} {_seen}\n".encode())
    return result


def _name(handle: asyncio.Handle) -> str:
    """The coroutine of a task's step; else the callback."""
    task = getattr(handle._callback, "__self__", None)  # type: ignore[attr-defined]
    if isinstance(task, asyncio.Task):
        return f"task {task.get_name()}: {getattr(task.get_coro(), '__qualname__', task.get_coro())}"
    return repr(handle._callback)  # type: ignore[attr-defined]


def _watch(loop_thread: int) -> None:
    """Keeps where the loop's thread is, once its callback has taken too long."""
    global _seen
    while True:
        time.sleep(_LOOK_S)
        began_s = _began_s
        if began_s and not _seen and time.perf_counter() - began_s > LIMIT_S:
            frame = sys._current_frames().get(loop_thread)
            lines = traceback.extract_stack(frame)[-_LINES:] if frame else []
            _seen = " < ".join(f"{Path(at.filename).name}:{at.lineno} {at.name}" for at in reversed(lines))


def _collecting(phase: str, _info: dict[str, int]) -> None:
    global _collecting_s, _collected_s
    if phase == "start":
        _collecting_s = time.thread_time()
    else:
        _collected_s += time.thread_time() - _collecting_s


if __name__ == "__main__":
    # Engine processes import this module as well, under another name: theirs is not this loop.
    sys.modules["uvloop"] = None  # type: ignore[assignment]  # as if it were not installed
    asyncio.Handle._run = _timed  # type: ignore[method-assign]
    threading.Thread(target=_watch, args=(threading.get_ident(),), daemon=True).start()
    gc.callbacks.append(_collecting)
    sys.argv[0] = "songwright"
    runpy.run_module("orchestrator", run_name="__main__", alter_sys=False)
