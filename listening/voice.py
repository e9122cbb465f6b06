"""Where a voice sounds: phrases with pauses between them, and stretches of phrases that Whisper takes at
once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from config.errors import InvalidRequest

HEARD_HZ = 16_000
"""The rate that Whisper was trained at."""
FRAME_S = 0.01
_SILENT_DB, _SILENCE_DB = -38.0, -80.0
"""Under the loud parts of the voice, where the echo of a word in a room is after a fifth of a second; and
under full scale."""
_PAUSE_S, _SHORTEST_S = 0.3, 0.08
_LONGEST_PHRASE_S, _LEAST_S, _SMOOTH_FRAMES = 9.0, 2.0, 40
_LONGEST_S, _REST_S, _AROUND_S = 28.0, 4.0, 0.6
"""Whisper's window has 30 s; a rest in it invites words that nobody sings."""
_QUIETEST = 1e-5

Mono = NDArray[np.float32]
"""``(samples,)`` at ``HEARD_HZ``, its peak at 1."""


@dataclass(frozen=True)
class Span:
    """From second to second."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


def mono_of(samples: NDArray[np.float32], rate_hz: int) -> Mono:
    """One channel at Whisper's rate. Raises ``InvalidRequest`` for samples that are no sound."""
    if samples.ndim != 2 or not samples.size:
        raise InvalidRequest("samples", f"shape {samples.shape}", "give (channels, samples), one at least")
    if not 8_000 <= rate_hz <= 192_000:
        raise InvalidRequest("rate_hz", rate_hz, "give samples at 8,000 to 192,000 Hz")
    if not np.isfinite(samples).all():
        raise InvalidRequest("samples", "not finite", "give numbers in [-1, 1]")
    step = int(np.gcd(HEARD_HZ, rate_hz))
    mono = resample_poly(samples.mean(axis=0), HEARD_HZ // step, rate_hz // step).astype(np.float32)
    scaled: Mono = mono / max(float(np.max(np.abs(mono))), _QUIETEST)
    return scaled


def levels(voice: Mono) -> NDArray[np.float64]:
    """The level of each whole frame of ``FRAME_S``, in dB under full scale."""
    size = round(FRAME_S * HEARD_HZ)
    frames = voice[: len(voice) // size * size].reshape(-1, size).astype(np.float64)
    found: NDArray[np.float64] = np.maximum(10.0 * np.log10((frames**2).mean(1) + 1e-12), _SILENCE_DB)
    return found


def phrases(level_db: NDArray[np.float64]) -> list[Span]:
    """Where a voice alone sounds, by its ``levels``: spans with a pause between each two."""
    if not len(level_db):
        return []
    loud_db = float(np.percentile(level_db, 95.0))
    sounding = np.flatnonzero(level_db > max(loud_db + _SILENT_DB, _SILENCE_DB))
    found: list[Span] = []
    for frame in sounding:
        start_s, end_s = float(frame * FRAME_S), float((frame + 1) * FRAME_S)
        if found and start_s - found[-1].end_s < _PAUSE_S:
            found[-1] = Span(found[-1].start_s, end_s)
        else:
            found.append(Span(start_s, end_s))
    return [part for span in found if span.length_s >= _SHORTEST_S for part in _parted(span, level_db)]


def _parted(span: Span, level_db: NDArray[np.float64]) -> list[Span]:
    """A phrase without a pause, such as a choir's in a large room, in parts that begin where it is
    quietest."""
    if span.length_s <= _LONGEST_PHRASE_S:
        return [span]
    first, last = (round(second / FRAME_S) for second in (span.start_s + _LEAST_S, span.end_s - _LEAST_S))
    smooth = np.convolve(level_db, np.ones(_SMOOTH_FRAMES) / _SMOOTH_FRAMES, "same")
    at_s = float((first + int(np.argmin(smooth[first:last]))) * FRAME_S)
    return [*_parted(Span(span.start_s, at_s), level_db), *_parted(Span(at_s, span.end_s), level_db)]


def stretches(spans: Sequence[Span], duration_s: float) -> list[Span]:
    """As few stretches of whole phrases as have no long rest and fit into Whisper's window, with a little of
    what is around them, so that a word at an end is in two of them rather than in none."""
    found: list[Span] = []
    for span in spans:
        near = found and span.start_s - found[-1].end_s < _REST_S
        if near and span.end_s - found[-1].start_s <= _LONGEST_S:
            found[-1] = Span(found[-1].start_s, span.end_s)
        else:
            found.append(span)
    return [
        Span(max(0.0, span.start_s - _AROUND_S), min(duration_s, span.end_s + _AROUND_S)) for span in found
    ]
