"""``python -m vision.decode CPU_S MEMORY_BYTES``: a process that decodes photos, one after another. A bad
photo can kill only this process.

It reads a photo from standard input, as ``LENGTH`` and the bytes, and answers on standard output, as
``ANSWER`` and either the PNG to keep or the reason of the refusal. The system limits the CPU time of each
photo and, on Linux, the memory of the process. Too much CPU time kills the process; too much memory refuses
the photo."""

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
"""The kinds of answer: ``READY`` comes once, before any photo; then a PNG, or a refusal for
``refusal_of``."""

MEMORY_BYTES = 1_500_000_000
"""Address space of the process: 50 million pixels with transparency take 1.1 GB."""
CPU_S = 10.0
"""CPU time of one photo: 50 million pixels take about 4 s."""


def main(cpu_s: float, memory_bytes: int) -> None:
    """Decodes until the input ends."""
    # Imported here because the service imports this module too, and does not need Pillow.
    from vision.photo import kept_photo

    warnings.simplefilter("ignore")  # Pillow's, about the contents of a user's file
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group: the parent decides
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
    """The error in an answer of the kind ``REFUSED``."""
    kind, field, value, fix = json.loads(answer)
    return (UnsupportedFormat if kind == UnsupportedFormat.__name__ else InvalidRequest)(field, value, fix)


def _refusal(error: InvalidRequest) -> bytes:
    return json.dumps([type(error).__name__, error.field, str(error.value), error.fix]).encode()


def _answer(answers: BinaryIO, kind: bytes, answer: bytes) -> None:
    answers.write(ANSWER.pack(kind, len(answer)) + answer)
    answers.flush()


def _limit_memory(memory_bytes: int) -> None:
    if sys.platform == "linux":  # other systems have no such limit, or do not enforce it
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = memory_bytes if most == resource.RLIM_INFINITY else min(memory_bytes, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def _limit_time(cpu_s: float) -> None:
    """Limits the CPU time from now on to ``cpu_s``. It is CPU time, so a busy machine refuses no photo."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        limit = math.ceil(time.process_time() + cpu_s)
        resource.setrlimit(
            resource.RLIMIT_CPU, (limit if most == resource.RLIM_INFINITY else min(limit, most), most)
        )


def _end_with_the_parent(parent: int) -> None:
    """Ends this process when its parent is gone, even while it decodes a photo."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    try:
        main(float(sys.argv[1]), int(sys.argv[2]))
    except BrokenPipeError:  # whoever asked is gone, and its terminal is no place for our traceback
        os._exit(1)
