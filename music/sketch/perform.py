"""Plays a score's parts: every note on its instrument at its exact sample, summed to a dry stem per group."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from music.sketch.crew import Tick
from music.sketch.instruments import RATE_HZ, Instrument, Signal, Strike, held, instrument, let_go
from music.sketch.score import Part

Rows = Signal
"""``(3, samples)``: a dry stem's left, right, and what it sends to the room."""

LAYERS = 5
"""Velocities share a colour in this many steps; the level follows the velocity exactly."""
LOUDNESS_CURVE = 1.5
"""Amplitude rises as ``velocity ** LOUDNESS_CURVE``: from 0.4 to 0.8 is 9 dB."""
CHORD_S = 0.05
"""Notes that start within this are one chord for an instrument that distorts them together."""
LEGATO_S = 0.04
OPEN_HAT, CLOSES_HAT = 46, (42, 44)


_Timed = tuple[float, float, tuple[int, ...], float]
"""Start and length in seconds, pitches, velocity."""


@dataclass(frozen=True)
class _Event:
    start: int
    seconds: float
    velocity: float
    strike: Strike
    variant: int


def play(parts: Sequence[Part], *, tempo_bpm: float, samples: int, tick: Tick) -> Rows:
    """The parts of one stem, summed: ``(3, samples)``. A tail beyond the end is left out."""
    rows = np.zeros((3, samples), dtype=np.float32)
    for index, part in enumerate(parts):
        _play_part(rows, part, 60.0 / tempo_bpm, lambda f, i=index: tick((i + f) / len(parts)))  # type: ignore[misc]
    tick(1.0)
    return rows


def seat(pan: float, gain: float, send: float) -> Signal:
    """``(3, 1)``: how a source is laid into left, right and room. Equal power; unity in the middle."""
    angle = (pan + 1.0) * math.pi / 4.0
    left, right = math.sqrt(2.0) * math.cos(angle), math.sqrt(2.0) * math.sin(angle)
    return np.array([[gain * left], [gain * right], [gain * send]], dtype=np.float32)


def _play_part(rows: Rows, part: Part, beat_s: float, tick: Tick) -> None:
    player = instrument(part.instrument)
    groups: dict[tuple[Strike, int], list[_Event]] = defaultdict(list)
    for event in _events(part, player, beat_s):
        groups[event.strike, event.variant].append(event)
    lay = seat(part.pan, 10.0 ** (part.gain_db / 20.0), part.reverb)
    for count, ((strike, variant), events) in enumerate(groups.items()):
        tick(count / len(groups))
        longest = min(max(event.seconds for event in events) + player.release_s, player.longest_s)
        tone = held(part.instrument, replace(strike, seconds=longest), variant)
        # A stereo tone keeps its own width; the room hears its middle.
        laid = np.concatenate(
            [tone if len(tone) == 2 else np.repeat(tone, 2, axis=0), tone.mean(0)[np.newaxis]]
        )
        laid *= lay
        for event in events:
            _add(rows, laid, event, player)


def _add(rows: Rows, laid: Rows, event: _Event, player: Instrument) -> None:
    length = min(laid.shape[1], rows.shape[1] - event.start)
    wanted = round((event.seconds + player.release_s) * RATE_HZ) if math.isfinite(event.seconds) else length
    if length <= 0 or wanted <= 0:
        return
    note = laid[:, : min(length, wanted)] * np.float32((event.velocity / 0.8) ** LOUDNESS_CURVE)
    # A drum that nobody stops, or a string that has died away by itself, needs no release.
    if wanted <= length or not player.is_kit:
        let_go(note, player.release_s)
    rows[:, event.start : event.start + note.shape[1]] += note


def _events(part: Part, player: Instrument, beat_s: float) -> list[_Event]:
    notes: list[_Timed] = [
        (n.start * beat_s, n.duration * beat_s, (n.pitch,), n.velocity) for n in part.notes
    ]
    if player.chordal:
        notes = _chords(notes)
    events: list[_Event] = []
    counts: dict[tuple[int, ...], int] = defaultdict(int)
    for index, (start, seconds, pitches, velocity) in enumerate(notes):
        origin = None
        if player.glide_s and index:
            before = notes[index - 1]
            joined = before[0] < start <= before[0] + before[1] + LEGATO_S
            origin = before[2][0] if joined and before[2] != pitches else None
        if player.glide_s and index + 1 < len(notes):
            seconds = min(seconds, max(notes[index + 1][0] - start, 0.0))
        if player.is_kit:
            seconds = _until_closed(notes, index) if pitches[0] == OPEN_HAT else math.inf
        layer = max(1, round(velocity * LAYERS)) / LAYERS
        counts[pitches] += 1
        strike = Strike(pitches, 0.0, layer, origin)
        events.append(
            _Event(round(start * RATE_HZ), seconds, velocity, strike, counts[pitches] % player.variants)
        )
    return events


def _until_closed(notes: Sequence[_Timed], index: int) -> float:
    start = notes[index][0]
    closing = (n[0] - start for n in notes[index + 1 :] if n[2][0] in CLOSES_HAT and n[0] > start + 0.01)
    return next(closing, math.inf)


def _chords(
    notes: Sequence[_Timed],
) -> list[_Timed]:
    chords: list[_Timed] = []
    for note in notes:
        if chords and note[0] - chords[-1][0] < CHORD_S:
            start, seconds, pitches, velocity = chords[-1]
            together = tuple(sorted({*pitches, *note[2]}))
            chords[-1] = (start, max(seconds, note[1]), together, max(velocity, note[3]))
        else:
            chords.append(note)
    return chords
