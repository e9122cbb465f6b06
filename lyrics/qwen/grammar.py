"""The grammar of a plan in JSON. It bounds every part, so that any model, even one with random weights, ends
in time with a valid plan.

The notation is xgrammar's EBNF. Strings have no escapes: the grammar excludes characters that need one.
``inference.text.limits`` keeps the lengths of strings and the number of sections, so three grammars are
enough.
"""

from __future__ import annotations

import json
from typing import Any

from inference.text.limits import MARK, Limits
from lyrics.contract import GENRES, MOODS, SongPlan, Voice

METRES = ("4/4", "3/4", "6/8", "12/8", "5/4", "7/8", "2/4")
VOICES: tuple[Voice, ...] = ("female", "male", "duet", "choir")
SECTIONS = ("intro", "verse", "pre-chorus", "chorus", "bridge", "outro")
SECONDS_A_SECTION = 12.0
_MOST_SECTIONS = 12
_LINES = (2, 8)
_SHORTEST_PICTURE = 10  # characters
LENGTHS = {
    "title": (1, 48),
    "tags": (1, 24),
    "categories": (2, 19),
    "cover_prompt": (20, 180),
    "lines": (1, 70),
}
"""Minimum and maximum of characters of each string that the model writes freely."""
WRITTEN, OWN, INSTRUMENTAL = "written", "own", "instrumental"
"""The kinds of plan: with lyrics by the model, with the user's lyrics, without lyrics."""

_COMMON = rf"""
text ::= "\"" {MARK}* "\""
tags ::= "[" text (", " text){{2,5}} "]"
category ::= "\"" [A-Z] [A-Za-z0-9 &-]* "\""
categories ::= "[" category (", " category){{2,4}} "]"
tempo ::= [4-9] [0-9] | "1" [0-9] [0-9] | "2" [0-1] [0-9] | "220"
energy ::= [0-9] | "10"
key ::= "\"" [A-G] [#b]? " " ("major" | "minor" | "dorian" | "mixolydian" | "phrygian" | "lydian") "\""
language ::= "\"" [a-z] [a-z] "\""
"""


def grammars() -> dict[str, str]:
    """The grammar of each kind of plan."""
    return {kind: _grammar(kind) for kind in (WRITTEN, OWN, INSTRUMENTAL)}


def limits(duration_s: float) -> Limits:
    """The limits for a song of this duration."""
    return Limits(LENGTHS, {"lyrics": sections_for(duration_s)})


def _grammar(kind: str) -> str:
    parts = [
        ("title", "text"),
        ("genre", "genre"),
        ("mood", "mood"),
        ("tags", "tags"),
        ("categories", "categories"),
        ("energy", "energy"),
        ("tempo_bpm", "tempo"),
        ("key", "key"),
        ("metre", "metre"),
        ("language", "language"),
        ("cover_prompt", "text"),
    ]
    parts += [] if kind == INSTRUMENTAL else [("voice", "voice")]
    parts += [("lyrics", "lyrics")] if kind == WRITTEN else []
    body = ' ", " '.join(f'"\\"{name}\\": " {rule}' for name, rule in parts)
    rules = [f'root ::= "{{" {body} "}}"', _COMMON.strip()]
    for name, values in (("genre", GENRES), ("mood", MOODS), ("metre", METRES), ("voice", VOICES)):
        rules.append(f"{name} ::= " + " | ".join(f'"\\"{value}\\""' for value in values))
    if kind == WRITTEN:
        rules += [
            "kind ::= " + " | ".join(f'"\\"{section}\\""' for section in SECTIONS),
            f'lines ::= "[" text (", " text){{{_LINES[0] - 1},{_LINES[1] - 1}}} "]"',
            'section ::= "{\\"section\\": " kind ", \\"lines\\": " lines "}"',
            'lyrics ::= "[" section (", " section)* "]"',
        ]
    return "\n".join(rules)


def sections_for(duration_s: float) -> int:
    """The maximum of sections in lyrics for this duration."""
    return max(1, min(_MOST_SECTIONS, round(duration_s / SECONDS_A_SECTION)))


def plan_of(text: str, *, lyrics: str, instrumental: bool) -> SongPlan:
    """The plan in ``text``, which follows the grammar. ``lyrics`` are the user's own; they are kept as they
    are."""
    data: dict[str, Any] = json.loads(text)
    if not instrumental and not lyrics:
        lyrics = _tagged(data.pop("lyrics"))
    tidy = {name: _tidied(value) for name, value in data.items()}
    tidy["title"] = tidy["title"] or "Untitled"
    if len(tidy["cover_prompt"]) < _SHORTEST_PICTURE:  # mostly spaces
        tidy["cover_prompt"] = f"cover of a {tidy['mood']} {tidy['genre']} song"
    return SongPlan.model_validate(
        {"voice": "none", **tidy, "lyrics": "" if instrumental else lyrics, "theme": ()}
    )


def _tagged(sections: list[dict[str, Any]]) -> str:
    blocks = []
    for section in sections:
        lines = [line for line in (_tidied(line) for line in section["lines"]) if line]
        blocks.append("\n".join([f"[{section['section']}]", *lines]))
    return "\n\n".join(blocks) + "\n"


def _tidied(value: Any) -> Any:
    """Strips and collapses the spaces in a text, or in each text of a list."""
    if isinstance(value, str):
        return " ".join(value.split())
    return [_tidied(item) for item in value] if isinstance(value, list) else value
