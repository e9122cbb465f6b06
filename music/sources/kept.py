"""Makes a user's recording safe: only its sound is kept, as a new FLAC file of 16 bits and two channels.

What it is is told by its bytes, not by its name. It is decoded in pieces, so that a file of a few bytes that
claims hours, or holds them, takes no memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from config.errors import InvalidRequest, UnsupportedFormat
from music.contract import Samples
from music.encode import encode
from music.hearing.tempo import tempo_of
from music.sources.resampling import resampled

KINDS = ("WAV", "FLAC", "MP3", "Ogg", "M4A")
LONGEST_S, SHORTEST_S = 600.0, 1.0
RATES_HZ = (16_000, 384_000)
KEPT_RATES_HZ = (32_000, 44_100, 48_000)
"""Those of the engines. Another rate is brought to the nearest of these that is not lower, or the highest."""
MOST_CHANNELS = 8
SILENT_DB = -60.0
"""Peaks of a recording in which nothing is heard, over full scale."""
_PIECE = 65_536
_LOUDEST = 1e6
"""Over full scale, of floats. Some programs write floats in 16-bit units (32,768); more is no sound."""
_FORMATS = {"WAV": "WAV", "WAVEX": "WAV", "RF64": "WAV", "FLAC": "FLAC", "MP3": "MP3", "OGG": "Ogg"}
"""libsndfile's names of formats, and ours."""
_M4A_BRANDS = frozenset(
    name.encode().ljust(4)
    for name in (
        "M4A M4B M4V F4A mp41 mp42 isom iso2 iso3 iso4 iso5 iso6 iso7 iso8 iso9 dash qt avc1 mmp4 "
        "3gp4 3gp5 3gp6"
    ).split()
)
"""Of files that may hold sound: others of this structure are pictures."""
_M4A_CODECS = frozenset({"aac", "alac", "mp3", "mp3float", "opus", "libopus", "flac"})
"""FFmpeg's names of those that music is in: its decoders of other things have no business with uploads."""


@dataclass(frozen=True)
class Recording:
    """A recording as it is kept."""

    flac: bytes
    kind: str
    """Of the upload: one of ``KINDS``."""
    duration_s: float
    rate_hz: int
    tempo_bpm: float | None
    """See ``music.hearing.tempo``."""


def kept_recording(data: bytes) -> Recording:
    """The recording in ``data``. Mono becomes two channels; of more than two, the first two are kept.

    Raises ``UnsupportedFormat`` unless the content is one of ``KINDS``, and for an M4A file where its reader
    is not installed; ``InvalidRequest`` for a file that is damaged, of a rate out of ``RATES_HZ``, shorter
    than ``SHORTEST_S``, longer than ``LONGEST_S``, or silent."""
    if not data:
        raise InvalidRequest("audio", "0 bytes", "the file is empty: send a recording")
    if _is_m4a(data):
        kind, rate_hz, pieces = _opened_m4a(data)
    else:
        kind, rate_hz, pieces = _opened(data)
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        fix = f"send one of {RATES_HZ[0]:,} to {RATES_HZ[1]:,} Hz: a lower one lacks the sound of words"
        raise InvalidRequest("audio", f"{rate_hz:,} Hz", fix)
    kept_hz = next((rate for rate in KEPT_RATES_HZ if rate >= rate_hz), KEPT_RATES_HZ[-1])
    samples = _together(list(resampled(_checked(pieces, rate_hz, data), rate_hz, kept_hz)))
    peak = float(max(np.abs(samples[:, start : start + _PIECE]).max() for start in _starts(samples)))
    if peak < 10.0 ** (SILENT_DB / 20.0):
        seconds = f"{samples.shape[1] / kept_hz:.1f} s of silence"
        raise InvalidRequest("audio", seconds, "send one with sound in it")
    if peak > 1.0:  # of floats, of a lossy codec, or by the filter: clipping would be heard
        samples /= np.float32(peak)
    tempo_bpm = tempo_of(samples, kept_hz)
    return Recording(encode(samples, kept_hz, "flac"), kind, samples.shape[1] / kept_hz, kept_hz, tempo_bpm)


def _checked(
    pieces: Iterator[NDArray[np.float32]], rate_hz: int, data: bytes
) -> Iterator[NDArray[np.float32]]:
    """``pieces``, each ``(frames, channels)``, with two channels."""
    frames = 0
    for piece in pieces:
        if piece.shape[1] > MOST_CHANNELS:
            fix = f"send one of two channels, or of {MOST_CHANNELS} at the most"
            raise InvalidRequest("audio", f"{piece.shape[1]} channels", fix)
        frames += len(piece)
        if frames > LONGEST_S * rate_hz:
            fix = f"send {LONGEST_S:g} s at the most: cut out the part that matters"
            raise InvalidRequest("audio", f"more than {LONGEST_S:g} s", fix)
        both = piece[:, :2] if piece.shape[1] > 1 else np.repeat(piece, 2, axis=1)
        if not (np.isfinite(both).all() and np.abs(both).max(initial=0.0) <= _LOUDEST):
            raise _damaged(data)
        yield np.ascontiguousarray(both, np.float32)
    if frames < SHORTEST_S * rate_hz:
        fix = (
            f"send {SHORTEST_S:g} s at the least, and all of the file: it may have been cut short on the way"
        )
        raise InvalidRequest("audio", f"{frames / rate_hz:.3f} s", fix)


def _together(pieces: list[NDArray[np.float32]]) -> Samples:
    """``(2, samples)`` of all ``pieces``, each ``(frames, 2)``, which are freed one by one."""
    samples = np.empty((2, sum(map(len, pieces))), np.float32)
    at = 0
    pieces.reverse()
    while pieces:
        piece = pieces.pop()
        samples[:, at : at + len(piece)] = piece.T
        at += len(piece)
    return samples


def _starts(samples: Samples) -> range:
    return range(0, samples.shape[1], _PIECE)


def _opened(data: bytes) -> tuple[str, int, Iterator[NDArray[np.float32]]]:
    """The kind, the rate and the pieces of a file that libsndfile reads."""
    try:
        file = soundfile.SoundFile(io.BytesIO(data))
    except (soundfile.LibsndfileError, TypeError, ValueError) as error:
        if _kind_by_first_bytes(data):
            raise _damaged(data) from error
        raise _unknown(data) from error
    kind = _FORMATS.get(file.format)
    if kind is None:
        raise _unknown(data)

    def pieces() -> Iterator[NDArray[np.float32]]:
        with file:
            try:
                while len(piece := file.read(_PIECE, dtype="float32", always_2d=True)):
                    yield piece
            except (soundfile.LibsndfileError, RuntimeError, ValueError) as error:
                raise _damaged(data) from error

    return kind, file.samplerate, pieces()


def _opened_m4a(data: bytes) -> tuple[str, int, Iterator[NDArray[np.float32]]]:
    """Likewise, of an MPEG-4 file, by FFmpeg."""
    try:
        import av
    except ImportError as error:
        fix = "its reader is not installed here: send a WAV, FLAC, MP3 or Ogg file, or install it "
        raise UnsupportedFormat("audio", "M4A", f"{fix}(pip install 'songwright[m4a]')") from error
    try:
        container = av.open(io.BytesIO(data), "r", format="mp4")
        stream = next(iter(container.streams.audio), None)
        codec = stream.codec_context if stream else None  # none either, where it is not known
        rate_hz = int(codec.sample_rate) if codec else 0
    except (av.FFmpegError, ValueError, OverflowError) as error:
        raise _damaged(data) from error
    if stream is None:
        raise InvalidRequest("audio", "no sound", "there is no track of sound in the file: send a recording")
    if codec is None or codec.name not in _M4A_CODECS:
        fix = "the file is damaged, or its sound is coded as nothing that is read: export it anew, as AAC"
        raise InvalidRequest("audio", codec.name if codec else "an unknown codec", fix)

    def pieces() -> Iterator[NDArray[np.float32]]:
        with container:
            resampler = av.AudioResampler(format="flt", rate=rate_hz)
            try:
                for frame in container.decode(audio=0):
                    for each in resampler.resample(frame):
                        yield each.to_ndarray().reshape(each.samples, -1).astype(np.float32, copy=False)
            except (av.FFmpegError, ValueError) as error:
                raise _damaged(data) from error

    return "M4A", rate_hz, pieces()


def _is_m4a(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and data[8:12] in _M4A_BRANDS


def _kind_by_first_bytes(data: bytes) -> str:
    """What a file says it is, be it whole or not; empty if it is none of ``KINDS``."""
    if data[:4] in (b"RIFF", b"RF64"):
        return "WAV"
    if data[:4] == b"fLaC":
        return "FLAC"
    if data[:4] == b"OggS":
        return "Ogg"
    is_frame = len(data) > 1 and data[0] == 0xFF and data[1] & 0xE6 in (0xE2, 0xE4, 0xE6)
    return "MP3" if data[:3] == b"ID3" or is_frame else ""


def _unknown(data: bytes) -> UnsupportedFormat:
    fix = f"send a {', '.join(KINDS[:-1])} or {KINDS[-1]} file, whatever its name: this is none of them"
    return UnsupportedFormat("audio", f"{len(data):,} bytes", fix)


def _damaged(data: bytes) -> InvalidRequest:
    return InvalidRequest("audio", f"{len(data):,} bytes", "the file is damaged or cut short: export it anew")
