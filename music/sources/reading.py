"""The sound of a stored file."""

from __future__ import annotations

import io

import numpy as np
import soundfile

from music.contract import Samples


def samples_of(data: bytes) -> tuple[Samples, int]:
    """The samples of an audio file, ``(2, samples)``, and their rate in Hz. Mono becomes two channels; of
    more than two, the first two are kept."""
    found, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    both = found[:, :2] if found.shape[1] > 1 else np.repeat(found, 2, axis=1)
    return np.ascontiguousarray(both.T, dtype=np.float32), int(rate_hz)
