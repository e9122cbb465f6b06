"""Masters a mix with one gain that moves: sections, glue, limiter and loudness are all in it.

Every stem is multiplied by that same gain, so the finished stems add up to the master. The gain is worked out
per ``BLOCK`` of samples from the mix's peaks and K-weighted energy, where a trial costs milliseconds; the
audio is touched once, then measured as it will be written, in 16 bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from music.sketch import crew
from music.sketch.crew import Span, Tick
from music.sketch.effects import BLOCK, apply_gain, block_peaks, blocks_of, falls_slowly, hold, smooth
from music.sketch.instruments.strike import RATE_HZ, Floats, Signal
from music.sketch.loudness import (
    BANDS_HZ,
    OFFSET_LU,
    STEP,
    VIEW_HOP,
    integrated,
    k_response,
    loudness,
    true_peaks,
    weighted_energy,
)
from music.sketch.mix import Mixed
from music.sketch.score import STEMS, Score, StemName

TARGET_LUFS = -14.0
TOLERANCE_LU = 0.1
CEILING_DBTP = -1.2
"""A little under the promised -1 dBTP, for what other meters and lossy formats add."""
TRIALS = 12

CHORUSES = ("chorus", "drop", "hook")
CHORUS_LIFT_LU = 4.6
"""Every verse sits at least this far under the choruses before the limiter, so that 3.5 LU remain after it.
"""
QUIETEST_LU = -9.0
GLUE_RATIO = 1.5
LOOK_AHEAD_S = 0.006
RELEASE_DB_PER_S = 45.0


@dataclass(frozen=True)
class Mastered:
    """The master as 16-bit values in float32, ``(2, samples)``, the stems that add up to it, and its
    loudness.
    """

    samples: Signal
    stems: Mapping[StemName, Signal]
    loudness_lufs: float
    true_peak_dbtp: float


def master(score: Score, mixed: Mixed, *, samples: int, span: Span) -> Mastered:
    """Bring the sum of ``mixed.stems`` to ``TARGET_LUFS`` under ``CEILING_DBTP``; the stems are changed in
    place.
    """
    names = [name for name in STEMS if name in mixed.stems]
    total = np.zeros((2, samples), dtype=np.float32)
    for name in names:
        total += mixed.stems[name]
        span.at(0.02)
    shape = _sections(score, mixed.power, samples) * _ending(score, samples)
    span.at(0.08)
    apply_gain(total, shape)
    energy = crew.run(
        [_energy_of(total[:1]), _energy_of(total[1:])],
        Span(span.report, span.stage, *_part(span, 0.08, 0.25)),
    )
    heard = energy[0] + energy[1]
    level = integrated(_steps(heard))
    if not np.isfinite(level):
        # Nothing sounds, or too short to have a loudness: there is nothing to bring anywhere.
        silent = _quantised(total)
        return Mastered(silent, {name: mixed.stems[name] for name in names}, -70.0, -120.0)
    glue = _glue(heard)
    drive = 10.0 ** ((TARGET_LUFS - level) / 20.0)
    ceiling = 10.0 ** (CEILING_DBTP / 20.0)
    peaks = true_peaks(total, block_peaks(total), BLOCK, above=0.5 * ceiling / drive)
    span.at(0.45)
    gain: Floats = shape
    finished, loud, peak = total, level, 0.0
    for _ in range(TRIALS):
        gain, drive = _settled(glue, peaks, heard, ceiling, drive)
        finished = total.copy()
        apply_gain(finished, gain)
        finished = _quantised(finished)
        loud = loudness(finished)
        span.at(0.65)
        peak = float(np.max(true_peaks(finished, block_peaks(finished), BLOCK, above=0.6)))
        span.at(0.75)
        if abs(loud - TARGET_LUFS) <= TOLERANCE_LU and peak <= 10.0 ** (-1.05 / 20.0):
            break
        ceiling *= min(1.0, 10.0 ** (CEILING_DBTP / 20.0) / peak)
        heard = heard * 10.0 ** ((loud - _predicted(heard, gain)) / 10.0)
    del total

    def finishing(name: StemName) -> Callable[[Tick], None]:
        def finish(tick: Tick) -> None:
            tick(0.0)
            apply_gain(mixed.stems[name], shape)
            tick(0.5)
            apply_gain(mixed.stems[name], gain)

        return finish

    crew.run([finishing(name) for name in names], Span(span.report, span.stage, *_part(span, 0.75, 1.0)))
    return Mastered(
        finished, {name: mixed.stems[name] for name in names}, loud, 20.0 * float(np.log10(peak + 1e-9))
    )


def section_gains_db(score: Score, power: Floats) -> tuple[float, ...]:
    """How much each section is moved so that the choruses stand out, from the mix's third-octave frames."""
    level = power @ k_response(BANDS_HZ) ** 2
    natural = []
    for section in score.sections:
        first = score.seconds(section.start) * RATE_HZ / VIEW_HOP
        last = score.seconds(section.start + section.beats) * RATE_HZ / VIEW_HOP
        inside = level[round(first) : max(round(last), round(first) + 1)]
        natural.append(10.0 * float(np.log10(inside.mean() + 1e-9)) if len(inside) else -90.0)
    choruses = [n for n, s in zip(natural, score.sections, strict=True) if s.kind in CHORUSES]
    if not choruses:
        return tuple(0.0 for _ in natural)
    top = max(choruses)
    energy = max(s.energy for s in score.sections if s.kind in CHORUSES)
    gains = []
    for here, section in zip(natural, score.sections, strict=True):
        if section.kind in CHORUSES:
            wanted = top - 0.6 * (energy - section.energy)
        elif section.kind == "verse":
            wanted = float(np.clip(here, top - CHORUS_LIFT_LU - 2.0, top - CHORUS_LIFT_LU))
        else:
            below = 1.0 + 8.0 * max(0.0, energy - section.energy)
            wanted = float(np.clip(here, top - max(below, 1.5) - 2.0, top - min(below, 4.0)))
            wanted = max(wanted, top + QUIETEST_LU)
        gains.append(float(np.clip(wanted - here, -9.0, 5.0)))
    return tuple(gains)


def _sections(score: Score, power: Floats, samples: int) -> Floats:
    blocks = blocks_of(samples)
    t = np.arange(blocks) * (BLOCK / RATE_HZ)
    db = np.zeros(blocks)
    for section, gain in zip(score.sections, section_gains_db(score, power), strict=True):
        db[t >= score.seconds(section.start) - 0.03] = gain
    return np.asarray(10.0 ** (smooth(db, 0.08) / 20.0))


def _ending(score: Score, samples: int) -> Floats:
    """Lets the last chord ring, easing it to zero at the last sample however long its room would be."""
    end = samples / RATE_HZ
    tail = float(np.clip(0.6 * (end - score.seconds(score.end)), 0.03, 2.5))
    t = (np.arange(blocks_of(samples)) + 1.0) * (BLOCK / RATE_HZ)
    return np.asarray(np.sin(np.clip((end - t) / tail, 0.0, 1.0) * np.pi / 2.0) ** 2)


def _energy_of(channel: Signal) -> Callable[[Tick], Floats]:
    def measure(tick: Tick) -> Floats:
        tick(0.0)
        return weighted_energy(channel, BLOCK)

    return measure


def _steps(block_energy: Floats) -> Floats:
    """Energy per 100 ms from energy per block: a step is not a whole number of blocks, so its edges are
    shared.
    """
    sums = np.concatenate([[0.0], np.cumsum(block_energy)])
    edges = np.arange(0, len(block_energy) * BLOCK + 1, STEP) / BLOCK
    return np.asarray(np.diff(np.interp(edges, np.arange(len(sums)), sums)))


def _predicted(energy: Floats, gain: Floats) -> float:
    return integrated(_steps(energy * gain * gain))


def _glue(energy: Floats) -> Floats:
    """A slow bus compressor: 50 ms levels above the song's own loudness are pressed a little."""
    level = OFFSET_LU + 10.0 * np.log10(smooth(energy / BLOCK, 0.05) + 1e-12)
    over = np.maximum(level - (integrated(_steps(energy)) + 1.5), 0.0) * (1.0 - 1.0 / GLUE_RATIO)
    return np.asarray(10.0 ** (-smooth(np.minimum(falls_slowly(over, db_per_s=15.0), 3.0), 0.03) / 20.0))


def _limited(peaks: Floats, ceiling: float) -> Floats:
    """The gain that keeps ``peaks`` under ``ceiling``: falls before a peak, holds over it, recovers at its
    leisure.
    """
    need = 20.0 * np.log10(np.maximum(peaks / ceiling, 1.0))
    return np.asarray(
        10.0
        ** (-smooth(hold(falls_slowly(need, db_per_s=RELEASE_DB_PER_S), LOOK_AHEAD_S), LOOK_AHEAD_S) / 20.0)
    )


def _settled(
    glue: Floats, peaks: Floats, energy: Floats, ceiling: float, drive: float
) -> tuple[Floats, float]:
    """The gain, and the drive into the limiter, whose predicted loudness is the target."""
    gain = glue * drive
    for _ in range(10):
        gain = drive * glue
        gain = gain * _limited(peaks * gain, ceiling)
        miss = TARGET_LUFS - _predicted(energy, gain)
        if abs(miss) < 0.01:
            break
        drive *= 10.0 ** (1.2 * miss / 20.0)
    return gain, drive


def _quantised(signal: Signal) -> Signal:
    """Rounded to what 16 bits hold, in place, so that the measured master is the written one."""
    signal *= 32768.0
    np.rint(signal, out=signal)
    np.clip(signal, -32768.0, 32767.0, out=signal)
    signal /= 32768.0
    return signal


def _part(span: Span, start: float, end: float) -> tuple[float, float]:
    length = span.end - span.start
    return span.start + start * length, span.start + end * length
