"""Pieces of a song's sound, as they go from an engine to those who listen. Needs no arrays."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

_SAMPLE_BYTES = 2
MEDIA_TYPE = "audio/wav"


@dataclass(frozen=True)
class Piece:
    """A stretch of a song as 16-bit PCM, little-endian, with interleaved channels."""

    pcm: bytes
    start: int
    """Its place in the song, in bytes of PCM."""
    frames: int
    """Of the whole song: the samples of each channel."""
    rate_hz: int
    channels: int

    @property
    def song_bytes(self) -> int:
        """The size of the whole song's PCM."""
        return self.frames * self.channels * _SAMPLE_BYTES


Hear = Callable[[Piece], None]
"""Called with each piece of a song, in their order, from the thread that makes it. The same song may begin
again, with the same pieces."""


def wav_head(piece: Piece) -> bytes:
    """The first 44 bytes of a WAV file of the whole song; the PCM comes after it."""
    frame_bytes = piece.channels * _SAMPLE_BYTES
    layout = (1, piece.channels, piece.rate_hz, piece.rate_hz * frame_bytes, frame_bytes, 8 * _SAMPLE_BYTES)
    size = piece.song_bytes
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, *layout, b"data", size)
