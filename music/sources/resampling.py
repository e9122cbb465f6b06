"""Brings a recording to another rate piece by piece, so that one of 384 kHz takes no more memory than its
result."""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import firwin, resample_poly

_HALF_WIDTH = 10
"""Of the filter, in samples of the slower rate: ``resample_poly``'s own."""
_BLOCK_S = 4.0


def resampled(
    pieces: Iterator[NDArray[np.float32]], rate_hz: int, to_hz: int
) -> Iterator[NDArray[np.float32]]:
    """``pieces``, each ``(frames, channels)``, at ``to_hz``. Together they are what ``resample_poly`` makes
    of the whole, within rounding."""
    if rate_hz == to_hz:
        yield from pieces
        return
    up, down = to_hz // gcd(rate_hz, to_hz), rate_hz // gcd(rate_hz, to_hz)
    filter_ = _filter(up, down)
    # The neighbours of a block that the filter reaches, and blocks: whole multiples of ``down``, so that the
    # phases of the filter begin anew with each.
    reach = down * -(-(_HALF_WIDTH * max(up, down)) // (up * down))
    block = down * max(1, round(_BLOCK_S * rate_hz / down))
    arrived: list[NDArray[np.float32]] = []
    count = before = 0  # frames in ``arrived``, and how many at its start were resampled already
    for piece in pieces:
        arrived.append(piece)
        count += len(piece)
        if count < before + block + reach:
            continue
        waiting = np.concatenate(arrived)
        while len(waiting) >= before + block + reach:
            whole = _at_rate(waiting[: before + block + reach], up, down, filter_)
            start = before // down * up
            yield whole[start : start + block // down * up]
            kept = min(before + block, reach)
            waiting = waiting[before + block - kept :]
            before = kept
        arrived, count = [waiting], len(waiting)
    if count > before:
        waiting = np.concatenate(arrived)
        yield _at_rate(waiting, up, down, filter_)[before // down * up :]


def _at_rate(
    sound: NDArray[np.float32], up: int, down: int, filter_: NDArray[np.float32]
) -> NDArray[np.float32]:
    made: Any = resample_poly(sound, up, down, axis=0, window=filter_)  # type: ignore[call-overload]  # stubs lack arrays
    return np.asarray(made, np.float32)


def _filter(up: int, down: int) -> NDArray[np.float32]:
    """``resample_poly``'s own filter, made once: of odd rates it has millions of taps."""
    widest = max(up, down)
    taps = firwin(2 * _HALF_WIDTH * widest + 1, 1.0 / widest, window=("kaiser", 5.0))
    return np.asarray(taps, np.float32)
