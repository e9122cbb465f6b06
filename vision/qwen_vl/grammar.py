"""The grammar of a scene, a line for each field, with bounds on every part. The notation is xgrammar's EBNF.
``inference.text.limits`` keeps the lengths, as in ``lyrics.qwen.grammar``."""

from __future__ import annotations

from typing import Any

from inference.text.limits import ITEM_MARK, MARK, Limits
from vision.contract import GENRES, MOODS, Scene

LENGTHS = {"description": (20, 220), "elements": (3, 40)}
"""Minimum and maximum of characters of each value and item that the model writes freely."""
LISTS = frozenset({"elements", "genres"})
_FIELDS = {
    "description": "description",
    "elements": "elements",
    "mood": "mood",
    "energy": "energy",
    "tempo": "tempo_bpm",
    "genres": "genres",
}
"""The fields in the order in which they are written, with their names in a ``Scene``."""
_RULES = rf"""
description ::= {MARK}*
element ::= {ITEM_MARK}*
elements ::= element (", " element){{1,5}}
energy ::= [0-9] | "10"
tempo ::= [4-9] [0-9] | "1" [0-9] [0-9] | "2" [0-1] [0-9] | "220"
genres ::= genre (", " genre){{0,2}}
"""


def grammar() -> str:
    """The grammar of a scene. The visible things come first, so that the music can follow from them."""
    body = " ".join(f'"{name}: " {name} "\\n"' for name in _FIELDS)
    rules = [f"root ::= {body}", _RULES.strip()]
    for name, values in (("genre", GENRES), ("mood", MOODS)):
        rules.append(f"{name} ::= " + " | ".join(f'"{value}"' for value in values))
    return "\n".join(rules)


def limits() -> Limits:
    """The limits of a scene."""
    return Limits(LENGTHS, LISTS)


def scene_of(text: str) -> Scene:
    """The scene in ``text``, which follows the grammar. Repeated elements, genres and spaces are removed."""
    data: dict[str, Any] = {}
    for line in text.splitlines():
        name, _, value = line.partition(": ")
        data[_FIELDS[name]] = " ".join(value.split())
        if name in LISTS:
            data[name] = tuple(dict.fromkeys(" ".join(item.split()) for item in value.split(",")))
    return Scene.model_validate(data)
