"""The pixels that readers take."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from config.errors import InvalidRequest

Pixels = NDArray[np.uint8]
"""``(height, width, 3)`` uint8, RGB."""

SMALLEST_SIDE = 16


def check_pixels(pixels: Pixels) -> Pixels:
    """Returns ``pixels``. Raises ``InvalidRequest`` unless they are ``(height, width, 3)`` uint8, and 16 or
    more in width and height."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise InvalidRequest(
            "image", f"{pixels.dtype} {pixels.shape}", "give (height, width, 3) uint8, which is RGB"
        )
    if min(pixels.shape[:2]) < SMALLEST_SIDE:
        raise InvalidRequest("image", pixels.shape, f"send one of {SMALLEST_SIDE} pixels or more each way")
    return pixels
