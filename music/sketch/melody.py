"""Melodies from a motif: the rhythm and the pitches of syllables.

Both are shortest paths (Viterbi, 1967), over the possible beats and over the possible pitches of each
syllable. The costs follow handbooks of song-writing: stressed syllables on strong beats, chord tones on
strong beats, steps rather than leaps, a contour that returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from music.sketch.theory import Chord, Key

STRONG, HALF, BEAT, OFF, FINE = 1.0, 0.8, 0.6, 0.3, 0.1
_HURRIED = 1.2
"""What it costs to leave a syllable half of the time that it needs."""
_SHORTEST_REST = 0.4
"""Beats of a line that are left after the start of its last syllable."""


@dataclass(frozen=True)
class Motif:
    """What is characteristic of the song's tune: a contour (heights 0..1 along a line), favoured beats, the
    start of lines."""

    contour: tuple[float, ...]
    favoured: frozenset[float]
    """Beats of the bar."""
    pickup: float
    """Beats after the bar's start."""
    accents: frozenset[float] = frozenset()
    """Beats of the bar that are stressed besides its first, where the metre has its own."""


@dataclass(frozen=True)
class MelodyNote:
    """A syllable's note; ``start`` and ``duration`` in beats, ``pitch`` a MIDI number."""

    start: float
    duration: float
    pitch: int


@dataclass(frozen=True)
class Frame:
    """The bounds of a line's melody: its time, its range, its harmony."""

    start: float
    beats: float
    bar_beats: float
    low: int
    high: int
    key: Key
    chord_at: Callable[[float], Chord]
    earliest: float = 0.0
    """No syllable starts earlier than this many beats after ``start``."""
    phase: float | None = None
    """The beat of its bar at which a line starts that is to start at once; None for a line that starts with a
    bar, or a part of one, and may wait."""


def new_motif(rng: Random, bar_beats: float, accents: frozenset[float] = frozenset()) -> Motif:
    """A random motif for the choruses; ``accents`` are the stressed beats of the metre's bar."""
    shapes = (
        (0.3, 0.6, 0.8, 0.6, 0.45),
        (0.8, 0.65, 0.75, 0.5, 0.35),
        (0.4, 0.4, 0.75, 0.95, 0.6),
        (0.6, 0.9, 0.7, 0.8, 0.4),
        (0.2, 0.45, 0.65, 0.9, 0.7),
        (0.7, 0.5, 0.3, 0.6, 0.5),
    )
    contour = tuple(min(1.0, max(0.0, height + rng.uniform(-0.12, 0.12))) for height in rng.choice(shapes))
    eighths = [n * 0.5 for n in range(round(bar_beats * 2))]
    favoured = frozenset([0.0, *rng.sample(eighths[1:], k=min(len(eighths) - 1, rng.randint(3, 4)))])
    return Motif(contour, favoured, rng.choice((0.0, 0.0, 0.5, 1.0)), accents)


def develop(motif: Motif, kind: str, rng: Random) -> Motif:
    """The motif for another kind of section: lower and reversed, rising, or inverted, with some beats
    shifted."""
    heights = motif.contour
    if kind == "verse":
        contour = tuple(0.15 + 0.6 * height for height in reversed(heights))
    elif kind == "pre-chorus":
        contour = tuple(0.2 + 0.7 * n / (len(heights) - 1) for n in range(len(heights)))
    elif kind == "bridge":
        contour = tuple(1.0 - height for height in heights)
    else:
        return motif
    others = frozenset((beat + 0.5) if rng.random() < 0.35 else beat for beat in motif.favoured)
    return Motif(contour, others, rng.choice((0.0, 0.5, 1.0)), motif.accents)


def line_variant(motif: Motif, index: int, count: int) -> Motif:
    """The motif for line ``index`` of ``count``: statement, answer, varied statement, close."""
    heights = motif.contour
    if index == count - 1:
        return replace(motif, contour=(*heights[:-2], 0.5 * heights[-2], 0.15))
    if index % 2:
        return replace(motif, contour=tuple(0.85 * height + 0.05 for height in heights))
    if index % 4 == 2:
        return replace(motif, contour=tuple(min(1.0, height + 0.12) for height in heights))
    return motif


def sing_line(
    stresses: Sequence[int],
    motif: Motif,
    frame: Frame,
    *,
    closing: bool,
    flat: bool = False,
    needed: Sequence[float] = (),
) -> list[MelodyNote]:
    """A melody for syllables with these stresses: one note each, in order, inside ``frame``.

    ``closing``: it ends on root or third of the tonic chord. ``flat``: it stays on few pitches, as in rap.
    ``needed``: the beats that each syllable would have to be clear; empty for an instrument."""
    starts = _rhythm(stresses, motif, frame, needed or [0.0] * len(stresses))
    pitches = _pitches(stresses, starts, motif, frame, closing=closing, flat=flat)
    line_end = frame.start + frame.beats
    notes = []
    for n, (start, pitch) in enumerate(zip(starts, pitches, strict=True)):
        following = starts[n + 1] if n + 1 < len(starts) else None
        if following is None:
            duration = min(max(1.0, 0.75 * (line_end - start)), 3.0, line_end - start - 0.08)
        else:
            duration = min(following - start, 2.0)
        notes.append(MelodyNote(start, max(duration, 0.05), pitch))
    return notes


def strength(beat_in_bar: float, bar_beats: float, accents: frozenset[float] = frozenset()) -> float:
    """How strong a place in the bar is, 0..1. ``accents``: the metre's own stressed beats, if it has some."""
    if accents:
        if beat_in_bar == 0:
            return STRONG
        return HALF if beat_in_bar in accents else OFF if beat_in_bar % 0.5 == 0 else FINE
    if beat_in_bar % 1.0:
        return OFF if beat_in_bar % 0.5 == 0 else FINE
    if beat_in_bar == 0:
        return STRONG
    middle = bar_beats / 2 if bar_beats in (2.0, 4.0) else 1.5 if bar_beats == 3.0 else bar_beats / 2
    return HALF if beat_in_bar == middle else BEAT


def _rhythm(stresses: Sequence[int], motif: Motif, frame: Frame, needed: Sequence[float]) -> list[float]:
    count = len(stresses)
    window = frame.beats * (0.80 if frame.beats >= 4 else 0.90)
    if window < count * 0.5 <= frame.beats - 0.4:  # eighths up to the line's end rather than sixteenths
        window = count * 0.5
    pickup = motif.pickup if count * 0.5 <= window - motif.pickup - 0.5 else 0.0
    pickup = max(pickup if frame.phase is None else 0.0, frame.earliest)
    phase = frame.phase or 0.0
    window = max(window, min(frame.beats, frame.earliest + 0.25 * count))
    latest = frame.beats - max(_SHORTEST_REST, needed[-1])
    window = max(window, min(latest, pickup + sum(needed)))
    step = next((s for s in (0.5, 0.25) if count * s <= window - pickup), None)
    if step is None:
        step = (window - pickup) / count  # too dense for the grid: evenly spaced syllables
        return [frame.start + pickup + n * step for n in range(count)]
    slots = int((window - pickup) / step + 1e-9)
    ideal = max(1.0, (slots - 1) / max(count - 1, 1)) if count * step > 0.4 * window else 0.9 / step
    ideal = min(ideal, 1.25 / step)

    def place_cost(n: int, slot: int) -> float:
        beat = pickup + slot * step
        in_bar = (phase + beat) % frame.bar_beats
        strong = strength(in_bar, frame.bar_beats, motif.accents)
        cost = (1.0 - strong) if stresses[n] else 0.55 * strong
        if n == count - 1:
            cost += 0.6 * (1.0 - strong)
        return cost - (0.35 if round(in_bar, 2) in motif.favoured else 0.0)

    longest = max(2, int(ideal * 2) + 1)
    best: list[dict[int, tuple[float, int]]] = [
        {
            slot: (place_cost(0, slot) + 0.25 * slot * step, -1)
            for slot in range(min(slots - count + 1, int(2 / step) if frame.phase is None else 1) or 1)
        }
    ]
    for n in range(1, count):
        row: dict[int, tuple[float, int]] = {}
        for slot in range(n, slots - (count - 1 - n)):
            options = [
                (
                    best[-1][slot - gap][0]
                    + 0.3 * (gap / ideal - 1.0) ** 2
                    + _HURRIED * max(0.0, needed[n - 1] / (gap * step) - 1.0),
                    slot - gap,
                )
                for gap in range(1, longest + 1)
                if slot - gap in best[-1]
            ]
            if options:
                cost, origin = min(options)
                row[slot] = (cost + place_cost(n, slot), origin)
        best.append(row)
    return [frame.start + pickup + slot * step for slot in _cheapest_path(best)]


def _pitches(
    stresses: Sequence[int], starts: Sequence[float], motif: Motif, frame: Frame, *, closing: bool, flat: bool
) -> list[int]:
    classes = frame.key.pitch_classes()
    choices = [pitch for pitch in range(frame.low, frame.high + 1) if pitch % 12 in classes]
    count = len(starts)
    home = (frame.key.pitch_class(0), frame.key.pitch_class(2))
    span = frame.high - frame.low
    phase = frame.phase or 0.0

    def pitch_cost(n: int, pitch: int) -> float:
        x = n / max(count - 1, 1)
        target = frame.low + span * (
            _along(motif.contour, x) * (0.35 if flat else 1.0) + (0.2 if flat else 0.0)
        )
        cost = 0.16 * abs(pitch - target)
        in_chord = pitch % 12 in frame.chord_at(starts[n]).notes[:4]
        strong = strength((phase + starts[n] - frame.start) % frame.bar_beats, frame.bar_beats, motif.accents)
        if not in_chord:
            cost += 1.2 * strong + (0.5 if stresses[n] else 0.0) + (2.0 if n == count - 1 else 0.0)
        if closing and n == count - 1 and pitch % 12 != home[0]:
            cost += 1.0 if pitch % 12 == home[1] else 6.0
        return cost

    best: list[dict[int, tuple[float, int]]] = [{pitch: (pitch_cost(0, pitch), 0) for pitch in choices}]
    for n in range(1, count):
        row = {}
        for pitch in choices:
            cost, origin = min((c + _leap_cost(pitch - q, flat=flat), q) for q, (c, _) in best[-1].items())
            row[pitch] = (cost + pitch_cost(n, pitch), origin)
        best.append(row)
    return _cheapest_path(best)


def _cheapest_path(best: Sequence[Mapping[int, tuple[float, int]]]) -> list[int]:
    """The states of the cheapest path. ``best`` has a row for each step: for each state, the cost of the best
    path to it and the state before it on that path. Of equal costs the lowest state wins."""
    state = min(best[-1], key=lambda state: (best[-1][state][0], state))
    path = []
    for row in reversed(best):
        path.append(state)
        state = row[state][1]
    return path[::-1]


def _leap_cost(interval: int, *, flat: bool) -> float:
    size = abs(interval)
    if size == 0:
        return 0.0 if flat else 0.30
    if size <= 2:
        return 0.05
    if size <= 4:
        return 0.30
    return 0.16 * size if size <= 7 else 0.35 * size


def _along(contour: Sequence[float], x: float) -> float:
    """The contour's height at ``x`` in 0..1, by straight lines between its points."""
    at = x * (len(contour) - 1)
    left = min(int(at), len(contour) - 2)
    return contour[left] + (at - left) * (contour[left + 1] - contour[left])
