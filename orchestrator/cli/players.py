"""The programs that play sound on this machine."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Player:
    """A program that plays a sound file. It ends with the sound."""

    name: str
    listens: tuple[str, ...] | None = None
    """Its arguments for a WAV file that comes through standard input while it is made; None if it plays
    whole files alone."""
    plays: tuple[str, ...] = ()
    """Its arguments before the name of a file."""
    wav_alone: bool = False
    """Whether it plays no compressed file: what it would play of one is noise."""
    program: str = ""
    """What is started, if it is not the name."""

    @property
    def command(self) -> str:
        return self.program or self.name

    @property
    def is_here(self) -> bool:
        return shutil.which(self.command) is not None


WINDOWS = Player(
    "Windows",
    None,
    ("-c", "import sys, winsound as w; w.PlaySound(sys.argv[1], w.SND_FILENAME | w.SND_NODEFAULT)"),
    wav_alone=True,
    program=sys.executable,
)
"""What every Windows has, by Python's own module, in a process of its own, which can be ended."""
_OTHERS = (
    Player("afplay"),
    Player("mpv", ("--no-terminal", "--no-video", "-"), ("--no-terminal", "--no-video")),
    Player("ffplay", ("-nodisp", "-autoexit", "-loglevel", "error", "-i", "-"), ("-nodisp", "-autoexit")),
    Player("pw-play"),
    Player("paplay", ()),
    Player("aplay", ("-q", "-"), ("-q",), wav_alone=True),
)
PLAYERS = (*_OTHERS, WINDOWS) if sys.platform == "win32" else _OTHERS
TO_INSTALL = "mpv, ffplay" if sys.platform == "win32" else ", ".join(player.name for player in _OTHERS)


def player_here() -> Player | None:
    """The player of this machine, one that can begin before a song is done if there is one; None if none is
    installed."""
    here = [player for player in PLAYERS if player.is_here]
    return next((player for player in here if player.listens is not None), next(iter(here), None))


def player_of(path: Path) -> Player | None:
    """The first player of this machine that plays such a file; None if none does."""
    is_wav = path.suffix.lower() == ".wav"
    fitting = (player for player in PLAYERS if is_wav or not player.wav_alone)
    return next((player for player in fitting if player.is_here), None)


def command_here() -> str:
    """A command of this machine that plays a sound file, or opens it in another program."""
    if sys.platform == "win32":
        return "explorer"  # in cmd and PowerShell alike, unlike ``start``
    default = "open" if sys.platform == "darwin" else "xdg-open"
    return next((player.name for player in PLAYERS if player.is_here), default)
