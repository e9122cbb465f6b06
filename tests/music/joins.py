"""What a join of two recordings measures, by code that shares nothing with the joining."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tests.music.analysis import Floats

WINDOW_S = 0.25
STEP_S = 0.002


def spectral_distance_db(samples: Floats, rate_hz: int, at_s: float) -> float:
    """How far the sound changes at ``at_s``: the root of the mean square of the differences, in decibels, of
    the third octaves from 50 Hz to 12.5 kHz in the quarter seconds before and after."""
    at, width = round(at_s * rate_hz), round(WINDOW_S * rate_hz)
    before, after = (_third_octaves_db(samples[:, at + n * width :][:, :width], rate_hz) for n in (-1, 0))
    return float(np.sqrt(np.mean((before - after) ** 2)))


def usual_distance_db(samples: Floats, rate_hz: int, bar_s: float, at_s: float) -> float:
    """The mean of that over the bars around: at the same place in each of the four before and after."""
    seconds = samples.shape[1] / rate_hz
    places = [at_s + n * bar_s for n in range(-4, 5)]
    inside = [place for place in places if WINDOW_S < place < seconds - WINDOW_S]
    return float(np.mean([spectral_distance_db(samples, rate_hz, place) for place in inside]))


def step_over_level(samples: Floats, rate_hz: int, at_s: float) -> float:
    """The largest step from a sample to the next at ``at_s``, over the largest near it."""
    steps = np.abs(np.diff(np.mean(samples, axis=0)))
    at, near, around = round(at_s * rate_hz), round(STEP_S * rate_hz), round(0.25 * rate_hz)
    here = steps[at - near : at + near]
    return float(
        here.max() / np.concatenate([steps[at - around : at - near], steps[at + near : at + around]]).max()
    )


def _third_octaves_db(samples: Floats, rate_hz: int) -> Floats:
    mono = np.mean(samples, axis=0) * np.hanning(samples.shape[1])
    power = np.abs(np.fft.rfft(mono)) ** 2
    hz = np.fft.rfftfreq(samples.shape[1], 1.0 / rate_hz)
    edges = 1000.0 * 2.0 ** ((np.arange(-13, 12) - 0.5) / 3.0)
    inside = [(hz >= low) & (hz < high) for low, high in pairwise(edges)]
    return np.asarray(10.0 * np.log10([np.sum(power[each]) + 1e-6 for each in inside]))
