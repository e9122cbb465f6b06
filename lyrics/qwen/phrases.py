"""Pieces of lines that songs have: where a model's line goes on like one of them, it is written sooner."""

from __future__ import annotations

import re
from importlib.resources import files

_PACKAGE = "lyrics.sketch.material"
_DIVIDED = re.compile(r"\{[^}]*\}|<[^>]*>|[()|/;]")
_LABEL = re.compile(r"^(?:[a-z]?\d\+?|[a-z]+:) ")
_SHORTEST = 2  # words


def phrases() -> list[str]:
    """The lines of the embedded writer, in pieces without its placeholders."""
    found = []
    for file in sorted(files(_PACKAGE).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".txt"):
            for line in file.read_text("utf-8").splitlines():
                found += [] if line.startswith(("=", "#")) else _pieces(_LABEL.sub("", line))
    return found


def _pieces(line: str) -> list[str]:
    pieces = [piece.strip() for piece in _DIVIDED.split(line)]
    return [f"{piece}\n" for piece in pieces if len(piece.split()) >= _SHORTEST]
