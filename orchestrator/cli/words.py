"""Reads the words that a command is given, as arguments or in a file."""

from __future__ import annotations

import sys
from pathlib import Path

from config.errors import InvalidRequest, decoded
from orchestrator.songs.brief import DESCRIPTION_CHARACTERS, LYRICS_CHARACTERS

_MOST_BYTES = 4 * (LYRICS_CHARACTERS + DESCRIPTION_CHARACTERS)
"""More than lyrics may have, in any encoding: the rest of a huge file is not read."""


def words_in(path: str) -> str:
    """The text of the file ``path``, of stdin if that is "-", with line ends of one kind. Raises
    ``InvalidRequest`` if it cannot be read, is no text, or is empty."""
    try:
        if path == "-":
            data = sys.stdin.buffer.read(_MOST_BYTES)
        else:
            with Path(path).open("rb") as file:
                data = file.read(_MOST_BYTES)
    except OSError as error:
        raise InvalidRequest(
            "lyrics", path, f"{error.strerror}: name a text file that can be read"
        ) from error
    field = f"lyrics in {path!r}" if path != "-" else "lyrics on stdin"
    text = decoded(field, data, whole=len(data) < _MOST_BYTES)
    if not text.strip():
        raise InvalidRequest("lyrics", path, "the file is empty: write the words to sing into it")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def typed(words: str) -> str:
    """The words of an argument. In a locale that has ASCII alone, Python leaves other bytes undecoded, and
    they are UTF-8 nevertheless; where they are not, the brief says so."""
    try:
        return words.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return words
