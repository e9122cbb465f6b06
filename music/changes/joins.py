"""Joins of two recordings that are not heard: at the same level, crossfaded, and outside of the crossfade the
kept recording sample by sample.

The fade is of equal power (the squares of the two gains add up to one), as for sounds that have nothing in
common but their beat. Of a model that begins with its own rendition of what is kept, the two have more in
common: then the gains allow for their correlation, so that the level stays the same."""

from __future__ import annotations

import numpy as np

from music.contract import Samples
from music.levels.gains import BLOCK, Floats, apply_gain, block_peaks, limited
from music.levels.meter import integrated, steps_of, true_peaks, weighted_energy

FADE_S = 0.1
"""Short against a beat, and longer than the lowest notes' period."""
PICKUP_S = 0.1
"""A join is so long before a beat: the consonants of a word on the beat come before it, and what strikes on
the beat is of one recording alone."""
MOST_DB = 6.0
"""A replaced part is made louder or softer by no more than this."""
CEILING_DBTP = -1.05
_MARGIN_DB = 0.15  # the limiter's gain is interpolated between blocks


def replaced(
    kept: Samples,
    new: Samples,
    start: int,
    *,
    rate_hz: int,
    opens: bool,
    closes: bool,
    continues: bool = False,
) -> Samples:
    """``kept`` with ``new`` in place of the samples from ``start`` on. Before ``start`` and after the end of
    ``new`` it is ``kept`` to the bit; the fades are inside. ``opens`` and ``closes``: whether ``kept`` has
    something there to fade from and to. ``continues``: whether ``new`` may begin and end with a rendition of
    ``kept``."""
    fade = min(round(FADE_S * rate_hz), new.shape[1] // 2)
    end = start + new.shape[1]
    length = max(kept.shape[1], end)
    out = np.zeros((kept.shape[0], length), np.float32)
    out[:, : kept.shape[1]] = kept
    rises = np.sin(np.linspace(0.0, np.pi / 2.0, fade, dtype=np.float32))
    middle = new.astype(np.float32, copy=True)
    if opens and fade:
        here = out[:, start : start + fade]
        even = _evened(rises, here, middle[:, :fade]) if continues else np.float32(1.0)
        middle[:, :fade] *= rises * even
        middle[:, :fade] += here * (rises[::-1] * even)
    if closes and fade:
        here = out[:, end - fade : end]
        even = _evened(rises, here, middle[:, -fade:]) if continues else np.float32(1.0)
        middle[:, -fade:] *= rises[::-1] * even
        middle[:, -fade:] += here * (rises * even)
    out[:, start:end] = middle
    return out


def matching_gain(new: Samples, like: Samples, rate_hz: int) -> float:
    """The factor that brings ``new`` to the loudness of ``like``, within ``MOST_DB`` and with no true peak
    over ``CEILING_DBTP``; 1.0 if one of them is silent."""
    mine, theirs = (_loudness(samples, rate_hz) for samples in (new, like))
    if not (np.isfinite(mine) and np.isfinite(theirs)):
        return 1.0
    factor = 10.0 ** (float(np.clip(theirs - mine, -MOST_DB, MOST_DB)) / 20.0)
    peak = float(np.max(true_peaks(new, block_peaks(new), BLOCK, above=0.1), initial=1e-9))
    return float(min(factor, max(10.0 ** (CEILING_DBTP / 20.0) / peak, 10.0 ** (-MOST_DB / 20.0))))


def matched(new: Samples, mine: Samples, theirs: Samples, rate_hz: int) -> Samples:
    """``new`` with the factor that brings ``mine``, a part of it or its beginning, to the loudness of
    ``theirs``, within ``MOST_DB``. Its peaks are held to ``CEILING_DBTP`` by a limiter: the level at the join
    stays."""
    before, after = (_loudness(samples, rate_hz) for samples in (mine, theirs))
    known = np.isfinite(before) and np.isfinite(after)
    factor = 10.0 ** (float(np.clip(after - before, -MOST_DB, MOST_DB)) / 20.0) if known else 1.0
    louder = np.asarray(new * np.float32(factor), np.float32)
    ceiling = 10.0 ** ((CEILING_DBTP - _MARGIN_DB) / 20.0)
    peaks = true_peaks(louder, block_peaks(louder), BLOCK, above=0.3)
    if np.max(peaks, initial=0.0) > ceiling:
        apply_gain(louder, limited(peaks, ceiling, rate_hz))
    return louder


def _evened(rises: Samples, kept: Samples, new: Samples) -> Samples:
    """``(samples,)``: the factor for both gains with which the power of the sum stays even, for the
    correlation of the two: 1 where there is none, and gains that add up to one where they are the same."""
    size = float(np.sqrt(np.sum(np.square(kept)) * np.sum(np.square(new))))
    alike = float(np.clip(np.sum(kept * new) / size, 0.0, 1.0)) if size > 0.0 else 0.0
    return np.asarray(1.0 / np.sqrt(1.0 + 2.0 * alike * rises * rises[::-1]), np.float32)


def _loudness(samples: Samples, rate_hz: int) -> float:
    energy: Floats = weighted_energy(samples, BLOCK, rate_hz)
    return float(integrated(steps_of(energy, BLOCK, rate_hz), rate_hz))
