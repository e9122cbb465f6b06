"""The framework's errors about fields, in words that say what to send instead."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, get_args

from pydantic import BaseModel

from config.errors import shown
from orchestrator.server.api.problems import FieldProblem
from orchestrator.server.api.requests.bodies.body import names as fields_of
from orchestrator.server.api.requests.bodies.changes import QuotedChange
from orchestrator.server.api.requests.bodies.songs import (
    FromDescription,
    Like,
    WithDescribedLyrics,
    WithLyrics,
)
from orchestrator.server.api.requests.unknown import alike, meant, same
from orchestrator.server.api.values import json_shown
from orchestrator.songs.facts.labels import LABELS

_DESCRIBED: Mapping[str, type[BaseModel]] = {
    kind.__name__: kind
    for kind in (FromDescription, WithLyrics, WithDescribedLyrics, *get_args(QuotedChange))
}
_BODY_KINDS = frozenset({*_DESCRIBED, "StructuredMusic", "PromptedMusic"})
_FIXES: Mapping[str, str] = {
    "missing": "it is missing: send it",
    "greater_than_equal": "send {ge} or more",
    "greater_than": "send more than {gt}",
    "less_than_equal": "send {le} or less",
    "less_than": "send less than {lt}",
    "finite_number": "send a number that is not infinite",
    "string_too_short": "send at least {min_length} character",
    "string_too_long": "send at most {max_length} characters",
    "too_short": "send at least {min_length} of them",
    "too_long": "send at most {max_length} of them",
    "literal_error": "send {expected}",
    "int_type": "send a whole number",
    "int_from_float": "send a whole number",
    "int_parsing": "send a whole number",
    "float_type": "send a number",
    "float_parsing": "send a number",
    "bool_type": "send true or false",
    "bool_parsing": "send true or false",
    "string_type": "send text in quotes",
    "string_unicode": "send text that is whole Unicode",
    "tuple_type": "send a list",
    "list_type": "send a list",
    "dict_type": "send a JSON object",
    "model_attributes_type": "send a JSON object",
    "model_type": "send a JSON object",
    "none_required": "it is not used here: leave it out",
}
_KEY = "[key]"  # what pydantic adds to the place of a key that is wrong
_SURE = 0.75
_MOST_NAMES = 40  # that are compared with a missing one
_BOUNDS = frozenset({"greater_than_equal", "greater_than", "less_than_equal", "less_than", "finite_number"})
_UNQUOTED = frozenset({"int_type", "float_type", "bool_type"})
_PATTERN_FIXES: Mapping[str, str] = {
    "full_described_song": "it is blank: say something about the song",
    "prompt": "it is blank: say how the song sounds",
    "described_lyrics": "it is blank: say what the lyrics are about",
    "mood": "it is blank: send a word or two",
    "genres": "it is blank: send a genre's name",
    "instruments": "it is blank: send an instrument's name",
    "title": "it is blank: send a title",
    "tags": "it is blank: send a tag",
    "metadata": "send key:value",
    _KEY: "a key has no colon, and no spaces but single ones between words",
    "webhook": "send an address that begins with http:// or https://",
    "key": 'send a key such as "D minor" or "F# major"',
    "id": "an id is one of GET /songs, or of GET /audio for a recording",
    "cursor": "send `next_cursor` of the page before",
    "name": "send a stem's name, as in `assets` of the song",
}


def of_nearest_kind(errors: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Where a body may be of several kinds, the errors about the nearest kind: the one with the fewest
    missing fields, then the fewest errors, then the most required fields; a body that names its task is of
    no other one. All errors where there is only one kind."""
    kinds = list(dict.fromkeys(_kind(item) for item in errors))

    def distance(kind: str) -> tuple[bool, int, int, int]:
        own = [item for item in errors if _kind(item) == kind]
        another = any(item["type"] == "literal_error" and item["loc"][-1] == "task" for item in own)
        missing = [item for item in own if item["type"] == "missing"]
        misspelt = [item for item in missing if _written_otherwise(str(item["loc"][-1]), item.get("input"))]
        return another, len(missing) - len(misspelt), len(own), -_given(kind, missing)

    named = [kind for kind in kinds if kind]
    nearest = min(named, key=distance) if named else ""
    return [item for item in errors if _kind(item) in ("", nearest)]


def _given(kind: str, missing: Sequence[Mapping[str, Any]]) -> int:
    """How many required fields of a kind of ours the body has."""
    fields = _DESCRIBED[kind].model_fields.values() if kind in _DESCRIBED else ()
    return sum(field.is_required() for field in fields) - len(missing)


def is_of_the_whole(item: Mapping[str, Any]) -> bool:
    """Whether the error is about the body itself, not about one of its fields."""
    return not set(item["loc"]) - _BODY_KINDS - {"body"}


def _kind(item: Mapping[str, Any]) -> str:
    where = item["loc"]
    return str(where[1]) if len(where) > 1 and where[1] in _BODY_KINDS else ""


def field_problem(item: Mapping[str, Any]) -> FieldProblem:
    """One of the framework's errors, whose ``loc`` begins with the field's place: body, path or query."""
    where = [_name(part) for part in item["loc"]]
    # Where a body may be of several kinds, ``loc`` also names the kind.
    names = [part for part in where[1:] if part not in _BODY_KINDS]
    shown_names = [part for part in names if part != _KEY]
    missing = item["type"] == "missing" and bool(names)
    return FieldProblem(
        field=".".join(shown_names) or where[0],
        value="" if missing else json_shown(item["input"]),
        detail=_fix(item, names),
    )


def _name(part: object) -> str:
    """A field's name, made safe to show: clients choose the unknown ones."""
    return shown(part)[1:-1] if isinstance(part, str) else str(part)


def _fix(item: Mapping[str, Any], names: list[str]) -> str:
    kind, value = item["type"], item["input"]
    if not names and kind == "missing":
        return _FIXES["model_type"]
    if kind == "missing":
        other = _written_otherwise(names[-1], value)
        return _FIXES[kind] + (f"; {shown(other)} is not known, did you mean {names[-1]}?" if other else "")
    if kind == "extra_forbidden":
        return ", ".join(
            filter(None, ("there is no such field", meant(names[-1], [*fields_of(Like), *LABELS])))
        )
    if kind in _BOUNDS and _is_nan(value):
        return "send a number, which NaN is not"
    field = next((name for name in reversed(names) if not name.isdigit()), "")
    if kind == "string_pattern_mismatch" and field in _PATTERN_FIXES:
        return _PATTERN_FIXES[field]
    if kind in _FIXES:
        facts = {name: _plain(fact) for name, fact in item.get("ctx", {}).items()}
        quoted = kind in _UNQUOTED and isinstance(value, str)
        return _FIXES[kind].format(**facts) + (", without quotes" if quoted else "")
    message: str = item["msg"]
    return message[0].lower() + message[1:]


def _is_nan(value: object) -> bool:
    """In a form it is text."""
    if isinstance(value, str):
        return value.strip().lower() == "nan"
    return isinstance(value, float) and math.isnan(value)


def _written_otherwise(field: str, given: object) -> str:
    """The name in ``given`` that stands for the missing ``field``; empty if there is none."""
    for name in islice(given, _MOST_NAMES) if isinstance(given, dict) else ():
        if name != field and (same(name, (field,)) or alike(name, (field,), _SURE)):
            return str(name)
    return ""


def _plain(value: object) -> object:
    """5 rather than 5.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
