"""Whether another process of this machine is still there."""

from __future__ import annotations

import os


def runs(pid: int) -> bool:
    """Whether a process with this id runs; one that may not be asked does."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
