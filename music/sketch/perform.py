"""Plays a score's parts: every note at its exact sample, summed to a dry stem.

A part is played section by section. A section that repeats an earlier one is that one's sound, added again.
All times inside a section are samples from its start, so both are the same to the last bit."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from music.sketch.instruments import RATE_HZ, Instrument, Signal, Strike, instrument, release
from music.sketch.parallel import Tick
from music.sketch.score import Part
from music.sketch.tones import TONES, lasting
from music.stems import blank, put_aside

Rows = Signal
"""``(3, samples)``: a dry stem's left channel, right channel, and send to the room."""

LAYERS = 5
"""The colour of a note has this many steps of velocity; its level follows the velocity exactly."""
LOUDNESS_CURVE = 1.5
"""Amplitude rises as ``velocity ** LOUDNESS_CURVE``: from 0.4 to 0.8 is 9 dB."""
CHORD_S = 0.05
"""Notes that start within this time are one chord for an instrument with ``chordal``."""
LEGATO_S = 0.04
EARLY_S = 0.05
"""A note that starts so little before a section is an early first note of that section."""
PIECE = 65_536
OPEN_HAT, CLOSES_HAT = 46, (42, 44)


_TimedNote = tuple[float, float, tuple[int, ...], float]
"""Start and length in seconds, pitches, velocity."""


@dataclass(frozen=True)
class _Event:
    """A note of a section: its first sample from the section's start (an early one's is negative), its length
    in seconds until it is let go, and its tone."""

    start: int
    seconds: float
    velocity: float
    strike: Strike
    variant: int


def play(
    parts: Sequence[Part],
    *,
    tempo_bpm: float,
    samples: int,
    tick: Tick,
    sections: Sequence[float] = (0.0,),
    reuse: bool = True,
    in_file: bool = False,
) -> Rows:
    """The sum of one stem's parts: ``(3, samples)``. A tail beyond the end is cut.

    ``sections`` are the beats at which the song's sections start, in order. ``reuse``: whether repetitions
    are played once; the result is the same. ``in_file``: see ``music.stems``."""
    rows = blank(3, samples, in_file=in_file)
    for index, part in enumerate(parts):
        steps = partial(_tick_part, tick, index, len(parts))
        _play_part(rows, part, 60.0 / tempo_bpm, sections, steps, reuse=reuse)
    tick(1.0)
    return rows


def pan_gains(pan: float, gain: float, send: float) -> Signal:
    """``(3, 1)``: the gains of a source to left, right and room. Equal power; unity in the middle."""
    angle = (pan + 1.0) * math.pi / 4.0
    left, right = math.sqrt(2.0) * math.cos(angle), math.sqrt(2.0) * math.sin(angle)
    return np.array([[gain * left], [gain * right], [gain * send]], dtype=np.float32)


def _tick_part(tick: Tick, index: int, parts: int, fraction: float) -> None:
    tick((index + fraction) / parts)


def _play_part(
    rows: Rows, part: Part, beat_s: float, sections: Sequence[float], tick: Tick, *, reuse: bool
) -> None:
    player = instrument(part.instrument)
    starts_s = [beat * beat_s for beat in sections]
    played = _events(part, player, beat_s, starts_s)
    tones = _tones(part.instrument, player, [event for events in played for event in events], tick)
    left, right, send = pan_gains(part.pan, 10.0 ** (part.gain_db / 20.0), part.reverb)[:, 0]
    to_come = Counter(played)
    kept: dict[tuple[_Event, ...], Signal] = {}
    for index, events in enumerate(played):
        if not events:
            continue
        tick(0.5 + 0.5 * index / len(played))
        origin = min(events[0].start, 0)
        sound = kept.pop(events) if events in kept else _sound(events, origin, tones, player)
        to_come[events] -= 1
        if reuse and to_come[events]:
            kept[events] = sound
        start = round(starts_s[index] * RATE_HZ) + origin
        # A stereo tone keeps its own width; the room gets its mean.
        sides = (sound[0], sound[-1], sound[0] if len(sound) == 1 else sound.mean(0))
        for row, gain, side in zip(rows, (left, right, send), sides, strict=True):
            _add(row, start, side, gain)
        put_aside(rows)


def _add(row: Signal, start: int, sound: Signal, gain: float) -> None:
    """Adds ``sound`` to ``row`` from the sample ``start`` on, in pieces that stay in the cache."""
    for at in range(max(-start, 0), min(len(sound), len(row) - start), PIECE):
        piece = gain * sound[at : min(at + PIECE, len(row) - start)]
        row[start + at : start + at + len(piece)] += piece


def _tones(
    name: str, player: Instrument, events: Sequence[_Event], tick: Tick
) -> dict[tuple[Strike, int], Signal]:
    """The tone of each strike and variant, long enough for the longest note with it."""
    longest: dict[tuple[Strike, int], float] = defaultdict(float)
    for event in events:
        key = event.strike, event.variant
        longest[key] = max(longest[key], event.seconds + player.release_s)
    tones = {}
    for count, ((strike, variant), seconds) in enumerate(longest.items()):
        tick(0.5 * count / len(longest))
        tones[strike, variant] = TONES.of(name, lasting(strike, seconds, player), variant)
    return tones


def _sound(
    events: Sequence[_Event], origin: int, tones: dict[tuple[Strike, int], Signal], player: Instrument
) -> Signal:
    """``(1 or 2, samples)``: the notes of a section, with their tails, from the sample ``origin`` on."""
    notes = [(event, tones[event.strike, event.variant]) for event in events]
    ends = [event.start - origin + int(min(_held(event, player), tone.shape[1])) for event, tone in notes]
    sound = np.zeros((max(len(tone) for _, tone in notes), max(ends)), dtype=np.float32)
    for (event, tone), end in zip(notes, ends, strict=True):
        start = event.start - origin
        note = tone[:, : end - start] * np.float32((event.velocity / 0.8) ** LOUDNESS_CURVE)
        # A drum that is not stopped needs no release.
        if not player.is_kit or _held(event, player) <= tone.shape[1]:
            release(note, player.release_s)
        sound[:, start:end] += note
    return sound


def _held(event: _Event, player: Instrument) -> float:
    """Samples until the note is silent, release included."""
    if not math.isfinite(event.seconds):
        return math.inf
    return round((event.seconds + player.release_s) * RATE_HZ)


def _events(
    part: Part, player: Instrument, beat_s: float, starts_s: Sequence[float]
) -> list[tuple[_Event, ...]]:
    """The notes of each section."""
    notes: list[_TimedNote] = [
        (n.start * beat_s, n.duration * beat_s, (n.pitch,), n.velocity) for n in part.notes
    ]
    if player.chordal:
        notes = _chords(notes)
    sections: list[list[_Event]] = [[] for _ in starts_s]
    counts: dict[tuple[int, tuple[int, ...]], int] = defaultdict(int)
    for index, (start, seconds, pitches, velocity) in enumerate(notes):
        glide_from = None
        if player.glide_s and index:
            before = notes[index - 1]
            joined = before[0] < start <= before[0] + before[1] + LEGATO_S
            glide_from = before[2][0] if joined and before[2] != pitches else None
        if player.glide_s and index + 1 < len(notes):
            seconds = min(seconds, max(notes[index + 1][0] - start, 0.0))
        if player.is_kit:
            seconds = _until_closed(notes, index) if pitches[0] == OPEN_HAT else math.inf
        layer = max(1, round(velocity * LAYERS)) / LAYERS
        place = max(bisect_right(starts_s, start + EARLY_S) - 1, 0)
        counts[place, pitches] += 1
        strike = Strike(pitches, 0.0, layer, glide_from)
        variant = counts[place, pitches] % player.variants
        inside = round((start - starts_s[place]) * RATE_HZ)
        # To the sample: a repetition's times differ in their last bit.
        held = round(seconds * RATE_HZ) / RATE_HZ if math.isfinite(seconds) else seconds
        sections[place].append(_Event(inside, held, velocity, strike, variant))
    return [tuple(events) for events in sections]


def _until_closed(notes: Sequence[_TimedNote], index: int) -> float:
    start = notes[index][0]
    closing = (n[0] - start for n in notes[index + 1 :] if n[2][0] in CLOSES_HAT and n[0] > start + 0.01)
    return next(closing, math.inf)


def _chords(
    notes: Sequence[_TimedNote],
) -> list[_TimedNote]:
    chords: list[_TimedNote] = []
    for note in notes:
        if chords and note[0] - chords[-1][0] < CHORD_S:
            start, seconds, pitches, velocity = chords[-1]
            chord = tuple(sorted({*pitches, *note[2]}))
            chords[-1] = (start, max(seconds, note[1]), chord, max(velocity, note[3]))
        else:
            chords.append(note)
    return chords
