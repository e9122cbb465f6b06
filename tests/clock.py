"""What a piece of work costs this processor, for the tests that hold it to a limit.

A process that has run other tests may have threads of theirs at work still, and much that they left for the
garbage collector to look through: neither is the work's.
"""

import gc
import time
from collections.abc import Callable


def processor_seconds(work: Callable[[], object], *, rounds: int = 3) -> float:
    """The fastest of `rounds`, in seconds of processor time of all threads: a busy machine only makes a round
    slower. Such a test is marked ``alone``."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def first_run_s(work: Callable[[], object]) -> float:
    """Seconds of processor time of this thread: for work that keeps what it has found, so that a second run
    would cost nothing. What it loads once (a dictionary, a detector) is loaded before."""
    gc.disable()
    try:
        began = time.thread_time()
        work()
        return time.thread_time() - began
    finally:
        gc.enable()
