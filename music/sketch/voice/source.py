"""From control tracks to sound: one period of the voice per frame, read out at the pitch; noise by
overlap-add.

The vocal tract is a cascade of eight resonances (Klatt, 1980) evaluated at the harmonics only, so a frame's
period is one short inverse FFT, free of aliasing; the periods are read out by phase, with linear
interpolation in time and table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from music.sketch.voice.articulation import FRAME_HZ, Track, Tracks

Mono = NDArray[np.float32]

TABLE = 1024
"""Samples of a period's table."""
_TOP_HZ = 11_000.0
_BANDWIDTHS_HZ = (80.0, 95.0, 130.0, 180.0, 260.0, 450.0, 550.0, 650.0)
_AIR_HZ = (5800.0, 7000.0, 8200.0)
"""Resonances above the fifth formant: without them the cascade falls too steeply, and the voice sounds
muffled.
"""
_FADE_FROM_HZ = 6_500.0
"""From here to the top the harmonics give way to air, as a throat's do."""
_AIR_LEVEL = 0.30
_NOISE_FFT = 512


@dataclass(frozen=True)
class Timbre:
    """A singer. ``tract`` scales all formants (1 a woman's); ``effort`` in 0..1 brightens the source."""

    tract: float = 1.0
    upper_hz: tuple[float, float] = (3900.0, 4700.0)
    """The fourth and fifth formant, closer together for a ringing voice."""
    effort: float = 0.5
    breath: float = 0.03


def synthesise(tracks: Tracks, timbre: Timbre, samples: int, rate_hz: int, rng: np.random.Generator) -> Mono:
    """``(samples,)``: the phrase that ``tracks`` describe; a full vowel has an RMS of about 0.1."""
    f0 = 440.0 * 2.0 ** ((tracks.pitch.astype(np.float64) - 69.0) / 12.0)
    formants = _formants(tracks, timbre, f0)
    phase = _phase(f0, samples, rate_hz, rng)
    voice = _read(_periods(tracks, formants, f0, timbre, rng), phase, rate_hz)
    noise = _noise(tracks, formants, timbre, samples, rate_hz, rng)
    # Air comes through the glottis while it is open: noise that pulses with the voice melts into it, steady
    # noise stands beside it as hiss.
    depth = np.interp(
        np.arange(samples) * (FRAME_HZ / rate_hz), np.arange(len(f0)), 0.65 * np.minimum(tracks.voiced, 1.0)
    ).astype(np.float32)
    return np.asarray(voice + noise * (1.0 + depth * np.cos(2.0 * np.float32(np.pi) * phase)), np.float32)


def _formants(tracks: Tracks, timbre: Timbre, f0: NDArray[np.float64]) -> Track:
    """(frames, 8) in Hz; the first never below the pitch, as singers open the mouth on high notes."""
    lower = tracks.formants * timbre.tract
    lower[:, 0] = np.maximum(lower[:, 0], f0 * 1.04)
    lower[:, 1] = np.maximum(lower[:, 1], lower[:, 0] + 150.0)
    fixed = np.asarray((*timbre.upper_hz, *_AIR_HZ), np.float32) * timbre.tract
    upper = np.broadcast_to(fixed, (len(lower), len(fixed)))
    return np.concatenate([lower, upper], axis=1).astype(np.float32)


def _periods(
    tracks: Tracks, formants: Track, f0: NDArray[np.float64], timbre: Timbre, rng: np.random.Generator
) -> Mono:
    """(frames, TABLE): one period of the voice for each frame."""
    frames = len(f0)
    harmonics = int(_TOP_HZ / f0.min())
    hz: Track = np.outer(f0, np.arange(1, harmonics + 1)).astype(np.float32)
    spectrum = _tract(hz, formants, tracks.nasal)
    # Soft notes are dull and loud ones bright: the glottis closes faster with effort (Klatt and Klatt, 1990).
    force = np.clip(tracks.voiced, 0.3, 1.4)[:, np.newaxis] ** np.float32(0.8)
    corner = (700.0 + 1300.0 * timbre.effort) * force
    spectrum *= 1.0 / np.sqrt(1.0 + (hz / corner) ** 2)
    spectrum *= np.clip((_TOP_HZ - hz) / (_TOP_HZ - _FADE_FROM_HZ), 0.0, 1.0)
    # Vowels differ far more in raw energy than ears and singers let them: most of it is evened out.
    energy = np.sqrt((np.abs(spectrum) ** 2).sum(axis=1) / 2.0)
    shimmer = 1.0 + 0.03 * rng.normal(size=frames)
    spectrum *= (0.1 * tracks.voiced * shimmer / np.maximum(energy, 1e-6)).astype(np.float32)[:, np.newaxis]
    padded = np.zeros((frames, TABLE // 2 + 1), np.complex64)
    padded[:, 1 : harmonics + 1] = spectrum[:, : TABLE // 2]
    return np.fft.irfft(padded, TABLE, axis=1).astype(np.float32) * np.float32(TABLE / 2)


def _tract(hz: Track, formants: Track, nasal: Track) -> NDArray[np.complex64]:
    """The cascade's response at ``hz`` (frames, harmonics)."""
    s = 2j * np.pi * hz
    response = np.ones(hz.shape, np.complex64)
    for n, bandwidth in enumerate(_BANDWIDTHS_HZ):
        # Noses are lossy: they widen the first resonance.
        sigma = (
            np.pi
            * (bandwidth * (1.0 + 1.5 * nasal) if n == 0 else np.full_like(nasal, bandwidth))[:, np.newaxis]
        )
        omega = 2.0 * np.pi * formants[:, n, np.newaxis]
        square = sigma**2 + omega**2
        response *= (square / ((s + sigma) ** 2 + omega**2)).astype(np.complex64)
    dip = 0.75 * nasal[:, np.newaxis] * np.exp(-0.5 * ((hz - 1000.0) / 450.0) ** 2)
    response *= 1.0 - dip
    return response


def _phase(f0: NDArray[np.float64], samples: int, rate_hz: int, rng: np.random.Generator) -> Mono:
    """(samples,) in 0..1: how far through its period the voice is."""
    jitter = 1.0 + 0.0015 * rng.normal(size=len(f0))
    at = np.arange(samples) * (FRAME_HZ / rate_hz)
    turns = np.cumsum(np.interp(at, np.arange(len(f0)), f0 * jitter) / rate_hz)
    return np.asarray(turns % 1.0, np.float32)


def _read(periods: Mono, phase: Mono, rate_hz: int) -> Mono:
    """Reads the periods at the phase, blending each frame's into the next."""
    place = phase * TABLE
    column = place.astype(np.int32)
    between = place - column
    column %= TABLE
    following = (column + 1) % TABLE
    at = np.arange(len(phase)) * (FRAME_HZ / rate_hz)
    frame = np.minimum(at.astype(np.int32), len(periods) - 2)
    blend = (at - frame).astype(np.float32)
    flat = periods.ravel()
    sound = np.zeros(len(phase), np.float32)
    for step, weight in ((0, 1.0 - blend), (1, blend)):
        base = (frame + step) * TABLE
        left = flat[base + column]
        sound += weight * (left + between * (flat[base + following] - left))
    return sound


def _noise(
    tracks: Tracks, formants: Track, timbre: Timbre, samples: int, rate_hz: int, rng: np.random.Generator
) -> Mono:
    """Friction in its own band, and breath through the resonances of the mouth."""
    hz = np.fft.rfftfreq(_NOISE_FFT, 1.0 / rate_hz).astype(np.float32)
    active = np.flatnonzero((tracks.noise > 1e-3) | (tracks.aspiration > 1e-3) | (tracks.voiced > 1e-3))
    hop = rate_hz / FRAME_HZ
    out = np.zeros(samples + 2 * _NOISE_FFT, np.float32)
    window = np.hanning(_NOISE_FFT).astype(np.float32)
    for begin in range(0, len(active), 2048):
        rows = active[begin : begin + 2048]
        shape = tracks.noise[rows, np.newaxis] * np.exp(
            -0.5 * ((hz - tracks.centre_hz[rows, np.newaxis]) / tracks.width_hz[rows, np.newaxis]) ** 2
        )
        breath = tracks.aspiration[rows] + timbre.breath * tracks.voiced[rows]
        mouth = sum(
            level * np.exp(-0.5 * ((hz - formants[rows, n, np.newaxis]) / width) ** 2)
            for n, (level, width) in enumerate(((0.2, 220.0), (0.8, 280.0), (0.9, 350.0), (0.7, 500.0)))
        )
        mouth = mouth + _AIR_LEVEL * np.exp(-0.5 * ((hz - 8500.0) / 3500.0) ** 2)
        shape = shape + breath[:, np.newaxis] * mouth
        white = np.fft.rfft(rng.normal(0.0, 0.065, (len(rows), _NOISE_FFT)).astype(np.float32), axis=1)
        pieces = np.fft.irfft(white * shape, _NOISE_FFT, axis=1).astype(np.float32) * window
        for row, piece in zip(rows, pieces, strict=True):
            at = round(row * hop)
            out[at : at + _NOISE_FFT] += piece
    return out[_NOISE_FFT // 2 : _NOISE_FFT // 2 + samples]
