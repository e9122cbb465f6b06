"""A cover put into a finished audio file, whatever tags it has; the sound stays as it is, byte for byte.

Music and cover are made at the same time, on different machines where there are two, so the file is written
before its cover is known. Formats are named in ``music.tags``.
"""

from __future__ import annotations

import struct

from config.errors import InvalidRequest
from music.tags import (
    FLAC_LAST,
    FLAC_PICTURE,
    FRONT_COVER,
    MARKER_BYTES,
    UTF8,
    flac_picture,
    id3_frame,
    id3_tag,
)

_ID3_HEADER_BYTES = 10
_RIFF_HEADER_BYTES = 12


def with_cover(data: bytes, format: str, png: bytes) -> bytes:
    """``data``, a tagged file of ``format`` ("wav", "flac" or "mp3"), with ``png`` as its front cover.

    A cover that is there already is replaced, so doing it again changes nothing. Raises ``InvalidRequest``
    for another format.
    """
    if format == "mp3":
        size = _id3_bytes(data)
        return _id3_with_cover(data[:size], png) + data[size:]
    if format == "wav":
        return _wav_with_cover(data, png)
    if format == "flac":
        return _flac_with_cover(data, png)
    raise InvalidRequest("format", format, "use one of: wav, flac, mp3")


def _id3_bytes(data: bytes) -> int:
    """The length of the ID3v2 tag that ``data`` begins with, 0 if it has none."""
    if not data.startswith(b"ID3"):
        return 0
    return _ID3_HEADER_BYTES + _plain_size(data[6:10])


def _plain_size(syncsafe: bytes) -> int:
    return sum(byte << shift for byte, shift in zip(syncsafe, (21, 14, 7, 0), strict=True))


def _id3_with_cover(tag: bytes, png: bytes) -> bytes:
    frames, at = [], _ID3_HEADER_BYTES
    while at + _ID3_HEADER_BYTES <= len(tag) and tag[at] != 0:
        end = at + _ID3_HEADER_BYTES + _plain_size(tag[at + 4 : at + 8])
        if tag[at : at + 4] != b"APIC":
            frames.append(tag[at:end])
        at = end
    picture = bytes([UTF8]) + b"image/png\0" + bytes([FRONT_COVER]) + b"Cover\0" + png
    return id3_tag([*frames, id3_frame("APIC", picture)])


def _wav_with_cover(data: bytes, png: bytes) -> bytes:
    chunks, tag, at = [], b"", _RIFF_HEADER_BYTES
    while at + 8 <= len(data):
        size = struct.unpack_from("<I", data, at + 4)[0]
        end = at + 8 + size + size % 2
        if data[at : at + 4] == b"id3 ":
            tag = data[at + 8 : at + 8 + size]
        else:
            chunks.append(data[at:end])
        at = end
    covered = _id3_with_cover(tag, png)
    chunks.append(b"id3 " + struct.pack("<I", len(covered)) + covered + b"\0" * (len(covered) % 2))
    body = b"".join(chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def _flac_with_cover(data: bytes, png: bytes) -> bytes:
    blocks: list[tuple[int, bytes]] = []
    at, last = MARKER_BYTES, False
    while not last:
        last, kind = bool(data[at] & FLAC_LAST), data[at] & 0x7F
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        if kind != FLAC_PICTURE:
            blocks.append((kind, data[at + 4 : at + 4 + size]))
        at += 4 + size
    # Stream information stays first and the comments second; players look for the picture after them.
    blocks.insert(2, (FLAC_PICTURE, flac_picture(png)))
    written = b"".join(
        bytes([kind | (FLAC_LAST if n == len(blocks) - 1 else 0)]) + len(body).to_bytes(3, "big") + body
        for n, (kind, body) in enumerate(blocks)
    )
    return data[:MARKER_BYTES] + written + data[at:]
