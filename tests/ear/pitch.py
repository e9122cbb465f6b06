"""How well a voice keeps to the written notes, by the pitch tracker ``swift-f0``, which knows no score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import resample_poly

from tests.music.analysis import Floats

if TYPE_CHECKING:
    from swift_f0 import SwiftF0

HEARD_HZ = 16_000
SURE = 0.9
"""The tracker's confidence in a frame that counts."""
SETTLED_S, LEFT_S = 0.12, 0.06
"""Not counted: a note's beginning, where voices slide up to it, and its end, where they go to the next."""
VIBRATO_S = 0.19
"""About one cycle of a vibrato: the mean over it is the note that is heard."""
NEAR_CENTS = 30.0


@dataclass(frozen=True)
class Sung:
    """A written note: when its vowel begins and ends in seconds, and its MIDI number."""

    start_s: float
    end_s: float
    pitch: int


@cache
def tracker() -> SwiftF0:
    from swift_f0 import SwiftF0

    return SwiftF0(threads=1, spin=False)


def cents_off(samples: Floats, rate_hz: int, notes: Sequence[Sung]) -> Floats:
    """For each stable frame (16 ms) of a note how far the voice is from it, in cents, octaves folded: where
    two singers sing an octave apart, the tracker may follow either. Vibrato is counted by its centre."""
    mono = resample_poly(samples.mean(axis=0), HEARD_HZ // 100, rate_hz // 100).astype(np.float32)
    track = tracker().detect(mono / max(float(np.max(np.abs(mono))), 1e-9), HEARD_HZ)
    step = float(track.timestamps[1] - track.timestamps[0])
    midi = 69.0 + 12.0 * np.log2(np.maximum(track.pitch_hz, 1.0) / 440.0)
    found = []
    for note in notes:
        inside = np.flatnonzero(
            (track.timestamps >= note.start_s + SETTLED_S) & (track.timestamps <= note.end_s - LEFT_S)
        )
        sure = inside[track.confidence[inside] >= SURE]
        # A consonant in the middle of a note, or a breath: no stable frames on this note.
        if len(sure) < 4 or len(sure) < 0.6 * len(inside):
            continue
        off = (100.0 * (midi[sure] - note.pitch) + 600.0) % 1200.0 - 600.0
        # A note too short for two cycles has no vibrato.
        cycle = round(VIBRATO_S / step) if len(off) >= 2 * VIBRATO_S / step else 1
        found.append(np.convolve(off, np.full(cycle, 1.0 / cycle), "valid"))
    return np.concatenate(found) if found else np.zeros(0)
