"""The peaks of a song, for players to draw. A browser would have to decode 30 MB for them."""

from __future__ import annotations

import json

import numpy as np

from music.contract import Audio

PEAKS = 800


def waveform_json(audio: Audio) -> bytes:
    """``{"duration_s": ..., "peaks": [...]}``: the largest magnitude over all channels in each of ``PEAKS``
    equal periods of time, 0 to 1."""
    edges = np.linspace(0, audio.samples.shape[1], PEAKS, endpoint=False).astype(np.int64)
    peaks = np.maximum.reduceat(np.abs(audio.samples).max(axis=0), edges)
    rounded = [round(float(peak), 3) for peak in np.clip(peaks, 0.0, 1.0)]
    return json.dumps({"duration_s": round(audio.duration_s, 3), "peaks": rounded}).encode()
