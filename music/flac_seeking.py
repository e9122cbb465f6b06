"""The seek table of a FLAC file, from its frames: players then jump to a time without searching for it.

By RFC 9639: section 8.5 (seek table), 9.1 (frame headers). libsndfile writes none.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from music.tags import flac_of, flac_parts

FLAC_SEEK_TABLE = 3
POINT_EVERY_S = 10.0
"""As the reference encoder's default."""

_SYNC = b"\xff\xf8"  # of frames that all have the same number of samples
_NUMBER_AT = 4  # in a header: after sync code, block size, rate, channels and sample size
_UNCOMMON_SIZE_BYTES = {6: 1, 7: 2}
_UNCOMMON_RATE_BYTES = {12: 1, 13: 2, 14: 2}


class SeekPoint(NamedTuple):
    """A frame: its first sample, its first byte counted from the first frame, and its number of samples."""

    sample: int
    offset_bytes: int
    samples: int


def with_seek_table(flac: bytes) -> bytes:
    """``flac`` with a seek table after its stream information; all else stays, byte for byte. It has the
    frame at each ``POINT_EVERY_S`` seconds.

    Raises ``ValueError`` if the frames are not those of fixed size that the stream information tells of.
    """
    blocks, audio = flac_parts(flac)
    information = blocks[0][1]
    rate_hz = int.from_bytes(information[10:13], "big") >> 4
    points, due_s = [], 0.0
    for frame in frames(information, audio):
        if frame.sample + frame.samples > due_s * rate_hz:
            points.append(frame)
            due_s += POINT_EVERY_S
    if not points:
        return flac  # there is no audio
    table = b"".join(struct.pack(">QQH", *point) for point in points)
    kept = [block for block in blocks[1:] if block[0] != FLAC_SEEK_TABLE]
    return flac_of([blocks[0], (FLAC_SEEK_TABLE, table), *kept], audio)


def frames(information: bytes, audio: bytes) -> Iterator[SeekPoint]:
    """Every frame of ``audio``, in order; ``information`` is the body of the stream information. Raises as
    ``with_seek_table``.

    A frame does not tell its length. The next header is where the sync code, the next number and a correct
    checksum are: by chance once in 10^14 bytes.
    """
    smallest, size = struct.unpack_from(">HH", information)
    least_bytes = int.from_bytes(information[4:7], "big")
    total = int.from_bytes(information[13:18], "big") & (1 << 36) - 1
    if total and smallest != size:
        raise ValueError(f"FLAC frames of {smallest} to {size} samples: they must have one size")
    at = 0
    for number, sample in enumerate(range(0, total, size or 1)):
        while at >= 0 and not _is_header(audio, at, number):
            at = audio.find(_SYNC, at + 1)
        if at < 0:
            raise ValueError(f"FLAC frame {number} of {-(-total // size)} is not there")
        yield SeekPoint(sample, at, min(size, total - sample))
        at += max(least_bytes, 1)


def _is_header(audio: bytes, at: int, number: int) -> bool:
    """Whether the header of frame ``number`` is at ``at``."""
    coded = _coded(number)
    if not audio.startswith(_SYNC, at) or not audio.startswith(coded, at + _NUMBER_AT):
        return False
    size, rate = audio[at + 2] >> 4, audio[at + 2] & 15
    end = at + _NUMBER_AT + len(coded)
    end += _UNCOMMON_SIZE_BYTES.get(size, 0) + _UNCOMMON_RATE_BYTES.get(rate, 0)
    return end < len(audio) and _crc8(audio[at:end]) == audio[end]


def _coded(number: int) -> bytes:
    """A frame's number as in UTF-8, of up to 31 bits (RFC 9639, table 18)."""
    if number < 0x80:
        return bytes([number])
    more = 1
    while number >> 6 * more >= 1 << 6 - more:
        more += 1
    first = 0xFF << 7 - more & 0xFF | number >> 6 * more
    return bytes([first, *(0x80 | number >> 6 * left & 0x3F for left in reversed(range(more)))])


def _crc8(data: bytes) -> int:
    """The checksum of a header: polynomial x^8 + x^2 + x + 1, from 0."""
    value = 0
    for byte in data:
        value = _CRC8[value ^ byte]
    return value


def _crc8_of(byte: int) -> int:
    for _ in range(8):
        byte = byte << 1 ^ (0x107 if byte & 0x80 else 0)
    return byte


_CRC8 = bytes(_crc8_of(byte) for byte in range(256))
