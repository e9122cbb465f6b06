"""Makes a user's photo safe: it is checked before it is decoded, and only its pixels are kept.

The result is a new PNG, upright, of 2048 pixels at most. It has no EXIF (no place, no camera), no thumbnail,
no profile, no second frame, and nothing else that could harm a later decoder."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from config.errors import InvalidRequest, UnsupportedFormat
from vision.pixels import SMALLEST_SIDE, Pixels

KINDS = ("PNG", "JPEG", "WebP")
LARGEST_PIXELS = 50_000_000
"""Width times height: as large as photos of phones, and 200 MB when decoded."""
LONGEST_RATIO = 20.0
"""Long side to short side: a thinner picture is not a photo."""
KEPT_SIDE = 2048

_MOST_SCANS, _MOST_SEGMENTS, _MOST_FILL = 50, 5_000, 10_000
_MOST_CHUNKS = 30_000  # of a PNG: 100 MB in chunks of 4 kB are fewer
# A marker (ITU-T T.81, B.1.1). In the data of a scan, 0xff is followed by zero or is a restart marker: both
# are skipped.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_START_OF_SCAN, _END_OF_IMAGE, _WITHOUT_LENGTH = 0xDA, 0xD9, (0x01, 0xD8)
_WEBP_HEADER_BYTES = 30
_COMPRESSION = 4  # as for covers: a third of the time of the default 6, and 2% more bytes
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# All errors that Pillow's decoders raise for damaged files.
_BROKEN = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, struct.error,
    zlib.error,
)  # fmt: skip


def kept_photo(data: bytes) -> bytes:
    """The photo in ``data`` as the PNG to keep; the first frame of an animation. Transparent parts become
    white.

    Raises ``UnsupportedFormat`` unless the content is PNG, JPEG or WebP, and ``InvalidRequest`` for a photo
    that is truncated, too small, too thin, or larger than ``LARGEST_PIXELS``. The size is read from the
    header, before decoding."""
    opened = _opener(data)
    try:
        image = opened(io.BytesIO(data))
    except _BROKEN as error:
        raise _damaged(data) from error
    _check_size(*image.size)
    try:
        image.draft(None, (KEPT_SIDE, KEPT_SIDE))  # a large JPEG is decoded at a half, a quarter or an eighth
        image.load()
        picture = _opaque(_upright(_reduced(image)))
    except _BROKEN as error:
        raise _damaged(data) from error
    picture.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(picture)).save(buffer, "PNG", compress_level=_COMPRESSION)
    return buffer.getvalue()


def pixels_of(png: bytes) -> Pixels:
    """The pixels of a PNG from ``kept_photo``."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        pixels: Pixels = np.asarray(image.convert("RGB"))
    return pixels


def _check_scans(data: bytes) -> None:
    """Limits the scans of a JPEG: a scan of a few bytes costs a pass over the whole picture (ITU-T T.81,
    G.1.1)."""
    at, scans = 2, 0  # behind the marker that every file starts with
    for _ in range(_MOST_SEGMENTS):
        if (found := _MARKER.search(data, at)) is None:
            return  # truncated: the decoder raises the error
        if not scans and found.start() - at > _MOST_FILL:
            raise _damaged(data)
        at, marker = found.end(), data[found.end() - 1]
        if marker == _END_OF_IMAGE:
            return
        if marker in _WITHOUT_LENGTH:
            continue
        at += int.from_bytes(data[at : at + 2], "big")
        scans += marker == _START_OF_SCAN
        if scans > _MOST_SCANS:
            fix = f"it has more than {_MOST_SCANS} scans, and photos have 10: save it anew"
            raise InvalidRequest("image", f"{len(data):,} bytes", fix)
    fix = f"it has more than {_MOST_SEGMENTS:,} segments: save it anew"
    raise InvalidRequest("image", f"{len(data):,} bytes", fix)


def _check_chunks(data: bytes) -> None:
    """Limits the chunks of a PNG: even an empty chunk costs as much as a row of pixels."""
    at, chunks = 8, 0
    while at < len(data):
        at += 12 + int.from_bytes(data[at : at + 4], "big")
        chunks += 1
        if chunks > _MOST_CHUNKS:
            fix = f"it has more than {_MOST_CHUNKS:,} chunks: save it anew"
            raise InvalidRequest("image", f"{len(data):,} bytes", fix)


def _opener(data: bytes) -> Callable[[io.BytesIO], ImageFile.ImageFile]:
    """The decoder for the first bytes; the file's name and declared type do not count. Pillow's ``open``
    would try all its forty formats, and only warn about sizes that we refuse."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        _check_chunks(data)
        return PngImageFile
    if data.startswith(b"\xff\xd8\xff"):
        _check_scans(data)
        return JpegImageFile
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        _check_size(*_webp_size(data))  # its decoder allocates the picture when it is opened
        return WebPImageFile
    raise UnsupportedFormat("image", _looks_like(data), f"send one of: {', '.join(KINDS)}")


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height from the header (RFC 9649, 2.5 to 2.7)."""
    head = data[:_WEBP_HEADER_BYTES].ljust(_WEBP_HEADER_BYTES, b"\0")
    if head[12:16] == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if head[12:16] == b"VP8 ":
        return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    raise _damaged(data)


def _check_size(width: int, height: int) -> None:
    size = f"{width} x {height} pixels"
    if width * height > LARGEST_PIXELS:
        raise InvalidRequest("image", size, f"send one of {LARGEST_PIXELS:,} pixels at the most")
    if min(width, height) < SMALLEST_SIDE:
        raise InvalidRequest("image", size, f"send one of {SMALLEST_SIDE} pixels or more each way")
    if max(width, height) > LONGEST_RATIO * min(width, height):
        raise InvalidRequest("image", size, f"send one at most {LONGEST_RATIO:g} times as long as wide")


def _reduced(image: Image.Image) -> Image.Image:
    """Reduced to a half, a third and so on, but not below ``KEPT_SIDE``: the next steps then have fewer
    pixels."""
    factor = max(image.size) // KEPT_SIDE
    if factor < 2 or image.mode not in ("L", "LA", "RGB", "RGBA"):
        return image
    return image.reduce(factor)


def _upright(image: Image.Image) -> Image.Image:
    """Rotated or mirrored by its EXIF orientation."""
    turn = _TURNS.get(_orientation(image.info.get("exif", b"")))
    return image if turn is None else image.transpose(turn)


def _orientation(exif: bytes) -> int:
    """1 to 8 (EXIF 2.32, 4.6.4; TIFF 6.0, section 2); 1, upright, if there is none or the EXIF is damaged.
    Pillow is not used, because it would read the whole EXIF and warn about it."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(count):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return int(value)
    except struct.error:
        return 1
    return 1


def _opaque(image: Image.Image) -> Image.Image:
    """The image in RGB over white."""
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion clips it at 255
        return Image.fromarray((np.asarray(image).astype(np.int32) >> 8).astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    ground = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(ground, layer).convert("RGB")


def _looks_like(data: bytes) -> str:
    start = data[:256].lstrip()
    if not data:
        return "an empty file"
    if start.startswith(b"<"):
        return "a text with tags, such as SVG"
    if start.startswith((b"GIF8", b"BM", b"II*\0", b"MM\0*")) or data[4:8] == b"ftyp":
        return "an image of another format"
    return "not an image"


def _damaged(data: bytes) -> InvalidRequest:
    return InvalidRequest("image", f"{len(data):,} bytes", "it is cut short or damaged: send it whole")
