"""The drums: a groove with its variations in a phrase, fills where a phrase ends, and builds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from music.sketch.genres import Genre
from music.sketch.patterns import (
    CRASH,
    GROOVES,
    HAT,
    KICK,
    OPEN,
    RIDE,
    SHAKER,
    SIDE,
    SNARE,
    TAMBOURINE,
    Groove,
    strokes,
)
from music.sketch.players.fills import build, choose_fill, play_fill, rise
from music.sketch.players.metres import FAMILY, METRES, groove_in
from music.sketch.players.timed import FULL, Bar, Feel, TimedSection
from music.sketch.score import Note

_LOOSE_GROOVES = frozenset(
    ("pop", "backbeat", "rock", "soul", "r&b", "funk", "lo-fi", "boom bap", "trap", "breakbeat", "gospel")
)
"""Grooves that allow one extra kick of the song's own; the others must stay steady."""
_GHOST_STEPS = (None, 3, 5, 7, 10, 11, 14)
_CYMBALS = (HAT, RIDE, SHAKER, TAMBOURINE)

Hit = Callable[[float, int, float], None]
"""Plays a drum: beat of the section, key, velocity."""


def drums(sections: Sequence[TimedSection], genre: Genre, metre: str, feel: Feel, rng: Random) -> list[Note]:
    """The whole song's drum notes (General MIDI keys)."""
    ghost = rng.choice(_GHOST_STEPS) if genre.groove in _LOOSE_GROOVES else None
    return [note for section in sections for note in _section(section, genre, metre, feel, ghost)]


def _section(section: TimedSection, genre: Genre, metre: str, feel: Feel, ghost: int | None) -> list[Note]:
    notes: list[Note] = []
    rng = section.random("drums")
    energy, kind = section.form.energy, section.form.kind
    full = energy >= FULL
    groove = GROOVES[genre.groove] and groove_of(genre.groove, metre, full=full)
    if not groove:
        return []
    if ghost is not None and KICK in groove and metre == "4/4":
        groove = {**groove, KICK: _with_stroke(groove[KICK], ghost, "5")}
    if kind == "intro":
        groove = {key: bar for key, bar in groove.items() if key not in (SNARE, CRASH)}
    groove = _version(groove, section, genre, rng)
    loud = 0.54 + 0.46 * energy
    variation = _variation(groove, genre, metre, rng)
    fill = choose_fill(genre, metre, rng)

    def hit(at: float, key: int, velocity: float, duration: float = 0.2, colour: float | None = None) -> None:
        at = feel.place(at, rng, 0.5)
        notes.append(section.note(at, duration, key, velocity + rng.gauss(0.0, 0.025), colour))

    if full:
        hit(0.0, CRASH, 0.75 * loud, 2.0)
    builds = kind == "pre-chorus" and section.form.bars >= 2
    for bar in section.phrased():
        force = loud * bar.swell
        fill_beats = _fill_beats(section, bar, full=full)
        until = section.bar_beats - fill_beats
        played = variation if bar.place in (1, 3) else groove
        if kind == "intro" and section.form.bars >= 4 and bar.number < section.form.bars // 2:
            played = {key: steps for key, steps in played.items() if key in (HAT, RIDE, SHAKER, KICK)}
        if section.is_biggest and bar.number and bar.place == 0:
            hit(bar.at, CRASH, 0.68 * loud, 2.0)
        for key, pattern in played.items():
            for beat, strength in strokes(pattern, section.bar_beats):
                if beat < until or (key == KICK and not bar.is_last):
                    accent = strength * (1.0 if beat % 1 == 0 else 0.92)
                    hit(bar.at + beat, key, accent * force, colour=accent * loud)
        if fill_beats:
            play_fill(hit, fill, bar.at + until, bar.at + section.bar_beats, loud, small=not bar.is_last)
    if genre.build and section.leads_to_chorus and section.form.bars >= 4:
        build(hit, section)
    elif builds:
        rise(hit, section, METRES[metre], loud)
    return sorted(notes, key=lambda note: note.start)


def groove_of(name: str, metre: str, *, full: bool) -> Groove:
    """The bar of a genre's groove in any metre, quiet or full."""
    if metre != "4/4":
        return groove_in(metre, name, full=full)
    return GROOVES[name] if full or f"{name} light" not in GROOVES else GROOVES[f"{name} light"]


def _fill_beats(section: TimedSection, bar: Bar, *, full: bool) -> float:
    """How much of the end of a bar is for a fill: that of a section, or a short one amid a section."""
    if bar.number == 0 or (section.form.kind == "intro" and not bar.is_last):
        return 0.0
    if bar.is_last:
        return min(1.5 if full else 1.0, section.bar_beats / 2)
    return 0.5 if bar.closes and bar.number >= 3 else 0.0


def _version(groove: Groove, section: TimedSection, genre: Genre, rng: Random) -> Groove:
    """The groove of a later verse has another hand; that of the last chorus has all of them."""
    if section.version == "second" and section.form.kind in ("verse", "bridge"):
        steps = len(next(iter(groove.values())))
        hands = [key for key in (HAT, RIDE, SHAKER) if key in groove]
        if hands and rng.random() < 0.5 and FAMILY[genre.groove] != "club":
            moved = {HAT: RIDE, RIDE: HAT, SHAKER: HAT}[hands[0]]
            groove = {(moved if key == hands[0] else key): bar for key, bar in groove.items()}
        added = SHAKER if SHAKER not in groove else TAMBOURINE
        return {**groove, added: "".join("4" if n % 4 == 2 else "." for n in range(steps))}
    if section.is_biggest and TAMBOURINE not in groove:
        steps = len(next(iter(groove.values())))
        return {
            **groove,
            TAMBOURINE: "".join(("5" if n % 8 == 4 else "4") if n % 4 == 0 else "." for n in range(steps)),
        }
    return groove


def _variation(groove: Groove, genre: Genre, metre: str, rng: Random) -> Groove:
    """The groove of a phrase's second and fourth bars."""
    varied = dict(groove)
    if KICK in varied and FAMILY[genre.groove] not in ("club", "calm"):
        varied[KICK] = _moved(varied[KICK], metre, rng)
    hand = next((key for key in _CYMBALS if key in varied), None)
    backbeat = next((key for key in (SNARE, SIDE) if key in varied), None)
    if hand == HAT and OPEN not in varied:
        bar = varied[HAT]
        at = max((n for n, mark in enumerate(bar) if mark != "."), default=0)
        varied[HAT] = f"{bar[:at]}.{bar[at + 1 :]}"
        varied[OPEN] = "." * at + "4" + "." * (len(bar) - at - 1)
    elif hand is not None:
        spots = [n for n, mark in enumerate(varied[hand]) if mark == "."]
        if spots:
            varied[hand] = _with_stroke(varied[hand], rng.choice(spots[len(spots) // 2 :]), "3")
    if backbeat is not None and FAMILY[genre.groove] not in ("club", "calm"):
        spots = [n for n, mark in enumerate(varied[backbeat]) if mark == "." and n % 4 in (1, 3)]
        if spots:
            varied[backbeat] = _with_stroke(varied[backbeat], rng.choice(spots), "2")
    return varied


def _moved(bar: str, metre: str, rng: Random) -> str:
    """The kicks of ``bar`` with one that does not stand on a pulse left out, or one more before a pulse."""
    pulses = METRES[metre].pulses
    free = [n for n, mark in enumerate(bar) if mark != "." and n not in pulses]
    if free and rng.random() < 0.4:
        n = rng.choice(free)
        return f"{bar[:n]}.{bar[n + 1 :]}"
    spots = [pulse - 2 for pulse in (*pulses[1:], len(bar)) if bar[pulse - 2] == "."]
    return _with_stroke(bar, rng.choice(spots), "6") if spots else bar


def _with_stroke(pattern: str, step: int, mark: str) -> str:
    """``pattern`` with a stroke at ``step``, if that step is empty."""
    return pattern if pattern[step] != "." else f"{pattern[:step]}{mark}{pattern[step + 1 :]}"
