"""What the model may write, letter by letter: a scene in JSON, bounded in every part (see
``lyrics.qwen.grammar``, whose notation this is: xgrammar's EBNF, with strings that have no escapes)."""

from __future__ import annotations

import json
from typing import Any

from vision.contract import GENRES, MOODS, Scene

_COMMON = r"""
letter ::= [^"\\\x00-\x20\x7f-\xa0]
mark ::= [^"\\\x00-\x1f\x7f-\x9f]
energy ::= [0-9] | "10"
tempo ::= [4-9] [0-9] | "1" [0-9] [0-9] | "2" [0-1] [0-9] | "220"
genres ::= "[" genre (", " genre){0,2} "]"
element ::= "\"" letter mark{2,39} "\""
elements ::= "[" element (", " element){1,5} "]"
sentence ::= "\"" letter mark{19,219} "\""
"""
_PARTS = (
    ("description", "sentence"),
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


def scene_of(text: str) -> Scene:
    """The scene that ``text``, written by the grammar, says; nothing in it twice, spaces neither."""
    said: dict[str, Any] = json.loads(text)
    for name in ("elements", "genres"):
        said[name] = tuple(dict.fromkeys(" ".join(item.split()) for item in said[name]))
    return Scene.model_validate(said | {"description": " ".join(said["description"].split())})
