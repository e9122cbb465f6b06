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


PLAYERS = (
    Player("afplay"),
    Player("mpv", ("--no-terminal", "--no-video", "-"), ("--no-terminal", "--no-video")),
    Player("ffplay", ("-nodisp", "-autoexit", "-loglevel", "error", "-i", "-"), ("-nodisp", "-autoexit")),
    Player("pw-play"),
    Player("paplay", ()),
    Player("aplay", ("-q", "-"), ("-q",), wav_alone=True),
)


def player_here() -> Player | None:
    """The player of this machine, one that can begin before a song is done if there is one; None if none is
    installed."""
    here = [player for player in PLAYERS if shutil.which(player.name)]
    return next((player for player in here if player.listens is not None), next(iter(here), None))


def player_of(path: Path) -> Player | None:
    """The first player of this machine that plays such a file; None if none does."""
    is_wav = path.suffix.lower() == ".wav"
    fitting = (player for player in PLAYERS if is_wav or not player.wav_alone)
    return next((player for player in fitting if shutil.which(player.name)), None)


def command_here() -> str:
    """A command of this machine that plays a sound file, or opens it in another program."""
    if sys.platform == "win32":
        return "start"
    default = "open" if sys.platform == "darwin" else "xdg-open"
    return next((player.name for player in PLAYERS if shutil.which(player.name)), default)
