"""The players of the band: what drums, bass and comping instruments do in a section, bar by bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from music.sketch.form import Stretch
from music.sketch.genres import Genre, Layer
from music.sketch.patterns import (
    BASS_LINES,
    CRASH,
    FIGURES,
    GROOVES,
    HIGH_TOM,
    KICK,
    LOW_TOM,
    MID_TOM,
    SNARE,
    STEP,
    SWELL,
    Figure,
    strokes,
)
from music.sketch.score import Note
from music.sketch.theory import Chord, Key, voicing

_STRUM_BEATS = 0.018
_FULL = 0.66
"""From this energy on the full groove and the chorus bass line are played."""

_LOOSE_GROOVES = frozenset(
    ("pop", "backbeat", "rock", "soul", "r&b", "funk", "lo-fi", "boom bap", "trap", "breakbeat", "gospel")
)
"""Grooves whose kick drum leaves room for a stroke of the song's own; the others live by their steadiness."""
_GHOST_STEPS = (None, 3, 5, 7, 10, 11, 14)


@dataclass(frozen=True)
class Stage:
    """A section in time, with the harmony of each of its bars; ``following`` is the chord after the last."""

    stretch: Stretch
    start: float
    bar_beats: float
    chords: tuple[Chord, ...]
    following: Chord
    leads_to_chorus: bool

    @property
    def end(self) -> float:
        return self.start + self.stretch.bars * self.bar_beats

    def bars(self) -> Iterator[tuple[int, float, Chord]]:
        """Number, first beat and chord of each bar."""
        for n, chord in enumerate(self.chords):
            yield n, self.start + n * self.bar_beats, chord

    def chord_after(self, bar: int) -> Chord:
        return self.chords[bar + 1] if bar + 1 < len(self.chords) else self.following


@dataclass(frozen=True)
class Feel:
    """A player's hands: swing and unevenness, alike for the whole band but drawn anew for each note."""

    swing: float
    swing_step: float
    human_beats: float

    def place(self, beat: float, rng: Random, tightness: float = 1.0) -> float:
        """Where a note written at ``beat`` is really played."""
        uneven = rng.gauss(0.0, self.human_beats * tightness)
        return max(0.0, self.swung(beat) + max(-2.0 * self.human_beats, min(2.0 * self.human_beats, uneven)))

    def swung(self, beat: float) -> float:
        """``beat`` with swing alone."""
        steps = beat / self.swing_step
        if self.swing and abs(steps - round(steps)) < 1e-6 and round(steps) % 2:
            return beat + self.swing * self.swing_step
        return beat


def drums(stages: Sequence[Stage], genre: Genre, metre: str, feel: Feel, rng: Random) -> list[Note]:
    """The whole song's drum notes (General MIDI keys)."""
    notes: list[Note] = []
    ghost = rng.choice(_GHOST_STEPS) if genre.groove in _LOOSE_GROOVES else None

    def hit(beat: float, key: int, velocity: float, duration: float = 0.2) -> None:
        notes.append(
            Note(feel.place(beat, rng, 0.5), duration, key, _velocity(velocity + rng.gauss(0, 0.03)))
        )

    for stage in stages:
        energy = stage.stretch.energy
        groove = _groove(genre.groove, metre, full=energy >= _FULL)
        if ghost is not None and KICK in groove and metre == "4/4":
            groove = {**groove, KICK: _with_ghost(groove[KICK], ghost)}
        if stage.stretch.kind == "intro" and genre.groove != "none":
            groove = {key: bar for key, bar in groove.items() if key not in (SNARE, CRASH)}
        loud = 0.54 + 0.46 * energy
        if groove and energy >= _FULL:
            hit(stage.start, CRASH, 0.75 * loud, 2.0)
        for bar, at, _ in stage.bars():
            last = bar == stage.stretch.bars - 1
            fill_from = (
                stage.bar_beats - (1.0 if energy < _FULL else 1.5) if last and bar else stage.bar_beats
            )
            for key, pattern in groove.items():
                for beat, strength in strokes(pattern, stage.bar_beats):
                    if beat < fill_from or key == KICK:
                        hit(at + beat, key, strength * loud * (1.0 if beat % 1 == 0 else 0.92))
            if groove and last and bar:
                _fill(hit, at + fill_from, at + stage.bar_beats, loud, rng)
        if groove and genre.build and stage.leads_to_chorus and stage.stretch.bars >= 4:
            _build(hit, stage)
    return notes


def _with_ghost(pattern: str, step: int) -> str:
    """``pattern`` with a soft stroke at ``step``, if nothing is there."""
    return pattern if pattern[step] != "." else f"{pattern[:step]}5{pattern[step + 1 :]}"


def _groove(name: str, metre: str, *, full: bool) -> dict[int, str]:
    if GROOVES[name] and metre in ("3/4", "6/8", "12/8"):
        base = "waltz" if metre == "3/4" else "compound"
        return GROOVES[f"{base} full" if full else base]
    return GROOVES[name] if full or f"{name} light" not in GROOVES else GROOVES[f"{name} light"]


def _fill(hit: Callable[..., None], start: float, end: float, loud: float, rng: Random) -> None:
    down = (SNARE, SNARE, HIGH_TOM, MID_TOM, LOW_TOM, LOW_TOM)
    back = (HIGH_TOM, HIGH_TOM, MID_TOM, LOW_TOM, SNARE, SNARE)
    drum = rng.choice((down, back))
    steps = round((end - start) / STEP)
    for n in range(steps):
        if n % 2 == 0 or rng.random() < 0.7:
            hit(start + n * STEP, drum[n % len(drum)], loud * (0.5 + 0.4 * n / max(steps - 1, 1)))


def _build(hit: Callable[..., None], stage: Stage) -> None:
    """A roll that doubles its pace over two bars, under a swell."""
    start = stage.end - 2 * stage.bar_beats
    hit(start + stage.bar_beats, SWELL, 0.7, stage.bar_beats)
    beat = start
    while beat < stage.end - 1e-6:
        done = (beat - start) / (stage.end - start)
        hit(beat, SNARE, 0.25 + 0.45 * done)
        beat += 1.0 if done < 0.5 else 0.5 if done < 0.75 else 0.25


def bass(stages: Sequence[Stage], genre: Genre, key: Key, feel: Feel, rng: Random) -> list[Note]:
    """The whole song's bass line."""
    notes: list[Note] = []
    for stage in stages:
        energy = stage.stretch.energy
        if stage.stretch.kind == "intro" and energy < 0.5 and stage.stretch.bars > 2:
            continue  # the intro leaves the ground floor empty, so that the verse has somewhere to start from
        line = BASS_LINES[genre.bass[2] if energy >= _FULL else genre.bass[1]]
        velocity = 0.52 + 0.38 * energy
        for bar, at, chord in stage.bars():
            root = _bass_pitch(chord.root, genre.bass_register)
            after = _bass_pitch(stage.chord_after(bar).root, genre.bass_register)
            for beat, length, tone in _tones(line, stage.bar_beats):
                pitch = _bass_tone(tone, chord, root, after, key, genre.bass_register)
                accent = 1.0 if beat % 1 == 0 else 0.9
                start = feel.place(at + beat, rng, 0.6)
                notes.append(Note(start, max(length * 0.94, 0.1), pitch, _velocity(velocity * accent)))
    return notes


def _tones(line: str, beats: float) -> Iterator[tuple[float, float, str]]:
    """``(beat, length, tone)`` of each note of a bass bar."""
    steps = round(beats / STEP)
    marks = [line[n % len(line)] for n in range(steps)]
    starts = [n for n, mark in enumerate(marks) if mark not in "-."]
    for n, start in enumerate(starts):
        stop = starts[n + 1] if n + 1 < len(starts) else steps
        held = next((k for k in range(start + 1, stop) if marks[k] == "."), stop)
        yield start * STEP, (held - start) * STEP, marks[start]


def _bass_pitch(pitch_class: int, register: int) -> int:
    return register + (pitch_class - register) % 12


def _bass_tone(tone: str, chord: Chord, root: int, after: int, key: Key, register: int) -> int:
    if tone == "O":
        return root + 12
    if tone == "5":
        return root + 7 if root + 7 <= register + 17 else root - 5
    if tone == "3":
        return root + ((chord.notes[1] - chord.root) % 12 if len(chord.notes) > 2 else 7)
    if tone == "A":  # from the scale, a step above or below the next root
        below = next(p for p in range(after - 1, after - 4, -1) if p % 12 in key.pitch_classes())
        above = next(p for p in range(after + 1, after + 4) if p % 12 in key.pitch_classes())
        return below if root <= after else above
    return root


def comp(stages: Sequence[Stage], layer: Layer, feel: Feel, rng: Random) -> list[Note]:
    """What a comping instrument plays over the whole song."""
    notes: list[Note] = []
    figure = FIGURES[layer.figure]
    previous: tuple[int, ...] = ()
    for stage in stages:
        energy = stage.stretch.energy
        if not layer.from_energy <= energy < layer.to_energy:
            continue
        velocity = 0.44 + 0.44 * energy
        for _, at, chord in stage.bars():
            previous = voicing(chord, previous, layer.low, layer.high)
            notes += _figure(figure, previous, at, stage.bar_beats, velocity, feel, rng)
    return notes


def _figure(
    figure: Figure,
    pitches: tuple[int, ...],
    at: float,
    beats: float,
    velocity: float,
    feel: Feel,
    rng: Random,
) -> Iterator[Note]:
    marks = strokes(figure.steps, beats)
    walk = _walk(figure, pitches)
    for n, (beat, force) in enumerate(marks):
        following = marks[n + 1][0] if n + 1 < len(marks) else beats
        start = feel.place(at + beat, rng)
        loud = velocity * (0.55 + 0.5 * force)
        if figure.shape in ("chord", "strum"):
            length = (following - beat) * 0.98 if figure.held else figure.length
            order = pitches if figure.shape == "chord" or n % 2 == 0 else pitches[::-1]
            spread = _STRUM_BEATS if figure.shape == "strum" else 0.0
            for k, pitch in enumerate(order):
                yield Note(start + k * spread, length, pitch, _velocity(loud + rng.gauss(0, 0.02)))
        else:
            length = min(beats - beat, 2.0) if figure.held else figure.length
            yield Note(start, length, walk[n % len(walk)], _velocity(loud + rng.gauss(0, 0.03)))


def _walk(figure: Figure, pitches: tuple[int, ...]) -> tuple[int, ...]:
    """The order in which a broken chord's notes are played."""
    if figure.shape == "alberti":
        low, *rest = pitches
        return tuple(p for p in (low, rest[-1], rest[0], rest[-1]))
    if figure.shape == "up and down":
        return pitches + pitches[-2:0:-1]
    return (*pitches, pitches[0] + 12)


def _velocity(value: float) -> float:
    return min(1.0, max(0.08, value))
