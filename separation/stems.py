"""What stems have to be, whoever finds them: at the song's rate, on the grid of 16 bits, and with the song as
their sum."""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd

import numpy as np
from scipy.signal import resample_poly

from config.errors import InvalidRequest
from separation.contract import Samples

REST = "other"
"""The stem for all that the others leave."""
_STEPS = np.float32(32768.0)
_LOWEST, _HIGHEST = np.float32(-1.0), np.float32(1.0) - 1 / _STEPS
_RATES_HZ = (8_000, 192_000)


def checked(samples: Samples, rate_hz: int) -> Samples:
    """``samples``. Raises ``InvalidRequest`` unless they are two channels of numbers, at a rate that music
    has."""
    if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
        raise InvalidRequest("rate_hz", rate_hz, "send {} to {} Hz".format(*_RATES_HZ))
    if samples.ndim != 2 or samples.shape[0] != 2 or not samples.shape[1]:
        raise InvalidRequest("samples", str(samples.shape), "send two channels of one sample or more")
    if not np.isfinite(samples).all():
        raise InvalidRequest("samples", "nan", "send numbers from -1 to 1")
    return samples


def resampled(samples: Samples, rate_hz: int, to_hz: int, length: int | None = None) -> Samples:
    """``samples`` at another rate; with ``length``, exactly as many."""
    step = gcd(rate_hz, to_hz)
    found = resample_poly(samples, to_hz // step, rate_hz // step, axis=1) if rate_hz != to_hz else samples
    if length is not None:
        found = np.pad(found[:, :length], ((0, 0), (0, max(0, length - found.shape[1]))))
    return np.ascontiguousarray(found, np.float32)


def summing_up(mix: Samples, stems: Mapping[str, Samples]) -> dict[str, Samples]:
    """``stems`` and, as ``REST``, all that they leave of ``mix``. All of them are on the grid of 16 bits, so
    that nothing is lost when they are stored, and their sum is ``mix`` on that grid."""
    rest, kept = _on_grid(mix), {}
    for name, stem in stems.items():
        kept[name] = _on_grid(stem)
        rest -= kept[name]
    # A rest that is too loud for its file gives what is too much to stems that have room. There is always
    # enough: the mix itself is not too loud.
    for stem in kept.values():
        excess = rest - np.clip(rest, _LOWEST, _HIGHEST)
        if not excess.any():
            break
        taken = np.clip(stem + excess, _LOWEST, _HIGHEST) - stem
        stem += taken
        rest -= taken
    return {**kept, REST: rest}


def _on_grid(samples: Samples) -> Samples:
    """Rounded to 16 bits and limited, as ``music.encode`` stores them. A copy."""
    scaled: Samples = np.rint(samples * _STEPS)
    scaled /= _STEPS
    np.clip(scaled, _LOWEST, _HIGHEST, out=scaled)
    return scaled
