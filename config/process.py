"""Whether another process of this machine still runs, and when it started."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_QUERY_LIMITED_INFORMATION = 0x1000
_ACCESS_DENIED = 5
_STILL_ACTIVE = 259


def runs(pid: int) -> bool:
    """Whether a process with this id runs. One that we may not signal runs. A zombie does not: in a container
    whose first process collects no children, it stays as long as the container."""
    if sys.platform == "win32":
        return _runs_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return started(pid) != "ended"


def _runs_on_windows(pid: int) -> bool:
    """There ``os.kill(pid, 0)`` is no question: 0 is Ctrl-C."""
    import ctypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    handle = kernel.OpenProcess(_QUERY_LIMITED_INFORMATION, False, pid)  # noqa: FBT003
    if not handle:
        return bool(ctypes.get_last_error() == _ACCESS_DENIED)  # type: ignore[attr-defined]
    code = ctypes.c_ulong()
    known = kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return not known or code.value == _STILL_ACTIVE


def started(pid: int) -> str:
    """When the process started, in the kernel's ticks since boot, which a change of the clock does not move
    (Linux, proc(5)). "ended" for a zombie; empty where the system does not say."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    return "ended" if state in "ZX" else f"{boot}:{fields[18]}"
