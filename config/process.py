"""Whether another process of this machine is still there."""

from __future__ import annotations

import os
from pathlib import Path


def runs(pid: int) -> bool:
    """Whether a process with this id runs; one that may not be asked does."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def started(pid: int) -> str:
    """When the process was started, by the kernel's count of ticks since this boot, which no change of the
    clock touches (Linux, proc(5)); "ended" for one that waits for nothing but its parent, empty where the
    system does not say."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    return "ended" if state in "ZX" else f"{boot}:{fields[18]}"
