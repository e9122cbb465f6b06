"""The threads that go through a compiled loop together."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from music.musicgen.cpu.layout import Thread


def cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """How many threads of this process may run at a time: in a container fewer than the machine has cores.
    Further threads would only be waited for at barriers, and use up the time of the rest."""
    # Only Linux says on which of them this process may run.
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if quota.exists():
        allowed, period = quota.read_text().split()
        if allowed != "max":
            count = min(count, max(1, int(allowed) // int(period)))
    return count


class ThreadTeam:
    """Threads that go through a compiled loop together. Not safe in threads: one caller at a time."""

    def __init__(self, most: int, name: str) -> None:
        """As many threads as torch has and may run at a time, and no more than ``most``: how many parts the
        work has."""
        self.threads = max(1, min(torch.get_num_threads(), most, cores()))
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix=name)
        # The first number of each of three cache lines: barriers passed, threads done, runs begun.
        self._numbers, self._runs = np.zeros((3, 8), np.int64), 0
        passed, done, self._begun = (row.ctypes.data for row in self._numbers)
        threads = range(self.threads)
        self._at_barriers, self._at_end = (
            [Thread(number, self.threads, counter) for number in threads] for counter in (passed, done)
        )

    def run(self, loop: Callable[..., None], *shared: object) -> None:
        """``loop(thread, counted, *shared)`` in each thread: a ``Thread``, and how far its counter has been
        counted before."""
        from music.musicgen.cpu.loops.intrinsics import barrier, spin_wait

        before, self._runs = self._runs, self._runs + 1
        counted = int(self._numbers[0, 0])

        def part(number: int) -> None:
            loop(self._at_barriers[number], counted, *shared)
            barrier(self._at_end[number], before * self.threads)
            if number:
                spin_wait(self._begun, before + 2)

        self._numbers[2, 0] = self._runs
        for number in range(1, self.threads):
            self._pool.submit(part, number)
        part(0)
