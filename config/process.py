"""Whether another process of this machine still runs, and when it started."""

from __future__ import annotations

import os
from pathlib import Path


def runs(pid: int) -> bool:
    """Whether a process with this id runs. One that we may not signal runs. A zombie does not: in a container
    whose first process collects no children, it stays as long as the container."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return started(pid) != "ended"


def started(pid: int) -> str:
    """When the process started, in the kernel's ticks since boot, which a change of the clock does not move
    (Linux, proc(5)). "ended" for a zombie; empty where the system does not say."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    return "ended" if state in "ZX" else f"{boot}:{fields[18]}"
