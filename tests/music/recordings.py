"""Recordings as people have them, written by libsndfile and FFmpeg."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

Sound = NDArray[np.float64]
"""``(frames, channels)``."""


def tone(seconds: float = 2.0, rate_hz: int = 44_100, channels: int = 2, hz: float = 440.0) -> Sound:
    """A tone that is half as loud in each channel as in the one before."""
    wave = np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)
    return wave[:, None] * (0.5 ** np.arange(1, channels + 1))


def file_of(sound: Sound, rate_hz: int = 44_100, format_: str = "WAV", subtype: str | None = None) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, sound, rate_hz, format=format_, subtype=subtype)
    return out.getvalue()


def m4a(sound: Sound, rate_hz: int = 44_100, codec: str = "aac", **options: Any) -> bytes:
    """An MPEG-4 file. Skips the test where PyAV is not installed; with CI set it is."""
    try:
        import av
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip("PyAV is not installed (pip install 'songwright[m4a]')")
    out = io.BytesIO()
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[sound.shape[1]]
    with av.open(out, "w", format="mp4", options=options) as container:
        stream: Any = container.add_stream(codec, rate=rate_hz, layout=layout)
        size = stream.codec_context.frame_size or 1024
        form = "s16p" if codec == "alac" else "fltp"
        for start in range(0, len(sound), size):
            block = sound[start : start + size].T
            samples = (block * 32767).astype(np.int16) if codec == "alac" else block.astype(np.float32)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format=form, layout=layout)
            frame.sample_rate, frame.pts = rate_hz, start
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return out.getvalue()


@cache
def silent_hours(hours: float) -> bytes:
    """Hours of silence in a few bytes: a FLAC file of 16 kHz."""
    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", 16_000, 1, format="FLAC", compression_level=0.0) as file:
        minute = np.zeros((60 * 16_000, 1), np.int16)
        for _ in range(round(60 * hours)):
            file.write(minute)
    return out.getvalue()


def chunks(wav: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The chunks of a RIFF file: name, where its body starts, and how long it says it is."""
    at = 12
    while at + 8 <= len(wav):
        name, size = wav[at : at + 4], int.from_bytes(wav[at + 4 : at + 8], "little")
        yield name, at + 8, size
        at += 8 + size + size % 2


def with_data_of(size: int, wav: bytes) -> bytes:
    """A WAV file whose header claims so many bytes of sound."""
    start = next(start for name, start, _ in chunks(wav) if name == b"data")
    return wav[:4] + struct.pack("<I", size) + wav[8 : start - 4] + struct.pack("<I", size) + wav[start:]


def with_format(wav: bytes, **fields: int) -> bytes:
    """A WAV file with other numbers in its format: ``channels``, ``rate``, ``bits``, ``align``."""
    start = next(start for name, start, _ in chunks(wav) if name == b"fmt ")
    made = bytearray(wav)
    places = {"channels": (2, "<H"), "rate": (4, "<I"), "align": (12, "<H"), "bits": (14, "<H")}
    for name, value in fields.items():
        at, form = places[name]
        struct.pack_into(form, made, start + at, value)
    return bytes(made)
