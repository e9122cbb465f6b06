"""Samples to files: WAV, FLAC and MP3 with tags. The same samples and tags give the same bytes."""

from __future__ import annotations

import io
import struct

import numpy as np
import soundfile
from numpy.typing import NDArray

from config.errors import InvalidRequest
from music.contract import Samples
from music.flac_seeking import with_seek_table
from music.formats import FORMATS
from music.stems import put_aside
from music.tags import Tags, id3, info_list, with_flac_tags

FULL_SCALE = 32768.0
FLAC_COMPRESSION = 0.5
"""libsndfile's scale of FLAC's levels 0 to 8: level 4. It takes 0.83 of the time of the usual level 5, and
files are 1.5% larger; lower levels save little more time, and lose up to a fifth of size."""
PIECE = 131_072
"""Samples that stay in the cache."""
MP3_COMPRESSION = 0.1
"""libsndfile's scale from 0 (best) to 1 (smallest): about 200 kbit/s at a variable rate."""


def encode(samples: Samples, rate_hz: int, format: str, tags: Tags | None = None) -> bytes:
    """``samples``, ``(channels, samples)`` in [-1, 1], as a 16-bit WAV or FLAC or as an MP3 file.

    Raises ``InvalidRequest`` for a format that is not in ``FORMATS``.
    """
    if format not in FORMATS:
        raise InvalidRequest("format", format, f"use one of: {', '.join(FORMATS)}")
    if format == "wav":
        return _wav(quantise(samples), rate_hz, tags)
    if format == "flac":
        plain = _flac(samples, rate_hz)
        return with_seek_table(plain if tags is None else with_flac_tags(plain, tags))
    plain = _mp3(quantise(samples), rate_hz)
    return plain if tags is None else id3(tags) + plain


def quantise(samples: Samples) -> NDArray[np.int16]:
    """``(samples, channels)`` rounded to 16 bits and clipped at full scale; without dither, so silence stays
    silence.

    The sketch engine's masters are 16-bit values already: for them this changes nothing.
    """
    out = np.empty(samples.shape[::-1], dtype=np.int16)
    scaled = np.empty(PIECE, dtype=np.float32)
    for channel, row in enumerate(samples):
        for start in range(0, len(row), PIECE):
            piece = row[start : start + PIECE]
            frames = np.multiply(piece, np.float32(FULL_SCALE), out=scaled[: len(piece)])
            np.clip(np.rint(frames, out=frames), -FULL_SCALE, FULL_SCALE - 1.0, out=frames)
            out[start : start + PIECE, channel] = frames
    return out


def _flac(samples: Samples, rate_hz: int) -> bytes:
    out = io.BytesIO()
    with soundfile.SoundFile(
        out, "w", rate_hz, len(samples), format="FLAC", subtype="PCM_16", compression_level=FLAC_COMPRESSION
    ) as file:
        # Piece by piece: a whole song takes 32 MB a minute.
        for start in range(0, samples.shape[1], PIECE):
            file.write(quantise(samples[:, start : start + PIECE]))
            put_aside(samples)
    return out.getvalue()


def _mp3(pcm: NDArray[np.int16], rate_hz: int) -> bytes:
    out = io.BytesIO()
    with soundfile.SoundFile(
        out, "w", rate_hz, pcm.shape[1], format="MP3", subtype="MPEG_LAYER_III",
        compression_level=MP3_COMPRESSION, bitrate_mode="VARIABLE",
    ) as file:  # fmt: skip
        # libsndfile 1.2 writes wrong MP3 from 16-bit input (a test shows this); float input is correct.
        file.write(pcm.astype(np.float32) / np.float32(FULL_SCALE))
    return out.getvalue()


def _wav(pcm: NDArray[np.int16], rate_hz: int, tags: Tags | None) -> bytes:
    """RIFF WAVE with the audio data first, for players that stop reading there; then the two chunks with
    tags."""
    channels = pcm.shape[1]
    layout = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_hz * channels * 2, channels * 2, 16)
    chunks = [
        *_chunk(b"fmt ", layout),
        *_chunk(b"data", pcm.astype("<i2", copy=False).reshape(-1).view(np.uint8).data),
    ]
    if tags is not None:
        chunks += [*_chunk(b"LIST", info_list(tags)), *_chunk(b"id3 ", id3(tags))]
    size = len(b"WAVE") + sum(len(part) for part in chunks)
    # Joined once: each copy is of the whole song.
    return b"".join([b"RIFF", struct.pack("<I", size), b"WAVE", *chunks])


def _chunk(name: bytes, body: bytes | memoryview) -> list[bytes | memoryview]:
    return [name + struct.pack("<I", len(body)), body, b"\0" * (len(body) % 2)]
