"""A process that decodes files of one kind, one after another. A bad file can kill only this process.

It reads a file from standard input, as ``LENGTH`` and the bytes, and answers on standard output, as
``ANSWER`` and either what to keep or the reason of the refusal. The system limits the CPU time of each file
and, on Linux, the memory of the process. Too much CPU time kills the process; too much memory refuses the
file."""

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
from collections.abc import Callable
from typing import BinaryIO

from config.errors import InvalidRequest, UnsupportedFormat

LENGTH, ANSWER = struct.Struct(">Q"), struct.Struct(">cQ")
READY, KEPT, REFUSED = b"!", b"+", b"-"
"""The kinds of answer: ``READY`` comes once, before any file; then what is kept, or a refusal for
``refusal_of``."""


def serve(
    decode: Callable[[bytes], bytes], cpu_s: float, memory_bytes: int, too_much: InvalidRequest
) -> None:
    """Decodes until the input ends. ``decode`` returns what is kept of a file, and raises ``InvalidRequest``;
    ``too_much`` is raised for a file that takes more memory than there is, with its size as the value."""
    warnings.simplefilter("ignore")  # of libraries, about the contents of a user's file
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group: the parent decides
    threading.Thread(target=_end_with_the_parent, args=(os.getppid(),), daemon=True).start()
    _limit_memory(memory_bytes)
    files, answers = sys.stdin.buffer, sys.stdout.buffer
    try:
        _answer(answers, READY, b"")
        while head := files.read(LENGTH.size):
            data = files.read(*LENGTH.unpack(head))
            _limit_time(cpu_s)
            try:
                kind, answer = KEPT, decode(data)
            except InvalidRequest as error:
                kind, answer = REFUSED, _refusal(error)
            except MemoryError:
                size = f"{len(data):,} bytes"
                kind, answer = REFUSED, _refusal(InvalidRequest(too_much.field, size, too_much.fix))
            del data
            _answer(answers, kind, answer)
            del answer
    except BrokenPipeError:  # whoever asked is gone, and its terminal is no place for our traceback
        os._exit(1)


def refusal_of(answer: bytes) -> InvalidRequest:
    """The error in an answer of the kind ``REFUSED``."""
    kind, field, value, fix = json.loads(answer)
    return (UnsupportedFormat if kind == UnsupportedFormat.__name__ else InvalidRequest)(field, value, fix)


def _refusal(error: InvalidRequest) -> bytes:
    return json.dumps([type(error).__name__, error.field, str(error.value), error.fix]).encode()


def _answer(answers: BinaryIO, kind: bytes, answer: bytes) -> None:
    answers.write(ANSWER.pack(kind, len(answer)))
    answers.write(answer)
    answers.flush()


def _limit_memory(memory_bytes: int) -> None:
    if sys.platform == "linux":  # other systems have no such limit, or do not enforce it
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = memory_bytes if most == resource.RLIM_INFINITY else min(memory_bytes, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def _limit_time(cpu_s: float) -> None:
    """Limits the CPU time from now on to ``cpu_s``. It is CPU time, so a busy machine refuses no file."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        limit = math.ceil(time.process_time() + cpu_s)
        resource.setrlimit(
            resource.RLIMIT_CPU, (limit if most == resource.RLIM_INFINITY else min(limit, most), most)
        )


def _end_with_the_parent(parent: int) -> None:
    """Ends this process when its parent is gone, even while it decodes a file."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
