"""Spectra made sound, at the rate of the song; breath, and the air above what the network knows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from music.sketch.voice.network import BINS, RATE_HZ, Complex, Floats, Network

_LOUDEST = 7.0
"""No log magnitude is higher, as in the network's own synthesis."""
_NOISE_FRAMES = 1024
_INAUDIBLE = 2  # the lowest bins, of 0 and 20 Hz
_LARGEST = 2000
_TOP_BINS = slice(350, 525)  # 7 to 10.5 kHz
_BIN_POWER = 2.0 / (1200 * 450)
"""The power of a frame's sound in each power of a bin: both halves of the spectrum, over its length and the
sum of the squares of its window."""
_AIR_HZ, _AIR, _AIR_S = (1.0e4, 1.15e4, 1.6e4, 1.8e4), 0.35, 6.0
_BREATH_HZ, _BREATH_S, _BREATH_GAIN = (400.0, 900.0, 5000.0, 8000.0), 0.30, 0.3


def filters(spectra: Floats, first: int) -> tuple[Complex, Complex]:
    """``(frames, 601)`` each: the filter of the pulses, and all that is added to it, noise included. The
    noise is always the same, from frame ``first`` on."""
    lh, theta, ln, lr, phi = (spectra[:, n] for n in range(spectra.shape[1]))
    noise = _noise()[(first + np.arange(len(spectra))) % _NOISE_FRAMES]
    noise *= _exp(ln)
    noise += _polar(lr, phi)
    noise[:, :_INAUDIBLE] = 0.0
    return _polar(lh, np.float32(np.pi) * np.tanh(theta)), noise


def sounding(
    network: Network, pulsed: Sequence[tuple[Complex, Floats]], added: Complex
) -> tuple[Floats, Floats]:
    """``(300 * frames,)`` at 24 kHz: the pulses of each singer's pitch through their own filter, and what is
    ``added``, which is used up; and ``(frames,)``: how strong each frame is just under what the network
    knows."""
    for harmonic, f0 in pulsed:
        pulses = network.pulses(f0)
        pulses *= harmonic
        added += pulses
    top = added[:, _TOP_BINS]
    power = (top.real**2 + top.imag**2).sum(axis=1)
    return network.inverse(added), np.sqrt(power * np.float32(_BIN_POWER))


def resampled(sound: Floats, rate_hz: int, tract: float) -> Floats:
    """``sound`` at ``rate_hz``, played slower by ``tract``: its spectrum is cut or filled up."""
    ratio = rate_hz / (RATE_HZ * tract)
    before, after = _lengths(len(sound), ratio)
    spectrum = rfft(np.pad(sound, (0, before - len(sound))))
    slower = irfft(np.pad(spectrum, (0, max(0, after // 2 + 1 - len(spectrum)))), after)
    return np.asarray(slower[: round(len(sound) * ratio)] * np.float32(after / before), np.float32)


def with_air(sound: Floats, strength: Floats, rate_hz: int, rng: np.random.Generator) -> Floats:
    """``sound`` with noise above the 12 kHz that the network knows, as loud as ``strength``, a value for each
    of its frames, says: mostly in sibilants."""
    if rate_hz < 2.0 * _AIR_HZ[-1]:
        return sound
    noise = _air(rate_hz)
    first = int(rng.integers(len(noise)))
    return sound + np.resize(np.roll(noise, -first), len(sound)) * stretched(_AIR * strength, len(sound))


def breath(rate_hz: int, level: float, rng: np.random.Generator) -> Floats:
    """A breath in, through an open mouth."""
    noise = _shaped(rng.standard_normal(int(_BREATH_S * rate_hz), dtype=np.float32), _BREATH_HZ, rate_hz)
    rises = np.sin(np.pi * np.linspace(0.0, 1.0, len(noise), dtype=np.float32) ** np.float32(1.6)) ** 2
    return np.asarray(_BREATH_GAIN * level * noise * rises, np.float32)


def stretched(curve: Floats, samples: int) -> Floats:
    """``(samples,)``: a curve with a value for the middle of each frame, by straight lines between."""
    hop = -(-samples // len(curve))
    ends = np.pad(np.asarray(curve, np.float32), 1, mode="edge")
    between = (np.arange(hop, dtype=np.float32) + np.float32(0.5)) / np.float32(hop)
    lines = ends[:-1, np.newaxis] + (ends[1:] - ends[:-1])[:, np.newaxis] * between
    flat = lines.reshape(-1)[hop // 2 : hop // 2 + hop * len(curve)]
    if len(flat) == samples:
        return flat
    # Frames that are no whole number of samples: the nearest value.
    return np.asarray(flat[(np.arange(samples) * len(flat)) // samples], np.float32)


def _lengths(samples: int, ratio: float) -> tuple[int, int]:
    """Lengths of a quick Fourier transform before and after, that are as ``ratio`` within 10 us a phrase."""
    exact = Fraction(ratio).limit_denominator(_LARGEST)
    times = next_fast_len(-(-samples // exact.denominator))
    return exact.denominator * times, exact.numerator * times


def _polar(log_magnitude: Floats, angle: Floats) -> Complex:
    turned = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=turned.real)
    np.sin(angle, out=turned.imag)
    turned *= _exp(log_magnitude)
    return turned


def _exp(log_magnitude: Floats) -> Floats:
    return np.asarray(np.exp(np.minimum(log_magnitude, _LOUDEST)), np.float32)


@cache
def _noise() -> Complex:
    """``(frames, 601)`` of complex noise."""
    rng = np.random.default_rng(2)
    parts = rng.standard_normal((_NOISE_FRAMES, 2 * BINS), dtype=np.float32)
    noise: Complex = parts.view(np.complex64)
    return noise


@cache
def _air(rate_hz: int) -> Floats:
    """Some seconds of the noise above; always the same."""
    white = np.random.default_rng(1).standard_normal(int(_AIR_S * rate_hz), dtype=np.float32)
    return _shaped(white, _AIR_HZ, rate_hz)


def _shaped(noise: Floats, band_hz: tuple[float, float, float, float], rate_hz: int) -> Floats:
    """``noise`` in a band that opens between the first two frequencies and closes between the last two."""
    hz = np.linspace(0.0, rate_hz / 2.0, len(noise) // 2 + 1)
    gains = np.interp(hz, band_hz, (0.0, 1.0, 1.0, 0.0)).astype(np.float32)
    return np.asarray(irfft(rfft(noise) * gains, len(noise)), np.float32)
