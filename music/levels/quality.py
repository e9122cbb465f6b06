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
_PIECE = 1 << 18


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
    starts = range(0, int(samples.shape[1]), window)
    energy = np.array([_energy(samples[:, start : start + window]) for start in starts])
    lengths = np.array([min(window, samples.shape[1] - start) for start in starts])
    whole_db = _db(energy.sum(keepdims=True) / samples.shape[1])[0]
    last = samples[:, -max(round(_END_S * rate_hz), 1) :]
    return Quality(
        clipped=max(_clipped(channel) for channel in samples),
        silent=float(np.sum(lengths[_db(energy / lengths) < _SILENT_DB]) / samples.shape[1]),
        end_db=float(_db(np.array([_energy(last) / last.shape[1]]))[0] - whole_db),
    )


def _energy(piece: Samples) -> float:
    """The sum of the channels' mean squares."""
    return float(np.mean(np.sum(np.square(piece, dtype=np.float64), axis=1)))


def _clipped(channel: Samples) -> float:
    peak = max(float(channel.max()), -float(channel.min()))
    if peak < 1e-3:
        return 0.0
    count = 0
    for start in range(0, len(channel), _PIECE):  # in pieces: a mask of ten minutes would be large
        piece = channel[start : start + _PIECE]
        same = (piece[1:] == piece[:-1]) & (np.abs(piece[1:]) >= _NEAR_PEAK * peak)
        edges = np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8)))
        runs = edges[1::2] - edges[::2] + 1
        count += int(np.sum(runs[runs >= _RUN]))
    return count / len(channel)


def _db(power: Floats) -> Floats:
    return np.asarray(10.0 * np.log10(np.maximum(power, 10.0 ** (_FLOOR_DB / 10.0))))
