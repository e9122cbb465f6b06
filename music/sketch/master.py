"""Masters a mix with one gain curve, which combines section levels, bus compression, limiter and loudness.

Every stem is multiplied by the same gain, so the finished stems add up to the master. The gain is computed
per ``BLOCK`` of samples from the mix's peaks and K-weighted energy, where a trial takes milliseconds. Then it
is applied to the audio, which is measured as it will be written, in 16 bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from music.levels.gains import (
    BLOCK,
    Floats,
    Signal,
    apply_gain,
    block_peaks,
    blocks_of,
    falls_slowly,
    limited,
    quantised,
    smooth,
)
from music.levels.mastering import CEILING_DBTP, PROMISED_DBTP, TARGET_LUFS, TOLERANCE_LU
from music.levels.meter import OFFSET_LU, integrated, loudness, steps_of, true_peaks, weighted_energy
from music.sketch import parallel
from music.sketch.instruments.strike import RATE_HZ
from music.sketch.parallel import Span, Tick
from music.sketch.score import STEMS, Score, Section, StemName
from music.stems import put_aside

SILENT_LUFS, SILENT_DBTP = -70.0, -120.0
TRIALS, SECTION_ROUNDS, LOUDNESS_ROUNDS = 8, 4, 6

CHORUSES = ("chorus", "drop", "hook")
CHORUS_LIFT_LU = 4.2
"""Every verse is at least this much quieter than the choruses."""
QUIETEST_LU = -9.0
MOST_MOVE_DB = 10.0
EARLY_BLOCKS = round(0.03 * RATE_HZ / BLOCK)
GLUE_RATIO = 1.5


@dataclass(frozen=True)
class Master:
    """The master as 16-bit values in float32, ``(2, samples)``, its stems, and its loudness and true peak."""

    samples: Signal
    stems: Mapping[StemName, Signal]
    loudness_lufs: float
    true_peak_dbtp: float


def master(score: Score, stems: dict[StemName, Signal], *, samples: int, span: Span) -> Master:
    """Brings the sum of ``stems`` to ``TARGET_LUFS`` below ``CEILING_DBTP``; changes them in place."""
    names = [name for name in STEMS if name in stems]
    total = np.zeros((2, samples), dtype=np.float32)
    for name in names:
        total += stems[name]
        put_aside(stems[name])
        span.at(0.05)
    measured = parallel.run(
        [_energy_of(total[:1]), _energy_of(total[1:])],
        Span(span.report, span.stage, *_part(span, 0.05, 0.25)),
    )
    energy = measured[0] + measured[1]
    level = integrated(steps_of(energy, BLOCK))
    ending = _ending(score, samples)
    if not np.isfinite(level):
        # Silence, or too short for a loudness: no gain to compute.
        return Master(quantised(total), {name: stems[name] for name in names}, SILENT_LUFS, SILENT_DBTP)
    ceiling = 10.0 ** (CEILING_DBTP / 20.0)
    usual = 10.0 ** ((TARGET_LUFS - level) / 20.0)
    peaks = true_peaks(total, block_peaks(total), BLOCK, above=0.3 * ceiling / usual)
    span.at(0.40)
    gain = _solved_gain(score, ending, peaks, energy, ceiling)
    for _ in range(TRIALS):
        span.at(0.55)
        finished = total.copy()
        apply_gain(finished, gain)
        finished = quantised(finished)
        loud = loudness(finished)
        span.at(0.65)
        peak = float(np.max(true_peaks(finished, block_peaks(finished), BLOCK, above=0.6)))
        span.at(0.70)
        if abs(loud - TARGET_LUFS) <= TOLERANCE_LU and peak <= 10.0 ** (PROMISED_DBTP / 20.0):
            break
        # The estimate from blocks was a little off: lower the ceiling by the overshoot, and scale the energy
        # by the error.
        ceiling *= min(1.0, 10.0 ** (CEILING_DBTP / 20.0) / peak)
        energy = energy * 10.0 ** ((loud - _loudness(energy, gain)) / 10.0)
        gain = _solved_gain(score, ending, peaks, energy, ceiling)
    del total

    def finishing(name: StemName) -> Callable[[Tick], None]:
        def finish(tick: Tick) -> None:
            tick(0.0)
            apply_gain(stems[name], gain)
            put_aside(stems[name])

        return finish

    parallel.run([finishing(name) for name in names], Span(span.report, span.stage, *_part(span, 0.70, 1.0)))
    peak_dbtp = 20.0 * float(np.log10(peak + 1e-9))
    return Master(finished, {name: stems[name] for name in names}, loud, peak_dbtp)


def section_targets_db(sections: Sequence[Section], natural_db: Sequence[float]) -> tuple[float, ...]:
    """The target level of each section relative to the loudest chorus, from the levels as played.

    Choruses are made equal. A verse is clipped to between ``CHORUS_LIFT_LU`` and 2 LU more below them. Other
    sections are clipped to a range that depends on their energy. Without a chorus, all levels stay as
    played."""
    choruses = [db for db, section in zip(natural_db, sections, strict=True) if section.kind in CHORUSES]
    if not choruses:
        return tuple(natural_db)
    top = max(choruses)
    fullest = max(section.energy for section in sections if section.kind in CHORUSES)
    targets = []
    for db, section in zip(natural_db, sections, strict=True):
        here, calmer = db - top, max(0.0, fullest - section.energy)
        if section.kind in CHORUSES:
            targets.append(-0.5 * min(calmer, 1.0))
        elif section.kind == "verse":
            targets.append(float(np.clip(here, -CHORUS_LIFT_LU - 2.0, -CHORUS_LIFT_LU)))
        else:
            lowest, highest = -3.5 - 6.0 * calmer, -min(1.5 + 4.0 * calmer, 4.0)
            targets.append(float(np.clip(here, max(lowest, QUIETEST_LU), highest)))
    return tuple(targets)


def _solved_gain(score: Score, ending: Floats, peaks: Floats, energy: Floats, ceiling: float) -> Floats:
    """The complete gain. With it, loudness is on target, and after compressor and limiter each section has
    its target level."""
    spans = [_blocks(score, section, len(energy)) for section in score.sections]
    natural = [_level_db(energy[inside]) for inside in spans]
    targets = section_targets_db(score.sections, natural)
    moves = np.array(targets) - np.array(natural)
    moves -= np.max(moves) if len(moves) else 0.0
    bare = 10.0 ** ((TARGET_LUFS - integrated(steps_of(energy, BLOCK))) / 20.0)
    gain, drive = ending, bare
    for _ in range(SECTION_ROUNDS):
        shape = ending * _steered(spans, np.clip(moves, -MOST_MOVE_DB, MOST_MOVE_DB), len(energy))
        shape = shape * _glue(energy * shape * shape)
        for _ in range(LOUDNESS_ROUNDS):
            gain = drive * shape
            gain = gain * limited(peaks * gain, ceiling)
            miss = TARGET_LUFS - _loudness(energy, gain)
            drive *= 10.0 ** (1.1 * miss / 20.0)
            if abs(miss) < 0.02:
                break
        levels = np.array([_level_db((energy * gain * gain)[inside]) for inside in spans])
        if not len(levels):
            break
        off = np.array(targets) - levels
        moves = moves + off - np.median(off)
    return gain


def _blocks(score: Score, section: Section, blocks: int) -> slice:
    first = round(score.seconds(section.start) * RATE_HZ / BLOCK)
    last = round(score.seconds(section.start + section.beats) * RATE_HZ / BLOCK)
    return slice(min(first, blocks - 1), max(min(last, blocks), min(first, blocks - 1) + 1))


def _level_db(energy: Floats) -> float:
    return 10.0 * float(np.log10(energy.mean() / BLOCK + 1e-9))


def _steered(spans: Sequence[slice], moves_db: Floats, blocks: int) -> Floats:
    db = np.zeros(blocks)
    for inside, move in zip(spans, moves_db, strict=True):
        # A downbeat that is played a little early belongs to its own section.
        db[max(0, inside.start - EARLY_BLOCKS) :] = move
    return np.asarray(10.0 ** (smooth(db, 0.06) / 20.0))


def _ending(score: Score, samples: int) -> Floats:
    """A fade of the last chord that reaches zero at the last sample, even if the room's tail is longer."""
    end = samples / RATE_HZ
    tail = float(np.clip(0.6 * (end - score.seconds(score.end)), 0.03, 2.5))
    t = (np.arange(blocks_of(samples)) + 1.0) * (BLOCK / RATE_HZ)
    return np.asarray(np.sin(np.clip((end - t) / tail, 0.0, 1.0) * np.pi / 2.0) ** 2)


def _energy_of(channel: Signal) -> Callable[[Tick], Floats]:
    def measure(tick: Tick) -> Floats:
        tick(0.0)
        return weighted_energy(channel, BLOCK)

    return measure


def _loudness(energy: Floats, gain: Floats) -> float:
    return integrated(steps_of(energy * gain * gain, BLOCK))


def _glue(energy: Floats) -> Floats:
    """A slow bus compressor: it reduces 50 ms levels above the song's own loudness a little."""
    level = OFFSET_LU + 10.0 * np.log10(smooth(energy / BLOCK, 0.05) + 1e-12)
    over = np.maximum(level - (integrated(steps_of(energy, BLOCK)) + 1.5), 0.0) * (1.0 - 1.0 / GLUE_RATIO)
    return np.asarray(10.0 ** (-smooth(np.minimum(falls_slowly(over, db_per_s=15.0), 3.0), 0.03) / 20.0))


def _part(span: Span, start: float, end: float) -> tuple[float, float]:
    length = span.end - span.start
    return span.start + start * length, span.start + end * length
