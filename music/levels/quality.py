"""Faults of a recording that can be measured without listening: clipping, silence, an end that is cut off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from music.contract import Samples
from music.levels.gains import Floats

_RUN = 4
"""So many equal samples in a row at a peak are no wave's top but a cut one."""
_NEAR_PEAK = 0.98
_WINDOW_S = 0.4
_SILENT_DB = -55.0
"""Of a window, over full scale."""
_END_S = 0.03
_FLOOR_DB = -120.0


@dataclass(frozen=True)
class Quality:
    """What was measured of a mix."""

    clipped: float
    """The share of samples whose peaks are cut off, in the worse channel, 0..1."""
    silent: float
    """The share of time in which nothing is heard, 0..1."""
    end_db: float
    """The level of the last moment over that of the whole recording: a song that fades or rings out ends
    below -25 dB."""


def quality_of(samples: Samples, rate_hz: int) -> Quality:
    """The faults of ``(channels, samples)``. A recording of no samples is silent."""
    if not samples.shape[1]:
        return Quality(0.0, 1.0, _FLOOR_DB)
    window = max(round(_WINDOW_S * rate_hz), 1)
    power = np.mean(np.square(samples, dtype=np.float64), axis=0)
    starts = np.arange(0, len(power), window)
    lengths = np.diff(np.append(starts, len(power)))
    levels = _db(np.add.reduceat(power, starts) / lengths)
    last = power[-max(round(_END_S * rate_hz), 1) :]
    return Quality(
        clipped=max(_clipped(channel) for channel in samples),
        silent=float(np.sum(lengths[levels < _SILENT_DB]) / len(power)),
        end_db=float(_db(np.mean(last, keepdims=True))[0] - _db(np.mean(power, keepdims=True))[0]),
    )


def _clipped(channel: np.ndarray) -> float:
    peak = float(np.max(np.abs(channel)))
    if peak < 1e-3:
        return 0.0
    same = (channel[1:] == channel[:-1]) & (np.abs(channel[1:]) >= _NEAR_PEAK * peak)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8)))
    runs = edges[1::2] - edges[::2] + 1
    return float(np.sum(runs[runs >= _RUN]) / len(channel))


def _db(power: Floats) -> Floats:
    return np.asarray(10.0 * np.log10(np.maximum(power, 10.0 ** (_FLOOR_DB / 10.0))))
