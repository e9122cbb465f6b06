"""Samples to files: WAV, FLAC and MP3, tags inside. The same samples and tags give the same bytes."""

from __future__ import annotations

import io
import struct

import numpy as np
import soundfile
from numpy.typing import NDArray

from config.errors import InvalidRequest
from music.contract import Samples
from music.formats import FORMATS
from music.tags import Tags, id3, info_list, with_flac_tags

FULL_SCALE = 32768.0
MP3_COMPRESSION = 0.1
"""libsndfile's scale from 0 (best) to 1 (smallest): about 200 kbit/s at a variable rate."""


def encode(samples: Samples, rate_hz: int, format: str, tags: Tags | None = None) -> bytes:
    """``samples``, ``(channels, samples)`` in [-1, 1], as a 16-bit WAV or FLAC or as an MP3 file.

    Raises ``InvalidRequest`` for a format that is not in ``FORMATS``.
    """
    if format not in FORMATS:
        raise InvalidRequest("format", format, f"use one of: {', '.join(FORMATS)}")
    pcm = quantise(samples)
    if format == "wav":
        return _wav(pcm, rate_hz, tags)
    if format == "flac":
        plain = _written(pcm, rate_hz, "FLAC")
        return plain if tags is None else with_flac_tags(plain, tags)
    plain = _mp3(pcm, rate_hz)
    return plain if tags is None else id3(tags) + plain


def quantise(samples: Samples) -> NDArray[np.int16]:
    """``(samples, channels)`` rounded to 16 bits, clipped at full scale; no dither, so that silence stays
    silence.

    The sketch engine's masters are 16-bit values already: for them this changes nothing.
    """
    frames = np.ascontiguousarray(samples.T) * np.float32(FULL_SCALE)
    np.clip(np.rint(frames, out=frames), -FULL_SCALE, FULL_SCALE - 1.0, out=frames)
    return frames.astype(np.int16)


def _written(pcm: NDArray[np.int16], rate_hz: int, container: str) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, pcm, rate_hz, format=container, subtype="PCM_16")
    return out.getvalue()


def _mp3(pcm: NDArray[np.int16], rate_hz: int) -> bytes:
    out = io.BytesIO()
    with soundfile.SoundFile(
        out, "w", rate_hz, pcm.shape[1], format="MP3", subtype="MPEG_LAYER_III",
        compression_level=MP3_COMPRESSION, bitrate_mode="VARIABLE",
    ) as file:  # fmt: skip
        # libsndfile 1.2 garbles MP3 from 16-bit input (a test holds this); floats are well.
        file.write(pcm.astype(np.float32) / np.float32(FULL_SCALE))
    return out.getvalue()


def _wav(pcm: NDArray[np.int16], rate_hz: int, tags: Tags | None) -> bytes:
    """RIFF WAVE with the data first, so that a player that stops there has everything; then the two tag
    chunks.
    """
    channels = pcm.shape[1]
    layout = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_hz * channels * 2, channels * 2, 16)
    chunks = [_chunk(b"fmt ", layout), _chunk(b"data", pcm.astype("<i2").tobytes())]
    if tags is not None:
        chunks += [_chunk(b"LIST", info_list(tags)), _chunk(b"id3 ", id3(tags))]
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
