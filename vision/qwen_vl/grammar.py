"""The grammar of a scene in JSON, with bounds on every part. The notation is xgrammar's EBNF. Strings have no
escapes, and ``inference.text.limits`` keeps their lengths, as in ``lyrics.qwen.grammar``."""

from __future__ import annotations

import json
from typing import Any

from inference.text.limits import MARK, Limits
from vision.contract import GENRES, MOODS, Scene

LENGTHS = {"description": (20, 220), "elements": (3, 40)}
"""Minimum and maximum of characters of each string that the model writes freely."""
_COMMON = rf"""
text ::= "\"" {MARK}* "\""
energy ::= [0-9] | "10"
tempo ::= [4-9] [0-9] | "1" [0-9] [0-9] | "2" [0-1] [0-9] | "220"
genres ::= "[" genre (", " genre){{0,2}} "]"
elements ::= "[" text (", " text){{1,5}} "]"
"""
_PARTS = (
    ("description", "text"),
    ("elements", "elements"),
    ("mood", "mood"),
    ("energy", "energy"),
    ("tempo_bpm", "tempo"),
    ("genres", "genres"),
)


def grammar() -> str:
    """The grammar of a scene. The visible things come first, so that the music can follow from them."""
    body = ' ", " '.join(f'"\\"{name}\\": " {rule}' for name, rule in _PARTS)
    rules = [f'root ::= "{{" {body} "}}"', _COMMON.strip()]
    for name, values in (("genre", GENRES), ("mood", MOODS)):
        rules.append(f"{name} ::= " + " | ".join(f'"\\"{value}\\""' for value in values))
    return "\n".join(rules)


def limits() -> Limits:
    """The limits of a scene."""
    return Limits(LENGTHS)


def scene_of(text: str) -> Scene:
    """The scene in ``text``, which follows the grammar. Repeated elements, genres and spaces are removed."""
    data: dict[str, Any] = json.loads(text)
    for name in ("elements", "genres"):
        data[name] = tuple(dict.fromkeys(" ".join(item.split()) for item in data[name]))
    return Scene.model_validate(data | {"description": " ".join(data["description"].split())})
