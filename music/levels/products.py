"""Matrix products with the same bits on any machine of one kind."""

from __future__ import annotations

import numpy as np

from music.levels.gains import Floats, Signal

INNER = 256


def product(left: Floats, right: Floats) -> Signal:
    """``left @ right`` in float32, with the same bits for any number of BLAS threads.

    OpenBLAS splits long inner sums differently on one core; short ones are always added in the same order."""
    lefts, rights = (
        np.ascontiguousarray(left, dtype=np.float32),
        np.ascontiguousarray(right, dtype=np.float32),
    )
    out = lefts[:, :INNER] @ rights[:INNER]
    for start in range(INNER, len(rights), INNER):
        out += lefts[:, start : start + INNER] @ rights[start : start + INNER]
    return out
