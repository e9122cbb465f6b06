"""Reads the files of a store that songs are made from."""

from __future__ import annotations

import io

import numpy as np
import soundfile

from music.contract import Samples


def samples_of(data: bytes) -> tuple[Samples, int]:
    """``(2, samples)`` of a WAV, FLAC or MP3 file of ours, and its rate. Mono becomes two channels."""
    sound, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    both = sound if sound.shape[1] > 1 else np.repeat(sound, 2, axis=1)
    return np.ascontiguousarray(both.T, dtype=np.float32), int(rate_hz)
