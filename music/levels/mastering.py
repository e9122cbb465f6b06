"""The mastering of a finished mix: one loudness for the songs of all engines.

The embedded composer masters its own songs, section by section (``music.sketch.master``). What a model has
made is one mix, whose own dynamics stay: it gets one gain, and a limiter for the peaks that rise too far."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from config.engine import Report, ignore_progress
from music.contract import Audio
from music.levels.gains import BLOCK, Floats, apply_gain, block_peaks, limited, quantised
from music.levels.meter import integrated, loudness, steps_of, true_peaks, weighted_energy

TARGET_LUFS = -14.0
TOLERANCE_LU = 0.1
CEILING_DBTP = -1.2
"""A little under the promised -1 dBTP, as a margin for other meters and lossy formats."""
PROMISED_DBTP = -1.05
MOST_RAISED_DB = 20.0
"""A song that needs more is mostly silence or noise, which would be raised with it."""
MOST_LIMITED_DB = 8.0
"""Peaks are lowered by no more than this: beyond, a limiter is heard. Such a song stays quieter."""
_TRIALS, _ROUNDS = 8, 12


def mastered(audio: Audio, report: Report = ignore_progress) -> Audio:
    """``audio`` at ``TARGET_LUFS`` by ITU-R BS.1770-5, within ``TOLERANCE_LU``, with a true peak of at most
    -1 dBTP, and ``loudness_lufs`` as measured. Stems get the same gain, so that they still add up.

    Where that takes more than ``MOST_RAISED_DB``, or peaks lowered by more than ``MOST_LIMITED_DB``, the song
    stays quieter, and says so. What its engine has mastered stays as it is; so do silence, and what is
    shorter than the 400 ms of a loudness."""
    if audio.loudness_lufs is not None:
        return audio
    report("mastering", 1.0)
    rate_hz = audio.rate_hz
    mix = np.array(audio.samples, dtype=np.float32)
    level = loudness(mix, rate_hz)
    if not np.isfinite(level):
        return audio
    energy = weighted_energy(mix, BLOCK, rate_hz)
    ceiling = 10.0 ** (CEILING_DBTP / 20.0)
    usual = 10.0 ** ((TARGET_LUFS - level) / 20.0)
    peaks = true_peaks(mix, block_peaks(mix), BLOCK, above=0.3 * ceiling / usual)
    for _ in range(_TRIALS):
        gain = _gain(energy, peaks, level, ceiling, rate_hz)
        finished = mix.copy()
        apply_gain(finished, gain)
        finished = quantised(finished)
        peak = float(np.max(true_peaks(finished, block_peaks(finished), BLOCK, above=0.6), initial=0.0))
        if peak <= 10.0 ** (PROMISED_DBTP / 20.0):
            break
        ceiling *= 10.0 ** (CEILING_DBTP / 20.0) / peak  # the curve between blocks was a little too high
    reached = loudness(finished, rate_hz)
    notes: tuple[str, ...] = ()
    if reached < TARGET_LUFS - 0.5:
        notes = (
            f"the song has {reached:.1f} LUFS in place of {TARGET_LUFS:g}: more would distort its peaks",
        )
    stems = {}
    for name, stem in audio.stems.items():
        stems[name] = np.array(stem, dtype=np.float32)
        apply_gain(stems[name], gain)
    return replace(
        audio,
        samples=finished,
        stems=stems,
        loudness_lufs=reached,
        warnings=(*audio.warnings, *notes),
    )


def _gain(energy: Floats, peaks: Floats, level: float, ceiling: float, rate_hz: float) -> Floats:
    """``(blocks,)``: the gain that brings the song to its loudness, after the limiter."""
    highest = float(np.max(peaks, initial=1e-9))
    most_db = min(MOST_RAISED_DB, 20.0 * np.log10(ceiling / highest) + MOST_LIMITED_DB)
    drive_db, gain = TARGET_LUFS - level, np.ones(len(energy))
    for _ in range(_ROUNDS):
        drive_db = min(drive_db, most_db)
        drive = 10.0 ** (drive_db / 20.0)
        gain = drive * limited(peaks * drive, ceiling, rate_hz)
        miss = TARGET_LUFS - integrated(steps_of(energy * gain * gain, BLOCK, rate_hz), rate_hz)
        if abs(miss) < 0.3 * TOLERANCE_LU or (drive_db == most_db and miss > 0.0):
            break
        drive_db += 1.1 * miss
    return gain
