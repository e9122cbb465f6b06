"""Rhythms as text: a bar of 4/4 in sixteen steps, a digit for the strength, a dot for no stroke.

Bars of other metres have as many steps as sixteenths; longer bars repeat from the first step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

STEP = 0.25
"""A step in beats."""

KICK, SIDE, SNARE, CLAP = 36, 37, 38, 39
HAT, OPEN, PEDAL, RIDE, CRASH, SWELL = 42, 46, 44, 51, 49, 52
LOW_TOM, MID_TOM, HIGH_TOM = 45, 47, 50
TAMBOURINE, COWBELL, SHAKER, CLAVES = 54, 56, 70, 75
CONGA, OPEN_CONGA, LOW_CONGA, BLOCK, TRIANGLE = 62, 63, 64, 76, 81

Groove = dict[int, str]
"""Drum key -> a bar."""

GROOVES: dict[str, Groove] = {
    "none": {},
    "heartbeat": {KICK: "6.......5.......", SHAKER: "3...2...3...2..."},
    "four": {KICK: "9...9...9...9...", CLAP: "....8.......8...", OPEN: "..6...6...6...6.", HAT: "4.4.4.4.4.4.4.4."},
    "four light": {KICK: "8...8...8...8...", HAT: "..5...5...5...5."},
    "techno": {KICK: "9...9...9...9...", HAT: "4.534.534.534.53", OPEN: "..7...7...7...7.", CLAP: "....7.......7..5"},
    "trance": {KICK: "9...9...9...9...", OPEN: "..7...7...7...7.", CLAP: "....8.......8...", HAT: "5454545454545454"},
    "disco": {KICK: "9...9...9...9...", SNARE: "....8.......8...", OPEN: "..7...7...7...7.", HAT: "5.5.5.5.5.5.5.5.",
              TAMBOURINE: "....5.......5..."},
    "backbeat": {KICK: "9.......9.8.....", SNARE: "....9.......9...", HAT: "6.5.6.5.6.5.6.5."},
    "backbeat light": {KICK: "8.......7.......", SIDE: "....6.......6...", HAT: "5...4...5...4..."},
    "pop": {KICK: "9.....8.9.......", SNARE: "....9.......9...", CLAP: "....6.......6...", HAT: "6454645464546454"},
    "pop light": {KICK: "8.....7.7.......", SIDE: "....6.......6...", HAT: "5.4.5.4.5.4.5.4."},
    "rock": {KICK: "9.....8.9.8.....", SNARE: "....9.......9...", RIDE: "7.5.7.5.7.5.7.5."},
    "rock light": {KICK: "9.......8.......", SNARE: "....7.......7...", HAT: "6.5.6.5.6.5.6.5."},
    "punk": {KICK: "9...9...9...9...", SNARE: "..9...9...9...9.", HAT: "7.7.7.7.7.7.7.7."},
    "punk light": {KICK: "9..8..9.9..8..9.", SNARE: "....8.......8...", HAT: "6.6.6.6.6.6.6.6."},
    "metal": {KICK: "9797979797979797", SNARE: "....9.......9...", RIDE: "8...8...8...8...", CRASH: "................"},
    "metal light": {KICK: "9..8..8.9..8..8.", SNARE: "........9.......", HAT: "7...7...7...7..."},
    "train": {KICK: "8...8...8...8...", SNARE: "3464346434643465", TAMBOURINE: "....4.......4..."},
    "train light": {KICK: "7.......7.......", SNARE: "..3.4.3...3.4.3."},
    "stomp": {KICK: "8.......8.......", CLAP: "....6.......6...", TAMBOURINE: "..4.5.4...4.5.4."},
    "stomp light": {KICK: "6.......6.......", SHAKER: "4.3.4.3.4.3.4.3."},
    "shuffle": {KICK: "9.......8.......", SNARE: "....8.......8...", RIDE: "7.5.7.5.7.5.7.5."},
    "shuffle light": {KICK: "7.......6.......", SIDE: "....6.......6...", HAT: "6.4.6.4.6.4.6.4."},
    "swing": {RIDE: "7...7.5.7...7.5.", PEDAL: "....6.......6...", KICK: "4...3...4...3...", SIDE: "..........3....."},
    "swing light": {RIDE: "6...6.4.6...6.4.", PEDAL: "....5.......5..."},
    "soul": {KICK: "9..7....9.7.....", SNARE: "....8..3....8...", HAT: "6.5.6.5.6.5.6.5.", TAMBOURINE: "....4.......4..."},
    "soul light": {KICK: "8.......7.......", SIDE: "....6.......6...", HAT: "5.4.5.4.5.4.5.4."},
    "r&b": {KICK: "9.....7..8......", SNARE: "....8.......8...", HAT: "5.5.5.565.5.5.55", SHAKER: "..3...3...3...3."},
    "r&b light": {KICK: "8.....6.........", SIDE: "....6.......6...", HAT: "4...4...4...4..."},
    "funk": {KICK: "9..8..7..98.....", SNARE: "....9..4.4..9..4", HAT: "6464646464646464", OPEN: "..............5."},
    "funk light": {KICK: "8..7......7.....", SNARE: "....7.......7...", HAT: "5.5.5.5.5.5.5.5."},
    "breakbeat": {KICK: "9.........9.....", SNARE: "....9..5.5..9...", HAT: "6.5.6.5.6.5.6.5.", RIDE: "5...5...5...5..."},
    "breakbeat light": {KICK: "8.........8.....", HAT: "5.4.5.4.5.4.5.4.", SIDE: "....5.......5..."},
    "synthwave": {KICK: "9...8...9...8...", SNARE: "....9.......9...", HAT: "6.5.6.5.6.5.6.55", TAMBOURINE: "..3...3...3...3."},
    "synthwave light": {KICK: "8...7...8...7...", HAT: "5.4.5.4.5.4.5.4."},
    "lo-fi": {KICK: "8..5....7.6.....", SNARE: "....7.......7..3", HAT: "5.4.5.454.5.4.5."},
    "lo-fi light": {KICK: "7.........6.....", SIDE: "....5.......5...", HAT: "4...4...4...4..."},
    "boom bap": {KICK: "9..7...6..8.....", SNARE: "....9.......9...", HAT: "6.5.6.5.6.5.6.56"},
    "boom bap light": {KICK: "8......5..7.....", SNARE: "....7.......7...", HAT: "5...5...5...5..."},
    "trap": {KICK: "9......7..8.....", SNARE: "........9.......", CLAP: "........7.......", HAT: "6464646465656677"},
    "trap light": {KICK: "8.........7.....", SNARE: "........7.......", HAT: "5.4.5.4.5.4.5454"},
    "one drop": {KICK: "........9.......", SIDE: "........8.......", HAT: "6.5.6.5.6.5.6.5.", TAMBOURINE: "..3...3...3...3."},
    "one drop light": {KICK: "........7.......", SIDE: "........6.......", HAT: "..4...4...4...4."},
    "salsa": {KICK: "7.....6.7.....6.", CONGA: "..4.6.4...4.6.67", COWBELL: "6...5...6...5...", CLAVES: "7..7..7...7.7...",
              SHAKER: "4343434343434343"},
    "salsa light": {CONGA: "..4.5.4...4.5.56", CLAVES: "6..6..6...6.6...", SHAKER: "3.3.3.3.3.3.3.3.", KICK: "6.......6......."},
    "bossa": {KICK: "6..46...6..46...", SIDE: "6..6..6...6..6..", HAT: "4343434343434343"},
    "bossa light": {SIDE: "5..5..5...5..5..", SHAKER: "3.3.3.3.3.3.3.3.", KICK: "5...5...5...5..."},
    "gospel": {KICK: "9.....7.8.......", SNARE: "....8.......8...", CLAP: "....8.......8...", TAMBOURINE: "5.4.6.4.5.4.6.4.",
               HAT: "5.4.5.4.5.4.5.4."},
    "gospel light": {CLAP: "....5.......5...", TAMBOURINE: "4.3.4.3.4.3.4.3.", KICK: "6.......6......."},
    "cinematic": {KICK: "9...7...8...7.7.", LOW_TOM: "8..6..6.8..6..6.", SNARE: "6.3.5.3.6.3.5.35"},
    "cinematic light": {KICK: "7...4...6...4...", LOW_TOM: "....4..4....4..."},
    "waltz": {KICK: "8...........", SNARE: "....5...5...", HAT: "5...4...4..."},
    "waltz full": {KICK: "9...........", SNARE: "....7...7...", HAT: "6.4.5.4.5.4.", TAMBOURINE: "....4...4..."},
    "compound": {KICK: "8...........", SNARE: "......6.....", HAT: "5.4.4.5.4.4."},
    "compound full": {KICK: "9...6.......", SNARE: "......8.....", HAT: "6.5.5.6.5.5.", TAMBOURINE: "......4....."},
    "odd": {KICK: "9.......7.......", SNARE: "....7.......7...", HAT: "6.5.6.5.6.5.6.5."},
}  # fmt: skip

Shape = Literal["chord", "arpeggio", "up and down", "alberti", "strum"]


@dataclass(frozen=True)
class Figure:
    """How an instrument plays a chord. ``held``: notes last until the next stroke; else ``length`` beats."""

    steps: str
    shape: Shape = "chord"
    held: bool = False
    length: float = 0.22


FIGURES: dict[str, Figure] = {
    "pad": Figure("6...............", held=True),
    "half": Figure("7.......6.......", held=True),
    "quarters": Figure("7...5...6...5...", length=0.9),
    "eighths": Figure("7.5.6.5.7.5.6.5.", length=0.42),
    "chug": Figure("9.7.8.7.9.7.8.7.", length=0.46),
    "gallop": Figure("9.789.789.789.78", length=0.22),
    "power": Figure("9.......8.....7.", held=True),
    "skank": Figure("..7...7...7...7.", length=0.20),
    "bubble": Figure("..5.4.5...5.4.5.", length=0.22),
    "backbeat": Figure("....7.......7...", length=0.3),
    "stabs": Figure("7..6..5...7..6..", length=0.3),
    "offbeat stabs": Figure("..7...7...7..6..", length=0.25),
    "charleston": Figure("7.....6.........", length=0.4),
    "comp": Figure("6.....5...4.....", length=0.5),
    "bossa": Figure("6..6..5...6..5..", length=0.4),
    "montuno": Figure("7..66.6.7..66.6.", length=0.22),
    "funk": Figure("6..5.55...6.5.45", length=0.14),
    "strum": Figure("8...6.67..67.66.", shape="strum", held=True),
    "soft strum": Figure("6...5.4.6...5.4.", shape="strum", held=True),
    "boom chick": Figure("....6..5....6..5", shape="strum", length=0.4),
    "picked": Figure("6.5.5.5.6.5.5.5.", shape="up and down", held=True),
    "arpeggio": Figure("6.5.5.5.6.5.5.5.", shape="arpeggio", length=0.6),
    "sixteenths": Figure("7545654575456545", shape="arpeggio", length=0.22),
    "rolling": Figure("6454645464546454", shape="up and down", length=0.24),
    "alberti": Figure("6.4.5.4.6.4.5.4.", shape="alberti", length=0.5),
    "broken": Figure("6...5...5...5...", shape="arpeggio", held=True),
    "ostinato": Figure("8.5.7.5.8.5.7.5.", length=0.3),
    "swells": Figure("5...............", held=True),
    "off sixteenths": Figure(".5.5.5.5.5.5.5.5", length=0.15),
    "waltz": Figure("....6...6...", length=0.6),
}  # fmt: skip

BASS_LINES: dict[str, str] = {
    # R root, O root an octave up, 5 fifth, 3 third, A a step before the next root; "-" continues, "." is
    # silent.
    "whole": "R---------------",
    "half": "R-------5-------",
    "quarters": "R---R---5---A---",
    "eighths": "R-R-R-R-R-R-R-A-",
    "sixteenths": "RRRRRRRRRRRRRRRR",
    "driving": "R-R-R-R-R-R-5-A-",
    "pop": "R-----R-R---5-A-",
    "syncopated": "R--R--R-..R-5-A-",
    "octaves": "R-O-R-O-R-O-R-O-",
    "offbeat": "..R-..R-..R-..R-",
    "pumping": ".RRR.RRR.RRR.RRR",
    "walking": "R---3---5---A---",
    "two beat": "R-------5-------",
    "funk": "R..R..O.5..R.OA.",
    "slap": "R..OR...R..O5.A.",
    "dub": "R--R....5--R--3-",
    "tumbao": "......5-....R---",
    "bossa": "R-----5-5-----R-",
    "reese": "R-------------5-",
    "808": "R------.R.5-....",
    "trap": "R---------.R5---",
    "boom bap": "R--.R...5-R-....",
    "lo-fi": "R------.5---A---",
    "soul": "R--R..3-5---R-A-",
    "gallop": "R-RRR-RRR-RRR-RR",
    "pulse": "R-R-R-R-R-R-R-R-",
    "waltz": "R-----------",
}  # fmt: skip


def strokes(pattern: str, beats: float) -> list[tuple[float, float]]:
    """``(beat, strength 0..1)`` of each stroke in a bar of ``beats``."""
    steps = round(beats / STEP)
    marks = ((n, pattern[n % len(pattern)]) for n in range(steps))
    return [(n * STEP, int(mark) / 9.0) for n, mark in marks if mark.isdigit() and mark != "0"]
