"""What drums play between two sections: fills, rolls that lead into a chorus, and the rise of a
pre-chorus."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from music.sketch.genres import Genre
from music.sketch.patterns import (
    CLAP,
    HIGH_TOM,
    KICK,
    LOW_TOM,
    MID_TOM,
    OPEN,
    SHAKER,
    SIDE,
    SNARE,
    STEP,
    SWELL,
)
from music.sketch.players.metres import FAMILY, Metre
from music.sketch.players.timed import TimedSection

Hit = Callable[..., None]
"""Plays a drum: beat of the section, key, velocity, and the length if it matters."""

_DRUMS = {
    "s": SNARE,
    "h": HIGH_TOM,
    "m": MID_TOM,
    "l": LOW_TOM,
    "k": KICK,
    "c": CLAP,
    "i": SIDE,
    "o": OPEN,
    "x": SHAKER,
}
_FILLS: dict[str, tuple[str, ...]] = {
    "rock": ("sshhmmll", "s.ss.hml", "hhmmllss", "s.sks.sk", "ssssmmll", "hmlhmlkk"),
    "pop": ("s.sh.mll", "s..s.s.s", "hhmmllss", "..ss.s.s", "s.hm.l.k", "ssss.m.l"),
    "club": ("c.c.cccc", "..c..c.c", "ssssssss", "c...c.cc", "s.s.ss.s"),
    "folk": ("s.s.ss.s", "l...l.l.", "..s.s.ss", "i.i.l.l."),
    "jazz": ("s..s..s.", "..h.m.l.", "s.hs.m.l", "i..s.h.m"),
    "calm": ("l...l.l.", "..l..l.l", "l.m.l..."),
}
"""Sixteenths that end with the section; a fill plays the last of them."""
_COMPOUND = ("s.h.m.l.", "sshhmmll", "s.s.s.s.", "..h.h.l.")


def choose_fill(genre: Genre, metre: str, rng: Random) -> str:
    """The fill of a section, of those that suit the genre."""
    fills = _FILLS[FAMILY[genre.groove]]
    if metre in ("6/8", "12/8") and FAMILY[genre.groove] in ("rock", "pop"):
        fills = _COMPOUND
    return rng.choice(fills)


def play_fill(hit: Hit, fill: str, start: float, end: float, loud: float, *, small: bool) -> None:
    """The end of ``fill`` from ``start`` to ``end``, louder and louder; a ``small`` one is soft."""
    steps = round((end - start) / STEP)
    for n in range(steps):
        mark = fill[(n - steps) % len(fill)]
        if mark != ".":
            force = (0.40 if small else 0.5) + (0.15 if small else 0.4) * n / max(steps - 1, 1)
            hit(start + n * STEP, _DRUMS[mark], loud * force)


def build(hit: Hit, section: TimedSection) -> None:
    """A snare roll of two bars that gets faster, with a cymbal swell."""
    length = section.form.bars * section.bar_beats
    start = length - 2 * section.bar_beats
    hit(start + section.bar_beats, SWELL, 0.7, section.bar_beats)
    beat = start
    while beat < length - 1e-6:
        done = (beat - start) / (length - start)
        hit(beat, SNARE, 0.25 + 0.45 * done)
        beat += 1.0 if done < 0.5 else 0.5 if done < 0.75 else 0.25


def rise(hit: Hit, section: TimedSection, metre: Metre, loud: float) -> None:
    """Toms on the pulses from the middle of a section on, louder and louder, and a swell at its end."""
    bars, bar_beats = section.form.bars, section.bar_beats
    first = bars // 2
    hit((bars - 1) * bar_beats, SWELL, 0.55, bar_beats)
    count = max((bars - first) * len(metre.pulses) - 1, 1)
    for bar in range(first, bars):
        for n, pulse in enumerate(metre.pulses):
            done = ((bar - first) * len(metre.pulses) + n) / count
            if bar < bars - 1 or pulse < metre.pulses[-1]:  # the last pulse belongs to the fill
                hit(bar * bar_beats + pulse * STEP, LOW_TOM, loud * (0.3 + 0.4 * done))
