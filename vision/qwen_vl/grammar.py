"""What the model may write, letter by letter: a scene in JSON, bounded in every part (see
``lyrics.qwen.grammar``, whose notation this is: xgrammar's EBNF, with strings that have no escapes and whose
lengths are kept by ``inference.limits``)."""

from __future__ import annotations

import json
from typing import Any

from inference.limits import MARK, Limits
from vision.contract import GENRES, MOODS, Scene

LENGTHS = {"description": (20, 220), "elements": (3, 40)}
"""The fewest and the most characters of each string that the model makes up."""
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
    """The grammar of a scene. What is seen comes first, so that what it sounds like can follow from it."""
    body = ' ", " '.join(f'"\\"{name}\\": " {rule}' for name, rule in _PARTS)
    rules = [f'root ::= "{{" {body} "}}"', _COMMON.strip()]
    for name, values in (("genre", GENRES), ("mood", MOODS)):
        rules.append(f"{name} ::= " + " | ".join(f'"\\"{value}\\""' for value in values))
    return "\n".join(rules)


def limits() -> Limits:
    """What is not in the grammar."""
    return Limits(LENGTHS)


def scene_of(text: str) -> Scene:
    """The scene that ``text``, written by the grammar, says; nothing in it twice, spaces neither."""
    said: dict[str, Any] = json.loads(text)
    for name in ("elements", "genres"):
        said[name] = tuple(dict.fromkeys(" ".join(item.split()) for item in said[name]))
    return Scene.model_validate(said | {"description": " ".join(said["description"].split())})
