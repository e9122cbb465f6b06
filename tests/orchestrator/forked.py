"""Commands with any streams, in a fraction of the time that a start takes: each is a process of the zygote's
(``tests/service/zygote.py``), whose streams are then made as Python makes them at its start.

What it does not check: the start itself, and the encodings that the system's locale gives.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.service.zygote import Forked, zygote

CLOSED = "closed"
FULL = "/dev/full"


@dataclass(frozen=True)
class Ended:
    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        return self.out.decode() + self.err.decode()


def forked(
    arguments: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    *,
    stdin: str = os.devnull,
    stdout: str = "",
    stderr: str = "",
    largest_file: int = 0,
) -> Ended:
    """Runs ``songwright`` with ``arguments``. Each stream is a path, or ``CLOSED``; an empty one is caught.
    ``largest_file`` is in bytes, and stands for a disk that is full."""
    name = uuid4().hex
    caught = [cwd.parent / f"{name}.{stream}" for stream in ("out", "err")]
    what = {
        "streams": [stdin, stdout or str(caught[0]), stderr or str(caught[1])],
        "arguments": list(arguments),
        "largest_file": largest_file,
    }
    command = [sys.executable, "-m", "tests.orchestrator.forked", json.dumps(what)]
    process = Forked(zygote(), command, dict(env), str(cwd))
    with process.stderr:
        code = process.wait(180.0)
    return Ended(code, *(path.read_bytes() if path.exists() else b"" for path in caught))


def _become(what: dict[str, Any]) -> None:
    for descriptor, path in enumerate(what["streams"]):
        os.close(descriptor)
        if path != CLOSED:
            flags = os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
            found = os.open(path, flags)
            if found != descriptor:  # a lower one was closed
                os.dup2(found, descriptor)
                os.close(found)
    encoding, _, errors = os.environ.get("PYTHONIOENCODING", "utf-8").partition(":")
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        setattr(sys, name, None)
        if what["streams"][descriptor] != CLOSED:
            raw = open(descriptor, "wb" if descriptor else "rb", closefd=False)  # noqa: SIM115 - for good
            kept = "backslashreplace" if name == "stderr" else errors or "strict"
            setattr(sys, name, io.TextIOWrapper(raw, encoding, kept, line_buffering=name == "stderr"))
    if what["largest_file"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (what["largest_file"],) * 2)
    sys.argv[1:] = what["arguments"]


if __name__ == "__main__":
    _become(json.loads(sys.argv[1]))
    from orchestrator.__main__ import songwright

    songwright()
