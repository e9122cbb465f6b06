"""Measurements of finished songs that share no code with what made them: scipy and pyloudnorm only.

All take ``(channels, samples)`` float at ``rate_hz``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyloudnorm
from numpy.typing import NDArray
from scipy.signal import resample_poly, stft

Floats = NDArray[np.floating[Any]]


def loudness_lufs(samples: Floats, rate_hz: int) -> float:
    """Integrated loudness by pyloudnorm (ITU-R BS.1770-4)."""
    return float(pyloudnorm.Meter(rate_hz).integrated_loudness(samples.T.astype(float)))


def true_peak_dbtp(samples: Floats) -> float:
    """The highest point of the four times oversampled waveform, in dB under full scale."""
    return float(20.0 * np.log10(max(np.max(np.abs(resample_poly(each, 4, 1))) for each in samples) + 1e-12))


def longest_silence_s(samples: Floats, rate_hz: int, floor_db: float = -60.0) -> float:
    """The longest stretch in which no 50 ms window rises over ``floor_db`` RMS."""
    width = rate_hz // 20
    whole = samples.shape[1] // width * width
    power = np.mean(samples[:, :whole].reshape(len(samples), -1, width) ** 2, axis=(0, 2))
    longest = run = 0
    for quiet in power < 10.0 ** (floor_db / 10.0):
        run = run + 1 if quiet else 0
        longest = max(longest, run)
    return longest * width / rate_hz


def third_octaves_db(samples: Floats, rate_hz: int, centres_hz: Floats) -> Floats:
    """How far the third octaves from 63 to 125 Hz stand over those from 800 to 1250 Hz, by mean power."""
    total: Floats = np.zeros(8193)
    for channel in samples:
        hz, _, bins = stft(channel, rate_hz, nperseg=16384)
        total = total + np.mean(np.abs(bins) ** 2, axis=1)
    edge = 2.0 ** (1.0 / 6.0)
    levels = [np.sum(total[(hz >= centre / edge) & (hz < centre * edge)]) for centre in centres_hz]
    return np.asarray(10.0 * np.log10(np.array(levels) + 1e-15))


def low_end_db(samples: Floats, rate_hz: int) -> float:
    """How far the third octaves from 63 to 125 Hz stand over those around 1 kHz (800 to 1250 Hz), means of
    power.
    """
    low = third_octaves_db(samples, rate_hz, np.array([63.0, 80.0, 100.0, 125.0]))
    middle = third_octaves_db(samples, rate_hz, np.array([800.0, 1000.0, 1250.0]))
    return float(10.0 * np.log10(np.mean(10.0 ** (low / 10.0)) / np.mean(10.0 ** (middle / 10.0))))


def tempo_bpm(samples: Floats, rate_hz: int) -> float:
    """The tempo by the spectrum of the onset curve over the whole song, between 60 and 200 BPM.

    The onset curve is the rise of the log spectrum; a tempo scores by the strength of its beat, its half beat
    and its quarter beat, with a mild preference for the middle of the range.
    """
    mono = np.mean(samples, axis=0)
    half = resample_poly(mono, 1, 2)
    hop = 256
    _, _, bins = stft(half, rate_hz / 2, nperseg=1024, noverlap=1024 - hop)
    onset = np.maximum(np.diff(np.log1p(300.0 * np.abs(bins)), axis=1), 0.0).sum(axis=0)
    frames_per_s = rate_hz / 2 / hop
    width = int(frames_per_s)
    onset = onset - np.convolve(onset, np.ones(width) / width, "same")
    padded = 16 * len(onset)
    strength = np.abs(np.fft.rfft(onset * np.hanning(len(onset)), padded))
    hz = np.fft.rfftfreq(padded, 1.0 / frames_per_s)
    candidates = np.arange(60.0, 200.0, 0.05)
    score = np.zeros(len(candidates))
    for multiple, weight in ((1, 1.0), (2, 0.8), (4, 0.5), (0.5, 0.3)):
        score += weight * np.interp(candidates / 60.0 * multiple, hz, strength)
    score *= np.exp(-0.5 * (np.log2(candidates / 112.0) / 0.9) ** 2)
    return float(candidates[np.argmax(score)])


def tempo_error(measured_bpm: float, written_bpm: float) -> float:
    """The relative error of a measured tempo, an octave either way allowed."""
    return min(abs(measured_bpm * octave / written_bpm - 1.0) for octave in (0.25, 0.5, 1.0, 2.0, 4.0))


def features(samples: Floats, rate_hz: int) -> Floats:
    """What a song sounds like in 29 numbers, in decibels or comparable units: for the distance between
    genres.

    21 third octaves from 50 Hz to 12.5 kHz against their mean, how much each of four bands moves from frame
    to frame (the 90th over the 50th percentile), onsets a second, the crest, the width of the stereo image in
    two bands.
    """
    centres = 1000.0 * 2.0 ** (np.arange(-13, 11, 1.0) / 3.0)
    tone = third_octaves_db(samples, rate_hz, centres)[3:]
    middle, side = np.mean(samples, axis=0), 0.5 * (samples[0] - samples[1])
    hz, _, bins = stft(middle, rate_hz, nperseg=2048, noverlap=1024)
    _, _, side_bins = stft(side, rate_hz, nperseg=2048, noverlap=1024)
    motion, width = [], []
    for low, high in ((30.0, 150.0), (150.0, 800.0), (800.0, 4000.0), (4000.0, 14000.0)):
        inside = (hz >= low) & (hz < high)
        power = np.sum(np.abs(bins[inside]) ** 2, axis=0) + 1e-12
        motion.append(10.0 * np.log10(np.percentile(power, 90) / np.percentile(power, 50)))
        width.append(10.0 * np.log10((np.sum(np.abs(side_bins[inside]) ** 2) + 1e-9) / np.sum(power)))
    onset = np.maximum(np.diff(np.log1p(300.0 * np.abs(bins)), axis=1), 0.0).sum(axis=0)
    busy = 10.0 * np.log10(np.mean(onset) + 1e-9)
    uneven = 10.0 * np.log10(np.percentile(onset, 95) / (np.median(onset) + 1e-9))
    crest = 20.0 * np.log10(np.max(np.abs(middle)) / np.sqrt(np.mean(middle**2)))
    return np.array([*(tone - tone.mean()), *motion, busy, uneven, crest, *width[1:]])


def spread(groups: list[Floats]) -> tuple[float, float]:
    """``(between, within)``: mean distances between rows of different groups and between rows of one group.

    Features are scaled by their standard deviation over all rows.
    """
    rows = np.concatenate(groups)
    rows = rows / (np.std(rows, axis=0) + 1e-9)
    group = np.repeat(np.arange(len(groups)), [len(each) for each in groups])
    distance = np.linalg.norm(rows[:, np.newaxis] - rows[np.newaxis], axis=2)
    same = group[:, np.newaxis] == group[np.newaxis]
    itself = np.eye(len(rows), dtype=bool)
    return float(distance[~same].mean()), float(distance[same & ~itself].mean())
