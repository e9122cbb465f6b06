"""The mixer's tools: equaliser curves, one-pass block convolution, and gain computers at control rate.

Gains are worked out once per ``BLOCK`` samples and joined by lines: fast, and smooth enough to be inaudible.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from music.sketch.crew import Tick
from music.sketch.instruments.noise import Shape, curve
from music.sketch.instruments.strike import RATE_HZ, Floats, Signal

BLOCK = 64
TAPS = 4096
HOP = 32_768
FRAME = 2 * HOP


def equaliser(*shapes: Shape) -> Signal:
    """``(TAPS,)``: a minimum-phase filter whose response in dB is the sum of ``shapes``.

    Minimum phase by folding the real cepstrum (Oppenheim and Schafer, Discrete-Time Signal Processing, ch.
    13), so that there is neither delay nor pre-ringing.
    """
    size = TAPS * 8
    hz = np.arange(size // 2 + 1) * (RATE_HZ / size)
    magnitude = np.prod([curve(hz, shape) for shape in shapes], axis=0)
    cepstrum = np.fft.irfft(np.log(np.maximum(magnitude, 1e-5)))
    cepstrum[1 : size // 2] *= 2.0
    cepstrum[size // 2 + 1 :] = 0.0
    impulse = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)))[:TAPS]
    impulse[-TAPS // 4 :] *= np.hanning(TAPS // 2)[TAPS // 4 :]
    return impulse.astype(np.float32)


def convolve(rows: Signal, direct: Signal, room: Signal | None, tick: Tick) -> None:
    """Turn dry ``rows`` (left, right, send) into a wet stem in place, in one pass of partitioned convolution.

    Left and right go through the filter ``direct``; the send goes through ``room``, ``(2, samples)``. The
    result is in the first two rows; the third is left as it was.
    """
    samples = rows.shape[1]
    filters = _partitions(direct[np.newaxis])
    rooms = None if room is None else _partitions(room)
    parts = 1 if rooms is None else rooms.shape[1]
    past = np.zeros((2, FRAME), dtype=np.float32)
    sent = np.zeros(FRAME, dtype=np.float32)
    history: list[NDArray[np.complex64]] = []
    for start in range(0, samples, HOP):
        tick(start / samples)
        length = min(HOP, samples - start)
        past[:, :HOP] = past[:, HOP:]
        past[:, HOP:] = 0.0
        past[:, HOP : HOP + length] = rows[:2, start : start + length]
        out = scipy.fft.rfft(past, axis=1) * filters[0, 0]
        if rooms is not None:
            sent[:HOP] = sent[HOP:]
            sent[HOP:] = 0.0
            sent[HOP : HOP + length] = rows[2, start : start + length]
            history = [scipy.fft.rfft(sent), *history[: parts - 1]]
            for back, spectrum in enumerate(history):
                out += rooms[:, back] * spectrum
        rows[:2, start : start + length] = scipy.fft.irfft(out, FRAME, axis=1)[:, HOP : HOP + length]


def _partitions(impulses: Signal) -> NDArray[np.complex64]:
    """``(channels, partitions, bins)``: the impulses in pieces of one hop, each transformed."""
    count = -(-impulses.shape[1] // HOP)
    padded = np.zeros((len(impulses), count, FRAME), dtype=np.float32)
    for index in range(count):
        piece = impulses[:, index * HOP : (index + 1) * HOP]
        padded[:, index, : piece.shape[1]] = piece
    return np.asarray(scipy.fft.rfft(padded, axis=2))


def block_peaks(signal: Signal) -> Floats:
    """``(blocks,)``: the highest sample of any channel in each block."""
    samples = signal.shape[1]
    whole = samples // BLOCK * BLOCK
    out = np.zeros(blocks_of(samples))
    for channel in signal:
        inside = channel[:whole].reshape(-1, BLOCK)
        np.maximum(out[: len(inside)], np.maximum(inside.max(1), -inside.min(1)), out=out[: len(inside)])
        if whole < samples:
            out[-1] = max(out[-1], float(np.max(np.abs(channel[whole:]))))
    return out


def blocks_of(samples: int) -> int:
    """How many blocks a signal has, the last one perhaps short."""
    return -(-samples // BLOCK)


def apply_gain(signal: Signal, gain: Floats) -> None:
    """Multiply ``signal`` in place by a gain given per block, joined by lines from the middle of one to the
    next.
    """
    samples = signal.shape[1]
    nodes = np.concatenate([gain[:1], 0.5 * (gain[1:] + gain[:-1]), gain[-1:]]).astype(np.float32)
    slope = np.arange(BLOCK, dtype=np.float32) / BLOCK
    step = 512
    for first in range(0, len(gain), step):
        edge = nodes[first : first + step + 1]
        lines = (edge[:-1, np.newaxis] + slope * np.diff(edge)[:, np.newaxis]).ravel()
        start = first * BLOCK
        signal[:, start : start + len(lines)] *= lines[: samples - start]


def compression(
    peaks: Floats,
    *,
    threshold_db: float,
    ratio: float,
    attack_s: float,
    release_s: float,
    knee_db: float = 6.0,
) -> Floats:
    """``(blocks,)`` of gain: levels over the threshold are pressed by ``ratio``; soft knee; no make-up."""
    level = 20.0 * np.log10(peaks + 1e-6)
    over = level - threshold_db
    soft = np.clip(over + knee_db / 2.0, 0.0, knee_db) ** 2 / (2.0 * knee_db)
    reduction = np.where(over > knee_db / 2.0, over, soft) * (1.0 - 1.0 / ratio)
    held = falls_slowly(reduction, db_per_s=12.0 / release_s)
    width = max(1, round(attack_s * RATE_HZ / BLOCK))
    # A moving average of the past alone: the transient passes before the gain follows, which keeps the punch.
    late = np.convolve(
        np.concatenate([np.full(width - 1, held[0]), held]), np.full(width, 1.0 / width), "valid"
    )
    return np.asarray(10.0 ** (-late / 20.0))


def falls_slowly(level_db: Floats, *, db_per_s: float) -> Floats:
    """The lowest curve over ``level_db`` that falls no faster than this; it rises at once."""
    ramp = np.arange(len(level_db)) * (db_per_s * BLOCK / RATE_HZ)
    return np.asarray(np.maximum.accumulate(level_db + ramp) - ramp)


def smooth(values: Floats, seconds: float) -> Floats:
    """A moving average over ``seconds`` of blocks."""
    width = max(1, round(seconds * RATE_HZ / BLOCK))
    return np.asarray(uniform_filter1d(values, width, mode="nearest"))


def hold(values: Floats, seconds: float) -> Floats:
    """The maximum over ``seconds`` on either side."""
    return np.asarray(
        maximum_filter1d(values, 2 * max(1, round(seconds * RATE_HZ / BLOCK)) + 1, mode="nearest")
    )


def pumping(kicks_s: Sequence[float], samples: int, *, depth_db: float, recover_s: float) -> Floats:
    """``(blocks,)`` of gain that dips under every kick and breathes back: a side chain fed by the score."""
    blocks = blocks_of(samples)
    t = np.arange(blocks) * (BLOCK / RATE_HZ)
    times = np.array(sorted(kicks_s)) if kicks_s else np.array([-10.0])
    since = t - times[np.maximum(np.searchsorted(times, t, side="right") - 1, 0)]
    dip = np.where(since >= 0.0, np.clip(1.0 - since / recover_s, 0.0, 1.0) ** 1.5, 0.0)
    return np.asarray(10.0 ** (-depth_db * smooth(dip, 0.008) / 20.0))


def while_sung(spans_s: Sequence[tuple[float, float]], samples: int, *, depth_db: float) -> Floats:
    """``(blocks,)`` of gain that makes room while somebody sings; a fifth of a second in and out."""
    mask = np.zeros(blocks_of(samples))
    for start, end in spans_s:
        mask[max(0, round((start - 0.05) * RATE_HZ / BLOCK)) : round((end + 0.1) * RATE_HZ / BLOCK)] = 1.0
    return np.asarray(10.0 ** (-depth_db * smooth(mask, 0.2) / 20.0))
