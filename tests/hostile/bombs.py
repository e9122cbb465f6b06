"""Photos that are cheap to send and dear to decode."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

LARGE = (8660, 5770)
"""Just under the pixels that a photo may have."""


def file_of(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def photo(width: int, height: int) -> Image.Image:
    """Soft colours, as a photo has."""
    grid = np.random.default_rng(3).integers(0, 256, (height // 32, width // 32, 3), np.uint8)
    return Image.fromarray(grid).resize((width, height), Image.Resampling.BILINEAR)


def scans(width: int, height: int, count: int) -> bytes:
    """A progressive JPEG whose last scan comes ``count`` times."""
    data = file_of(Image.new("L", (width, height), 128), "JPEG", progressive=True)
    start, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:start] + data[start:end] * count + data[end:]


def segments(kind: bytes, count: int) -> bytes:
    """A JPEG with ``count`` empty segments before all others."""
    data = file_of(photo(640, 480), "JPEG")
    return data[:2] + (b"\xff" + kind + b"\0\x02") * count + data[2:]


def filled(count: int) -> bytes:
    """A JPEG with ``count`` fill bytes before its first segment."""
    data = file_of(photo(640, 480), "JPEG")
    return data[:2] + b"\xff" * count + data[2:]


def restarts(count: int) -> bytes:
    """A JPEG whose only scan is followed by ``count`` restarts."""
    return file_of(photo(640, 480), "JPEG")[:-2] + b"\xff\xd0" * count


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def chunks(name: bytes, body: bytes, count: int) -> bytes:
    """A PNG with ``count`` more chunks before its pixels."""
    data = file_of(photo(640, 480), "PNG")
    at = data.index(b"IDAT") - 4
    return data[:at] + chunk(name, body) * count + data[at:]


@cache
def interlaced(width: int, height: int) -> bytes:
    """A PNG of one transparent colour, in seven passes (PNG, 8.2)."""
    deflate, rows = zlib.compressobj(9), b""
    for left, top, across, down in (
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
    ):  # fmt: skip
        row = b"\0" * (1 + 4 * -(-(width - left) // across))
        for _ in range(-(-(height - top) // down)):
            rows += deflate.compress(row)
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 1)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", rows + deflate.flush()) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def animated(kind: str, count: int) -> bytes:
    """An animation of ``count`` frames."""
    frames = [Image.new("RGB", (32, 32), (n % 256, n // 256, 0)) for n in range(count)]
    return file_of(frames[0], kind, save_all=True, append_images=frames[1:])


def exif(entries: int) -> bytes:
    """A JPEG whose EXIF counts ``entries`` tags, and whose first directory is also the next one."""
    tags = struct.pack("<H", min(entries, 65_535)) + b"\x12\x01\x03\0\xff\xff\xff\xff\x08\0\0\0" * 5_000
    body = b"Exif\0\0II*\0" + struct.pack("<I", 8) + tags[:60_000] + struct.pack("<I", 8)
    data = file_of(photo(640, 480), "JPEG")
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]
