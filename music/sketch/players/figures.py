"""How a comping figure goes in other metres, and how it changes over the bars of a phrase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from music.sketch.patterns import FIGURES, STEP, Figure
from music.sketch.players.metres import METRES, Metre

_Mark = tuple[float, float]
"""Beat and strength 0..1 of a stroke."""

_NAMES = {
    "held": "pad swells",
    "halves": "half power",
    "pulse": "quarters waltz",
    "run": "eighths chug gallop ostinato",
    "strum": "strum|soft strum|boom chick",
    "broken": "picked arpeggio alberti broken",
    "fast": "sixteenths rolling",
    "off": "skank|bubble|backbeat|offbeat stabs|off sixteenths",
    "sparse": "stabs charleston comp bossa montuno funk",
}
_KINDS = {
    FIGURES[name]: kind
    for kind, names in _NAMES.items()
    for name in (names.split("|") if "|" in names else names.split())
}


def figure_in(figure: Figure, metre: str) -> Figure:
    """The figure for a bar of ``metre``, on that metre's pulses."""
    if metre == "4/4":
        return figure
    return replace(figure, steps=_steps(_KINDS[figure], METRES[metre]))


def _steps(kind: str, metre: Metre) -> str:
    marks = ["."] * metre.steps
    ends = [*metre.pulses[1:], metre.steps]
    if kind == "held":
        marks[0] = "6"
    elif kind == "halves":
        for step in metre.strong:
            marks[step] = "7" if step == 0 else "6"
        if metre.strong == (0,):
            marks[metre.pulses[-1]] = "5"
    elif kind == "pulse":
        # The bass has the stressed beats; the chords answer.
        for n, (step, end) in enumerate(zip(metre.pulses, ends, strict=True)):
            marks[step] = "7" if step in metre.strong else "5"
            if metre.is_compound:
                marks[end - 2] = "4" if n % 2 else "5"
    elif kind in ("run", "broken", "strum"):
        for step in range(0, metre.steps, 2):
            marks[step] = "7" if step in metre.strong else "6" if step in metre.pulses else "5"
        if kind == "strum":
            # Ups between the downs, but none after the first of each stress.
            for step in metre.strong:
                marks[step] = "8"
                marks[step + 2] = "."
    elif kind == "fast":
        marks = [
            "7" if step in metre.strong else "6" if step in metre.pulses else "45"[step % 2]
            for step in range(metre.steps)
        ]
    elif kind == "off":
        for step, end in zip(metre.pulses, ends, strict=True):
            marks[end - 2] = "7"
            if metre.is_compound:
                marks[step + 2] = "5"
    else:
        # Two stabs in a bar: on its first pulse and before its last one.
        marks[0] = "7"
        marks[metre.pulses[-1] - 2 if len(metre.pulses) > 2 else ends[0] - 2] = "5"
        if metre.steps > 12:
            marks[metre.pulses[-1] + 2] = "4"
    return "".join(marks)


def marks_of_phrase(
    marks: Sequence[_Mark], figure: Figure, metre: Metre, rng: Random
) -> tuple[list[_Mark], list[_Mark], list[_Mark], list[_Mark]]:
    """The strokes of a phrase's four bars: the figure, a variation of it, the figure, and a close."""
    plain = list(marks)
    if figure.held and len(plain) == 1:
        # A pad moves once in the phrase's last bar, on its strongest later pulse.
        at = (metre.strong[-1] if len(metre.strong) > 1 else metre.pulses[-1]) * STEP
        return plain, plain, plain, [plain[0], (at, plain[0][1] * 0.8)]
    varied = _varied(plain, figure, metre, rng)
    return plain, varied, plain, _closed(varied, figure, metre, rng)


def _varied(marks: list[_Mark], figure: Figure, metre: Metre, rng: Random) -> list[_Mark]:
    """One weak stroke less, or one more, or one earlier."""
    pulses = {pulse * STEP for pulse in metre.pulses}
    weak = [n for n, (beat, _) in enumerate(marks) if n and beat not in pulses]
    choice = rng.random()
    if weak and choice < 0.5:
        dropped = rng.choice(weak)
        return [mark for n, mark in enumerate(marks) if n != dropped]
    later = [n for n, (beat, _) in enumerate(marks) if n and beat in pulses]
    if later and choice < 0.75 and figure.shape == "chord":
        n = rng.choice(later)
        beat, force = marks[n]
        if marks[n - 1][0] < beat - 0.5:
            return [*marks[:n], (beat - 0.5, force), *marks[n + 1 :]]
    taken = {beat for beat, _ in marks}
    free = [step * STEP for step in range(2, metre.steps, 2) if step * STEP not in taken]
    if free:
        return sorted([*marks, (rng.choice(free), 0.45)])
    if not weak:
        return marks
    dropped = rng.choice(weak)
    return [mark for n, mark in enumerate(marks) if n != dropped]


def _closed(marks: list[_Mark], figure: Figure, metre: Metre, rng: Random) -> list[_Mark]:
    """The phrase's last bar: it pushes into the next chord, or ends early and leaves room."""
    beats = metre.steps * STEP
    if figure.shape != "chord" or rng.random() < 0.5:
        edge = metre.pulses[-1] * STEP
        last = [(beat, force) for beat, force in marks if beat < edge]
        if figure.shape == "chord" and len(last) > 1:
            return last
        # A run stays whole and grows; a strum accents its last pulse.
        return [(beat, min(force * (0.8 + 0.35 * beat / beats), 1.0)) for beat, force in marks]
    push = beats - 0.5
    return [*(mark for mark in marks if mark[0] < push), (push, 0.75)]
