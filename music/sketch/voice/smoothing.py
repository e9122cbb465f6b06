"""Curves without corners."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_REACH = 4.0


def smooth(curve: NDArray[np.floating[Any]], width: float) -> NDArray[np.float64]:
    """``curve`` under a Gaussian of ``width`` values; its ends are held."""
    reach = max(1, round(_REACH * width))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    padded = np.pad(curve, reach, mode="edge")
    return np.asarray(np.convolve(padded, weights / weights.sum(), "valid"), np.float64)
