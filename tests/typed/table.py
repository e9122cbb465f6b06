"""The rows of the table, and how a value is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Door = Literal["plan", "song"]


@dataclass(frozen=True)
class Has:
    """A text, or one text of a list, has this part. Capitals do not matter."""

    part: str


@dataclass(frozen=True)
class Lacks:
    """No text of the value has this part. Capitals do not matter."""

    part: str


@dataclass(frozen=True)
class Within:
    """A number from ``low`` to ``high``."""

    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """A request, and what its answer must be.

    ``door`` "plan" posts ``body`` to /plan, and the fields are the plan's. "song" makes a song of it (5 s and
    no more, unless the body says so), and the fields are the manifest's, such as "plan.voice", besides these:
    "status_code"; "error", the problem's detail; "lyrics", "lrc", the files' texts; "sung", the words of the
    LRC file joined by spaces; "kinds", the kinds of the song's sections, in order.
    """

    kind: int
    """Of the issue's list: 1 lines that cannot fit, 4 section tags, 5 LRC, ... 15."""
    door: Door
    body: Mapping[str, Any]
    expected: Mapping[str, Any]
    """By field, the value, or ``Has``, ``Lacks``, ``Within``, or a tuple of these, which must all hold."""


def about(kind: int, sentence: str, **expected: Any) -> Row:
    """A row for the plan of a described song."""
    return Row(kind, "plan", {"full_described_song": sentence, "seed": 7}, expected)


def with_lyrics(kind: int, lyrics: str, /, *, prompt: str = "pop, 120 BPM", **expected: Any) -> Row:
    """A row for the plan of a song with the user's own words."""
    return Row(kind, "plan", {"prompt": prompt, "lyrics": lyrics, "seed": 7}, expected)


def sung(
    kind: int, lyrics: str, /, *, prompt: str = "pop, 120 BPM", seconds: float = 10, **expected: Any
) -> Row:
    """A row for a whole song with the user's own words."""
    body = {"prompt": prompt, "lyrics": lyrics, "seed": 7, "audio_duration": seconds}
    return Row(kind, "song", body, expected)


def mismatch(found: Any, expected: Any) -> str:
    """Why ``found`` is not what is expected; empty if it is."""
    if isinstance(expected, tuple) and any(isinstance(each, Has | Lacks | Within) for each in expected):
        return "; ".join(filter(None, (mismatch(found, each) for each in expected)))
    if isinstance(expected, Has):
        held = any(expected.part.lower() in text.lower() for text in _texts(found))
    elif isinstance(expected, Lacks):
        held = not any(expected.part.lower() in text.lower() for text in _texts(found))
    elif isinstance(expected, Within):
        held = isinstance(found, int | float) and expected.low <= found <= expected.high
    else:
        held = found == expected
    return "" if held else f"{found!r} is not {expected!r}"


def _texts(found: Any) -> list[str]:
    return [found] if isinstance(found, str) else [str(each) for each in found or ()]
