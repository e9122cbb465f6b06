"""``python -m music.sources.decode CPU_S MEMORY_BYTES``: a process that decodes recordings, one after
another, and answers with what ``recording_of`` reads. See ``config.decoding.process``."""

from __future__ import annotations

import json
import os
import struct
import sys
from typing import NamedTuple

from config.decoding.process import serve
from config.errors import InvalidRequest

MEMORY_BYTES = 1_500_000_000
"""Address space of the process: 600 s at any rate take 0.9 GB, with an upload of 100 MB, and 0.7 GB of
memory."""
CPU_S = 40.0
"""CPU time of one recording: 600 s take 1 to 8 s, by their kind and rate."""
_HEAD = struct.Struct(">I")


class Kept(NamedTuple):
    """A recording as the process answers it: see ``music.sources.kept.Recording``."""

    kind: str
    duration_s: float
    rate_hz: int
    tempo_bpm: float | None
    flac: memoryview


def recording_of(answer: bytes) -> Kept:
    """The recording in an answer of the process."""
    view = memoryview(answer)
    start = _HEAD.size + _HEAD.unpack_from(answer)[0]
    kind, duration_s, rate_hz, tempo_bpm = json.loads(bytes(view[_HEAD.size : start]))
    return Kept(kind, duration_s, rate_hz, tempo_bpm, view[start:])


def main(cpu_s: float, memory_bytes: int) -> None:
    """Decodes until the input ends."""
    # Imported here because the service imports this module too, and needs no codecs.
    from music.sources.kept import kept_recording

    def decode(data: bytes) -> bytes:
        kept = kept_recording(data)
        facts = json.dumps([kept.kind, kept.duration_s, kept.rate_hz, kept.tempo_bpm]).encode()
        return b"".join((_HEAD.pack(len(facts)), facts, kept.flac))

    _silence_libraries()
    fix = "decoding it takes too much memory: send a shorter one, or one of 48,000 Hz and two channels"
    serve(decode, cpu_s, memory_bytes, InvalidRequest("audio", "", fix))


def _silence_libraries() -> None:
    """Leaves standard error to Python alone: libmpg123 writes a line there for each damaged frame, which
    would fill the log of the service."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
