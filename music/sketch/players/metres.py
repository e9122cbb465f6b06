"""Metres other than 4/4: their pulses, and what drums and bass play in them, by family of genres.

The texts are those of ``music.sketch.patterns``, a bar long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from music.sketch.patterns import (
    CLAP,
    COWBELL,
    HAT,
    KICK,
    LOW_TOM,
    OPEN,
    PEDAL,
    RIDE,
    SHAKER,
    SIDE,
    SNARE,
    TAMBOURINE,
    TRIANGLE,
    Groove,
)

Family = Literal["rock", "pop", "club", "folk", "jazz", "calm"]


@dataclass(frozen=True)
class Metre:
    """``pulses``: the steps at which a foot taps; ``strong``: those that are stressed. A step is a
    sixteenth."""

    steps: int
    pulses: tuple[int, ...]
    strong: tuple[int, ...]
    is_compound: bool = False
    """Whether a pulse has three eighths."""


METRES: dict[str, Metre] = {
    "4/4": Metre(16, (0, 4, 8, 12), (0, 8)),
    "3/4": Metre(12, (0, 4, 8), (0,)),
    "2/4": Metre(8, (0, 4), (0,)),
    "6/8": Metre(12, (0, 6), (0, 6), is_compound=True),
    "12/8": Metre(24, (0, 6, 12, 18), (0, 12), is_compound=True),
    "5/4": Metre(20, (0, 4, 8, 12, 16), (0, 12)),
    "7/8": Metre(14, (0, 4, 8), (0, 4, 8)),
}
"""5/4 is 3 + 2 quarters; 7/8 is 2 + 2 + 3 eighths."""

_FAMILIES: dict[Family, str] = {
    "rock": "rock backbeat metal punk",
    "pop": "pop soul r&b funk lo-fi boom-bap trap gospel one-drop",
    "club": "four techno trance breakbeat synthwave disco",
    "folk": "stomp train shuffle",
    "jazz": "swing salsa bossa",
    "calm": "heartbeat cinematic none",
}
FAMILY: dict[str, Family] = {
    groove.replace("-", " ") if groove != "lo-fi" else groove: family
    for family, grooves in _FAMILIES.items()
    for groove in grooves.split()
}
"""By a genre's groove in 4/4."""

GROOVES_IN: dict[str, dict[Family, Groove]] = {
    "3/4": {
        "rock": {KICK: "9.....7.....", SNARE: "........9...", HAT: "7.5.6.5.6.5."},
        "pop": {KICK: "9.........6.", SNARE: "....7...7...", HAT: "6.4.5.4.5.4.", TAMBOURINE: "....4...4..."},
        "club": {KICK: "9...9...9...", CLAP: "....8...7...", OPEN: "..6...6...6.", HAT: "5.4.5.4.5.4."},
        "folk": {KICK: "8...........", CLAP: "....5...5...", SHAKER: "4.3.4.3.4.3.", TAMBOURINE: "....4...5.4."},
        "jazz": {RIDE: "7...6.5.6...", PEDAL: "....6.......", KICK: "5.........4.", SIDE: "......4....."},
        "calm": {KICK: "7...........", LOW_TOM: "....4...4...", TRIANGLE: "........3..."},
    },
    "2/4": {
        "rock": {KICK: "9..7..8.", SNARE: "....9...", HAT: "7.6.7.6."},
        "pop": {KICK: "9.....6.", SNARE: "....8...", HAT: "6.5.6.5.", TAMBOURINE: "..3...4."},
        "club": {KICK: "9...9...", CLAP: "....8...", OPEN: "..7...7.", HAT: "5.4.5.45"},
        "folk": {KICK: "8...7...", SNARE: "..6...6.", TAMBOURINE: "..4...45"},
        "jazz": {KICK: "6..47..4", SIDE: "6..6..6.", SHAKER: "53545354"},
        "calm": {KICK: "7.......", LOW_TOM: "....5...", SNARE: "....3.34"},
    },
    "6/8": {
        "rock": {KICK: "9...7.......", SNARE: "......9.....", HAT: "7.5.6.7.5.6."},
        "pop": {KICK: "9.........6.", SNARE: "......8.....", HAT: "6.4.5.6.4.5.", TAMBOURINE: "......4....."},
        "club": {KICK: "9.....9.....", CLAP: "......8.....", OPEN: "....6.....6.", HAT: "5.4.4.5.4.4."},
        "folk": {KICK: "8.....6.....", SNARE: "..3.5...3.5.", TAMBOURINE: "....4.....4."},
        "jazz": {RIDE: "7...6.6.5.6.", PEDAL: "......6.....", SIDE: "....5.......", KICK: "5.........4."},
        "calm": {KICK: "7...........", LOW_TOM: "......4...3.", SHAKER: "3.2.2.3.2.2."},
    },
    "12/8": {
        "rock": {KICK: "9.........8.9...........", SNARE: "......9...........9.....", HAT: "7.5.6.7.5.6.7.5.6.7.5.6."},
        "pop": {KICK: "9.........7.8.........6.", SNARE: "......8...........8.....", HAT: "6.4.5.6.4.5.6.4.5.6.4.5.",
                TAMBOURINE: "......4...........4....."},
        "club": {KICK: "9.....9.....9.....9.....", CLAP: "......8...........8.....", OPEN: "....6.....6.....6.....6.",
                 HAT: "5.4.4.5.4.4.5.4.4.5.4.4."},
        "folk": {KICK: "8...........7.....6.....", CLAP: "......5...........5.....", SHAKER: "4.3.3.4.3.3.4.3.3.4.3.3.",
                 TAMBOURINE: "....3.4.......3.4......."},
        "jazz": {RIDE: "7...6...6.7...6...6...6.", PEDAL: "......6...........6.....", KICK: "5.........4.5...........",
                 SIDE: "................4......."},
        "calm": {KICK: "7.......................", LOW_TOM: "............5...4...3...", SHAKER: "3.2.2.3.2.2.3.2.2.3.2.2."},
    },
    "5/4": {
        "rock": {KICK: "9.....8.....9.......", SNARE: "....9...........9...", HAT: "7.5.6.5.6.5.7.5.6.5."},
        "pop": {KICK: "9.........7.8.......", SNARE: "....8...........8...", HAT: "6.4.5.4.5.4.6.4.5.4.",
                TAMBOURINE: "........4...........", CLAP: "................5..."},
        "club": {KICK: "9...9...9...9...9...", CLAP: "........8.......8...", OPEN: "..6...6...6...6...6.",
                 HAT: "5.4.5.4.5.4.5.4.5.45"},
        "folk": {KICK: "8...........7.......", CLAP: "....5...5.......5...", SHAKER: "4.3.4.3.4.3.4.3.4.3.",
                 TAMBOURINE: "..........4.......4."},
        "jazz": {RIDE: "7...7.5.6...7...7.5.", PEDAL: "....6...........6...", KICK: "5.....4.....5.......",
                 SIDE: "..........4........."},
        "calm": {KICK: "7...........5.......", LOW_TOM: "....4...4.......4...", TRIANGLE: "................3..."},
    },
    "7/8": {
        "rock": {KICK: "9.....8.9.....", SNARE: "....9.......9.", HAT: "7.5.7.5.7.5.5."},
        "pop": {KICK: "9.....6.8.....", SNARE: "....8.......7.", HAT: "6.4.6.4.6.4.4.", TAMBOURINE: "....4...4....."},
        "club": {KICK: "9...9...9...7.", CLAP: "....8.......8.", OPEN: "..6...6...6...", HAT: "5.4.5.4.5.4.45"},
        "folk": {KICK: "8...6...7.....", CLAP: "....5.......5.", SHAKER: "4.3.4.3.4.3.3.", TAMBOURINE: "..4...4...4.4."},
        "jazz": {RIDE: "7...7.5.7...5.", PEDAL: "....6.....6...", KICK: "5.....4.......", COWBELL: "....3...3....."},
        "calm": {KICK: "7.......5.....", LOW_TOM: "....4.......4.", SHAKER: "3.2.3.2.3.2.2."},
    },
}  # fmt: skip

BASS_IN: dict[str, dict[Family, tuple[str, str]]] = {
    "3/4": {
        "rock": ("R---R---5---", "R-R-R-R-5-A-"), "pop": ("R-------5---", "R-----R-5-A-"),
        "club": ("..R-..R-..R-", "R-O-R-O-R-O-"), "folk": ("R-------5---", "R---5---A---"),
        "jazz": ("R-------5---", "R---3---A---"), "calm": ("R-----------", "R-------5---"),
    },
    "2/4": {
        "rock": ("R-R-R-R-", "R-R-R-A-"), "pop": ("R---5---", "R--R5-A-"), "club": ("..R-..R-", ".RRR.RRR"),
        "folk": ("R---5---", "R---5-A-"), "jazz": ("R--R5---", "R--R5--A"), "calm": ("R-------", "R---5---"),
    },
    "6/8": {
        "rock": ("R-----R-R---", "R-R-R-R-5-A-"), "pop": ("R-----5-----", "R---R-5---A-"),
        "club": ("..R-R-..R-R-", "R-O-O-R-O-O-"), "folk": ("R-----5-----", "R---5-R---A-"),
        "jazz": ("R---5-....5-", "R---5-R-3-A-"), "calm": ("R-----------", "R-----5-----"),
    },
    "12/8": {
        "rock": ("R-----R-----R-----5---A-", "R-R-R-R-R-R-R-R-R-5-5-A-"),
        "pop": ("R-----------5-----------", "R---R-R-----5---5-5---A-"),
        "club": ("..R-R-..R-R-..R-R-..R-R-", "R-O-O-R-O-O-R-O-O-R-O-O-"),
        "folk": ("R-----------5-----------", "R---R-5-----R---R-5---A-"),
        "jazz": ("R-----------5---------A-", "R-----3---3-5-----A---A-"),
        "calm": ("R-----------------------", "R-----------5-----------"),
    },
    "5/4": {
        "rock": ("R-----R-5---R---5---", "R-R-R-R-R-R-5-5-A-A-"),
        "pop": ("R-----------5-------", "R-----R-5---R---5-A-"),
        "club": ("..R-..R-..R-..R-..R-", "R-O-R-O-R-O-R-O-R-O-"),
        "folk": ("R-------5---R-------", "R---5---R---5---A---"),
        "jazz": ("R-----5-----R---5---", "R---3---5---R---A---"),
        "calm": ("R-------------------", "R-----------5-------"),
    },
    "7/8": {
        "rock": ("R---R---5-----", "R-R-R-R-R-5-A-"), "pop": ("R-------5-----", "R---R---5---A-"),
        "club": ("..R-..R-..R-R-", "R-O-R-O-R-O-O-"), "folk": ("R---5---R-----", "R---5---R---A-"),
        "jazz": ("R-----5-5-----", "R---3---5---A-"), "calm": ("R-------------", "R-------5-----"),
    },
}  # fmt: skip
"""The lines of quiet sections and of full ones."""


def groove_in(metre: str, groove: str, *, full: bool) -> Groove:
    """What the drums of a genre with this ``groove`` in 4/4 play in another metre. The quiet one has a side
    stick for the snare and fewer strokes, all softer."""
    played = GROOVES_IN[metre][FAMILY[groove]]
    if full:
        return played
    quiet = {KICK, SNARE, HAT, RIDE, PEDAL, SHAKER, LOW_TOM, OPEN}
    return {
        (SIDE if key == SNARE else key): "".join(_softer(mark, n) for n, mark in enumerate(bar))
        for key, bar in played.items()
        if key in quiet
    }


def _softer(mark: str, step: int) -> str:
    if not mark.isdigit() or (int(mark) < 5 and step % 4):
        return "."
    return str(max(int(mark) - 1, 1))
