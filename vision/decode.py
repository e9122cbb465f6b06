"""``python -m vision.decode CPU_S MEMORY_BYTES``: a process that decodes photos, one after another, and that
may die of one.

It reads a photo from its standard input, as ``LENGTH`` and the bytes, and answers on its standard output,
as ``ANSWER`` and the PNG that is kept or the reason why there is none. The system limits the processor time
of each photo and the memory of the process (memory on Linux alone): past the first the process is killed,
past the second the photo is refused.
"""

from __future__ import annotations

import json
import math
import os
import signal
import struct
import sys
import threading
import time
import warnings
from typing import BinaryIO

from config.errors import InvalidRequest, UnsupportedFormat

LENGTH, ANSWER = struct.Struct(">Q"), struct.Struct(">cQ")
READY, KEPT, REFUSED = b"!", b"+", b"-"
"""The kinds of answer: the first comes once, before any photo; then the PNG, or what ``refusal_of`` reads."""

MEMORY_BYTES = 1_500_000_000
"""Addresses of the process: 50 million pixels with transparency take 1.1 GB of them."""
CPU_S = 10.0
"""Of one photo: one of 50 million pixels takes about 4 s."""


def main(cpu_s: float, memory_bytes: int) -> None:
    """Decodes until the input ends."""
    # Here, for the service knows this module too, and has no use for libraries of pictures.
    from vision.photo import kept_photo

    warnings.simplefilter("ignore")  # Pillow's, about what a stranger's file says
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group: the parent decides
    threading.Thread(target=_end_with_the_parent, args=(os.getppid(),), daemon=True).start()
    _limit_memory(memory_bytes)
    photos, answers = sys.stdin.buffer, sys.stdout.buffer
    _answer(answers, READY, b"")
    while head := photos.read(LENGTH.size):
        data = photos.read(*LENGTH.unpack(head))
        _limit_time(cpu_s)
        try:
            kind, answer = KEPT, kept_photo(data)
        except InvalidRequest as error:
            kind, answer = REFUSED, _refusal(error)
        except MemoryError:
            fix = "decoding it takes too much memory: save it anew, with fewer pixels"
            kind, answer = REFUSED, _refusal(InvalidRequest("image", f"{len(data):,} bytes", fix))
        del data
        _answer(answers, kind, answer)


def refusal_of(answer: bytes) -> InvalidRequest:
    """The error that an answer of the kind ``REFUSED`` stands for."""
    kind, field, value, fix = json.loads(answer)
    return (UnsupportedFormat if kind == UnsupportedFormat.__name__ else InvalidRequest)(field, value, fix)


def _refusal(error: InvalidRequest) -> bytes:
    return json.dumps([type(error).__name__, error.field, str(error.value), error.fix]).encode()


def _answer(answers: BinaryIO, kind: bytes, answer: bytes) -> None:
    answers.write(ANSWER.pack(kind, len(answer)) + answer)
    answers.flush()


def _limit_memory(memory_bytes: int) -> None:
    if sys.platform == "linux":  # elsewhere the system knows no such limit, or does not hold to it
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = memory_bytes if most == resource.RLIM_INFINITY else min(memory_bytes, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def _limit_time(cpu_s: float) -> None:
    """From now on ``cpu_s``, by the clock of the processor: a machine that is busy refuses no photo."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        limit = math.ceil(time.process_time() + cpu_s)
        resource.setrlimit(
            resource.RLIMIT_CPU, (limit if most == resource.RLIM_INFINITY else min(limit, most), most)
        )


def _end_with_the_parent(parent: int) -> None:
    """Ends this process, in the middle of a photo too, once whoever started it was killed."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
