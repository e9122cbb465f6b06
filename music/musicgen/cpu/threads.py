"""The threads that walk through a loop together."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch


def cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """How many threads of this process may run at a time: in a container fewer than the machine has cores. To
    wait at barriers for those that may not would use up the rest."""
    count = len(os.sched_getaffinity(0))
    if quota.exists():
        allowed, period = quota.read_text().split()
        if allowed != "max":
            count = min(count, max(1, int(allowed) // int(period)))
    return count


class ThreadTeam:
    """Threads that walk through a compiled loop together. One at a time may ask for it."""

    def __init__(self, most: int, name: str) -> None:
        """As many as torch has and may run at a time, but at most so many: who had no part of the work would
        only be waited for."""
        self.threads = max(1, min(torch.get_num_threads(), most, cores()))
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix=name)
        # Of three cache lines the first numbers: barriers passed, threads done, times asked.
        self._numbers, self._asked = np.zeros((3, 8), np.int64), 0

    def run(self, loop: Callable[..., None], *shared: object) -> None:
        """``loop(thread, threads, counter, count, ...)`` in each of them: see ``kernels``."""
        from music.musicgen.cpu.dots import barrier, spin_wait

        passed, done, asked = (row.ctypes.data for row in self._numbers)
        before, self._asked = self._asked, self._asked + 1
        counted = int(self._numbers[0, 0])

        def part(thread: int) -> None:
            loop(thread, self.threads, passed, counted, *shared)
            barrier(done, before * self.threads, self.threads)
            if thread:
                spin_wait(asked, before + 2)

        self._numbers[2, 0] = self._asked
        for thread in range(1, self.threads):
            self._pool.submit(part, thread)
        part(0)
