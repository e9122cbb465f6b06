"""Effects for mix and master: equaliser curves, one-pass block convolution, and gain computers at control
rate.

Gains are computed once per ``BLOCK`` samples and interpolated linearly: fast, and without audible steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view

from music.levels.gains import BLOCK, blocks_of, by_sample, falls_slowly, smooth
from music.sketch.instruments.noise import Shape, curve
from music.sketch.instruments.strike import RATE_HZ, Floats, Signal
from music.sketch.parallel import Tick
from music.stems import put_aside

TAPS = 4096
FRAMES = (65_536, 163_840, 262_144, 393_216)
"""Sizes of transforms. The best is some five times as long as the filter; beyond the last, caches are too
small."""
BATCH = 2
"""So many frames are transformed at once: more are no faster, and each takes 20 MB in each thread."""
STEADY = 1e-4
"""An amount of a dip that changes by less is one amount."""
RAMP_S = 0.5
"""Half the time in which the band makes room for the voice. What is lowered by 6 dB moves by 12 dB a second
at most."""
LEAD_S, TAIL_S = 0.55, 0.2
"""Room is made before a phrase, and kept after it."""
REST_S = 1.4
"""The band does not come back in a shorter rest: that would be pumping."""


def equaliser(*shapes: Shape) -> Signal:
    """``(TAPS,)``: a minimum-phase filter whose response in dB is the sum of ``shapes``.

    Minimum phase by folding the real cepstrum (Oppenheim and Schafer, Discrete-Time Signal Processing, ch.
    13), so there is neither delay nor pre-ringing."""
    size = TAPS * 8
    hz = np.arange(size // 2 + 1) * (RATE_HZ / size)
    magnitude = np.prod([curve(hz, shape) for shape in shapes], axis=0)
    cepstrum = np.fft.irfft(np.log(np.maximum(magnitude, 1e-5)))
    cepstrum[1 : size // 2] *= 2.0
    cepstrum[size // 2 + 1 :] = 0.0
    impulse = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)))[:TAPS]
    impulse[-TAPS // 4 :] *= np.hanning(TAPS // 2)[TAPS // 4 :]
    return impulse.astype(np.float32)


@dataclass(frozen=True)
class Dip:
    """A filter that comes and goes: ``taps`` of an impulse response, and how much of it each block gets, in
    0..1."""

    taps: Signal
    amount: Floats


def convolve(rows: Signal, direct: Signal, room: Signal | None, tick: Tick, dip: Dip | None = None) -> None:
    """Turns dry ``rows`` (left, right, send) into a wet stem in place, in one pass of fast convolution
    (overlap-save).

    Left and right go through the filter ``direct``; the send goes through ``room``, ``(2, samples)``; their
    sum goes through ``dip``. The result is in the first two rows; the third is left as it was. Silence costs
    nothing.
    """
    samples = rows.shape[1]
    channels = 2 if room is None else 3
    overlap = len(direct) if room is None else max(len(direct), room.shape[1])
    overlap += 0 if dip is None else len(dip.taps)
    frame = next((size for size in FRAMES if size >= 4.5 * overlap), FRAMES[-1])
    if frame < 2 * overlap:
        frame = scipy.fft.next_fast_len(2 * overlap, real=True)
    hop = frame - overlap
    batch = min(BATCH, -(-samples // hop))
    tone = scipy.fft.rfft(direct, frame)
    rooms = None if room is None else scipy.fft.rfft(room, frame, axis=1)[:, np.newaxis]
    change = None if dip is None else scipy.fft.rfft(dip.taps, frame) - np.float32(1.0)
    dry = np.zeros((channels, overlap + batch * hop), dtype=np.float32)
    for start in range(0, samples, batch * hop):
        tick(start / samples)
        here = rows[:channels, start : start + batch * hop]
        dry[:, :overlap] = dry[:, batch * hop :]
        dry[:, overlap : overlap + here.shape[1]] = here
        dry[:, overlap + here.shape[1] :] = 0.0
        if not dry.any():
            continue
        # All frames in one call: pocketfft takes several at once, in half the time.
        frames = sliding_window_view(dry, frame, axis=1)[:, ::hop]
        spectra = scipy.fft.rfft(frames, axis=2)
        wet = spectra[:2]
        wet *= tone
        if rooms is not None:
            for side, answer in zip(wet, rooms, strict=True):
                side += answer * spectra[2]
        changing: Signal | None = None
        if dip is not None and change is not None:
            amount = by_sample(dip.amount, start, batch * hop).reshape(batch, hop)
            steady = np.ptp(amount, axis=1) < STEADY
            # Most frames have one amount throughout, and need no second transform.
            if not steady.all():
                changing = scipy.fft.irfft(wet[:, ~steady] * change, frame, axis=2)[:, :, overlap:]
                changing *= amount[~steady]
            for number in np.flatnonzero(steady):
                wet[:, number] *= np.float32(1.0) + amount[number, 0] * change
        made = scipy.fft.irfft(wet, frame, axis=2, overwrite_x=True)[:, :, overlap:]
        if changing is not None:
            made[:, ~steady] += changing
        rows[:2, start : start + batch * hop] = made.reshape(2, -1)[:, : here.shape[1]]
        put_aside(rows)


def convolved(signal: Signal, impulse: Signal) -> Signal:
    """``(channels, samples)``: all of ``signal`` through ``impulse``, its tail included."""
    samples = signal.shape[1] + len(impulse) - 1
    size = scipy.fft.next_fast_len(samples, real=True)
    spectra = scipy.fft.rfft(signal, size, axis=1) * scipy.fft.rfft(impulse, size)
    return np.asarray(scipy.fft.irfft(spectra, size, axis=1)[:, :samples], dtype=np.float32)


def compression(
    peaks: Floats,
    *,
    threshold_db: float,
    ratio: float,
    attack_s: float,
    release_s: float,
    knee_db: float = 6.0,
) -> Floats:
    """``(blocks,)`` of gain: levels above the threshold are compressed by ``ratio``, with a soft knee and no
    make-up gain."""
    level = 20.0 * np.log10(peaks + 1e-6)
    over = level - threshold_db
    soft = np.clip(over + knee_db / 2.0, 0.0, knee_db) ** 2 / (2.0 * knee_db)
    reduction = np.where(over > knee_db / 2.0, over, soft) * (1.0 - 1.0 / ratio)
    held = falls_slowly(reduction, db_per_s=12.0 / release_s)
    width = max(1, round(attack_s * RATE_HZ / BLOCK))
    # A moving average over the past only: the gain follows after the transient, which keeps the punch.
    late = np.convolve(
        np.concatenate([np.full(width - 1, held[0]), held]), np.full(width, 1.0 / width), "valid"
    )
    return np.asarray(10.0 ** (-late / 20.0))


def pumping(kicks_s: Sequence[float], samples: int, *, depth_db: float, recover_s: float) -> Floats:
    """``(blocks,)`` of gain that dips at every kick and recovers: a side chain driven by the score."""
    blocks = blocks_of(samples)
    t = np.arange(blocks) * (BLOCK / RATE_HZ)
    times = np.array(sorted(kicks_s)) if kicks_s else np.array([-10.0])
    since = t - times[np.maximum(np.searchsorted(times, t, side="right") - 1, 0)]
    dip = np.where(since >= 0.0, np.clip(1.0 - since / recover_s, 0.0, 1.0) ** 1.5, 0.0)
    return np.asarray(10.0 ** (-depth_db * smooth(dip, 0.008) / 20.0))


def sung(spans_s: Sequence[tuple[float, float]], samples: int) -> Floats:
    """``(blocks,)``: 1 while somebody sings, from the consonants before the first vowel on, and else 0. Short
    rests count as singing; the changes are S-shaped and take twice ``RAMP_S``."""
    mask = np.zeros(blocks_of(samples))
    until = -np.inf
    for start, end in sorted(spans_s):
        begun = until if start - until < REST_S else start - LEAD_S
        mask[max(0, round(begun * RATE_HZ / BLOCK)) : max(0, round((end + TAIL_S) * RATE_HZ / BLOCK))] = 1.0
        until = max(until, end)
    return smooth(smooth(mask, RAMP_S), RAMP_S)


def lowered(amount: Floats, depth_db: float) -> Floats:
    """The gain that is lower by ``depth_db`` where ``amount`` is 1."""
    return np.asarray(10.0 ** (-depth_db * amount / 20.0))
