"""What a piece of work costs this processor, for the tests that hold it to a limit.

Such a test is marked ``alone``: the processor time of a process is that of all its threads, and in a process
that has run other tests, theirs may be at work still.
"""

import time
from collections.abc import Callable


def processor_seconds(work: Callable[[], object], *, rounds: int = 3) -> float:
    """The fastest of `rounds`, in seconds of processor time: a busy machine only makes a round slower."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)
