"""Puts a cover into a finished audio file with any tags; the audio stays the same, byte for byte.

Music and cover are made at the same time, possibly on different machines, so the file is written before the
cover is known. ``music.tags`` names the standards of the formats."""

from __future__ import annotations

import struct

from config.errors import InvalidRequest
from music.tags import (
    FLAC_PICTURE,
    FLAC_VORBIS_COMMENT,
    flac_of,
    flac_parts,
    flac_picture,
    id3_picture,
    id3_tag,
)

_ID3_HEADER_BYTES = 10
_RIFF_HEADER_BYTES = 12


def with_cover(data: bytes, format: str, png: bytes) -> bytes:
    """``data``, a tagged file of ``format`` ("wav", "flac" or "mp3"), with ``png`` as its front cover.

    It replaces an existing cover, so a second call changes nothing. Raises ``InvalidRequest`` for another
    format."""
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
    return id3_tag([*frames, id3_picture(png)])


def _wav_with_cover(data: bytes, png: bytes) -> bytes:
    chunks: list[bytes | memoryview] = []
    tag, at, whole = b"", _RIFF_HEADER_BYTES, memoryview(data)
    while at + 8 <= len(data):
        size = struct.unpack_from("<I", data, at + 4)[0]
        end = at + 8 + size + size % 2
        if data[at : at + 4] == b"id3 ":
            tag = data[at + 8 : at + 8 + size]
        else:
            chunks.append(whole[at:end])
        at = end
    covered = _id3_with_cover(tag, png)
    chunks += [b"id3 " + struct.pack("<I", len(covered)), covered, b"\0" * (len(covered) % 2)]
    size = len(b"WAVE") + sum(len(chunk) for chunk in chunks)
    # Joined once: each copy is of the whole song.
    return b"".join([b"RIFF", struct.pack("<I", size), b"WAVE", *chunks])


def _flac_with_cover(data: bytes, png: bytes) -> bytes:
    blocks, audio = flac_parts(data)
    blocks = [block for block in blocks if block[0] != FLAC_PICTURE]
    # Players look for the picture after the comments.
    comments = next(at for at, block in enumerate(blocks) if block[0] == FLAC_VORBIS_COMMENT)
    blocks.insert(comments + 1, (FLAC_PICTURE, flac_picture(png)))
    return flac_of(blocks, audio)
