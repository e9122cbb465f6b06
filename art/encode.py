"""Pixels as PNG bytes."""

from __future__ import annotations

import io

from PIL import Image

from art.contract import Pixels

_COMPRESSION = 2  # on pictures with grain: a third of the time of the default 6, and 1% more bytes


def png_bytes(pixels: Pixels) -> bytes:
    """``(height, width, 3)`` uint8 RGB as a PNG file; the same pixels give the same bytes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=_COMPRESSION)
    return buffer.getvalue()
