"""Runs a command, and ends it with all its children once standard input closes: when the process that started
this one closes the pipe, or ends in any way, a crash and SIGKILL included.

A file of its own that imports nothing of ours, to be run as ``python -I keeper.py COMMAND ...``. A signal of
the kernel to the child of a dead parent (prctl(2)) would not do alone: it is bound to the thread that started
the child, and on Modal that thread may end long before the process.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

_GRACE_S = 5.0
"""Between SIGTERM, at which vLLM gives its GPU back, and SIGKILL."""
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def keep(command: list[str]) -> int:
    """Returns the exit status of ``command`` as a shell has it: 128 and the signal where one ended it."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # its workers are in its group, and end with it
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,
    )
    threading.Thread(target=_watch, args=(process,), daemon=True).start()
    status = process.wait()
    _signal(process, signal.SIGKILL)  # workers that it left behind
    return status if status >= 0 else 128 - status


def _end_with_parent() -> None:
    """Where this process itself is killed. It was forked from our first thread, which lasts."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _watch(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    _signal(process, signal.SIGTERM)
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
