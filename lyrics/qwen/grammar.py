"""What the model may write, letter by letter: a plan in JSON, bounded in every part, so that any model, even
one with random weights, ends in time with a plan that is valid.

The notation is xgrammar's EBNF. Strings have no escapes: what would need one is not let in.
"""

from __future__ import annotations

import json
from typing import Any

from lyrics.contract import GENRES, MOODS, SongPlan, Voice

METRES = ("4/4", "3/4", "6/8", "12/8", "5/4", "7/8", "2/4")
VOICES: tuple[Voice, ...] = ("female", "male", "duet", "choir")
SECTIONS = ("intro", "verse", "pre-chorus", "chorus", "bridge", "outro")
SECONDS_A_SECTION = 12.0
_MOST_SECTIONS = 12
_LINES = (2, 8)
_LINE_CHARACTERS = 70
_SHORTEST_PICTURE = 10  # characters

_COMMON = r"""
letter ::= [^"\\\x00-\x20\x7f-\xa0]
mark ::= [^"\\\x00-\x1f\x7f-\x9f]
word ::= "\"" letter mark{0,23} "\""
words ::= "[" word (", " word){2,5} "]"
category ::= "\"" [A-Z] [A-Za-z0-9 &-]{1,18} "\""
categories ::= "[" category (", " category){2,4} "]"
tempo ::= [4-9] [0-9] | "1" [0-9] [0-9] | "2" [0-1] [0-9] | "220"
energy ::= [0-9] | "10"
key ::= "\"" [A-G] [#b]? " " ("major" | "minor" | "dorian" | "mixolydian" | "phrygian" | "lydian") "\""
language ::= "\"" [a-z] [a-z] "\""
title ::= "\"" letter mark{0,47} "\""
picture ::= "\"" letter mark{19,179} "\""
"""


def grammar(*, lyrics: bool, voice: bool, duration_s: float) -> str:
    """The grammar of a plan; without ``lyrics`` where they are given or not wanted, without ``voice`` for an
    instrumental. A section of lyrics for each ``SECONDS_A_SECTION`` at the most."""
    parts = [
        ("title", "title"),
        ("genre", "genre"),
        ("mood", "mood"),
        ("tags", "words"),
        ("categories", "categories"),
        ("energy", "energy"),
        ("tempo_bpm", "tempo"),
        ("key", "key"),
        ("metre", "metre"),
        ("language", "language"),
        ("cover_prompt", "picture"),
    ]
    parts += [("voice", "voice")] if voice else []
    parts += [("lyrics", "lyrics")] if lyrics else []
    body = ' ", " '.join(f'"\\"{name}\\": " {rule}' for name, rule in parts)
    rules = [f'root ::= "{{" {body} "}}"', _COMMON.strip()]
    for name, values in (("genre", GENRES), ("mood", MOODS), ("metre", METRES), ("voice", VOICES)):
        rules.append(f"{name} ::= " + " | ".join(f'"\\"{value}\\""' for value in values))
    if lyrics:
        sections = sections_for(duration_s)
        rules += [
            "kind ::= " + " | ".join(f'"\\"{kind}\\""' for kind in SECTIONS),
            f'line ::= "\\"" letter mark{{0,{_LINE_CHARACTERS - 1}}} "\\""',
            f'lines ::= "[" line (", " line){{{_LINES[0] - 1},{_LINES[1] - 1}}} "]"',
            'section ::= "{\\"section\\": " kind ", \\"lines\\": " lines "}"',
            f'lyrics ::= "[" section (", " section){{0,{sections - 1}}} "]"',
        ]
    return "\n".join(rules)


def sections_for(duration_s: float) -> int:
    """The most sections that lyrics for so many seconds have."""
    return max(1, min(_MOST_SECTIONS, round(duration_s / SECONDS_A_SECTION)))


def plan_of(text: str, *, lyrics: str, instrumental: bool) -> SongPlan:
    """The plan that ``text``, written by the grammar, says; ``lyrics`` are the user's own, and stay so."""
    said: dict[str, Any] = json.loads(text)
    if not instrumental and not lyrics:
        lyrics = _tagged(said.pop("lyrics"))
    tidy = {name: _tidied(value) for name, value in said.items()}
    tidy["title"] = tidy["title"] or "Untitled"
    if len(tidy["cover_prompt"]) < _SHORTEST_PICTURE:  # it was spaces for the most part
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
    """Without spaces at the ends or twice, in a text or a list of them."""
    if isinstance(value, str):
        return " ".join(value.split())
    return [_tidied(item) for item in value] if isinstance(value, list) else value
