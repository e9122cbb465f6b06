"""What the framework says about a field, in words that tell what to send instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from config.errors import shown
from orchestrator.server.api.problems import FieldProblem

_BODY_KINDS = frozenset(
    {"FromDescription", "WithLyrics", "WithDescribedLyrics", "StructuredMusic", "PromptedMusic"}
)
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
    "int_type": "send a whole number, without quotes",
    "int_from_float": "send a whole number",
    "float_type": "send a number, without quotes",
    "bool_type": "send true or false, without quotes",
    "string_type": "send text in quotes",
    "string_unicode": "send text that is whole Unicode",
    "tuple_type": "send a list",
    "model_attributes_type": "send a JSON object",
}
_PATTERN_FIXES: Mapping[str, str] = {
    "full_described_song": "it is blank: say something about the song",
    "prompt": "it is blank: say how the song sounds",
    "described_lyrics": "it is blank: say what the lyrics are about",
    "title": "it is blank: send a title",
    "webhook": "send an address that begins with http:// or https://",
    "key": 'send a key such as "D minor" or "F# major"',
    "id": "an id has 15 letters and digits: see GET /songs",
    "cursor": "send `next_cursor` of the page before",
    "name": "send a stem's name, as in `assets` of the song",
}


def of_nearest_kind(errors: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of a body that may be of several kinds, the complaints about the one that it comes nearest to: with the
    fewest fields missing, then the fewest wrong. All of them where there is only one kind."""
    kinds = list(dict.fromkeys(_kind(item) for item in errors))

    def distance(kind: str) -> tuple[int, int]:
        own = [item for item in errors if _kind(item) == kind]
        return sum(item["type"] == "missing" for item in own), len(own)

    named = [kind for kind in kinds if kind]
    nearest = min(named, key=distance) if named else ""
    return [item for item in errors if _kind(item) in ("", nearest)]


def is_of_the_whole(item: Mapping[str, Any]) -> bool:
    """Whether the complaint is about the body itself and none of its fields."""
    return not set(item["loc"]) - _BODY_KINDS - {"body"}


def _kind(item: Mapping[str, Any]) -> str:
    where = item["loc"]
    return str(where[1]) if len(where) > 1 and where[1] in _BODY_KINDS else ""


def field_problem(item: Mapping[str, Any]) -> FieldProblem:
    """One of the framework's complaints; its ``loc`` begins with where the field is: body, path, query."""
    where = [_name(part) for part in item["loc"]]
    # A body of one of three kinds: the kind's own name is no part of the field's.
    names = [part for part in where[1:] if part not in _BODY_KINDS]
    missing = item["type"] == "missing"
    return FieldProblem(
        field=".".join(names) or where[0],
        value="" if missing else shown(item["input"]),
        detail=_fix(item, names),
    )


def _name(part: object) -> str:
    """A field's name as it can be shown: unknown ones come from outside."""
    return shown(part)[1:-1] if isinstance(part, str) else str(part)


def _fix(item: Mapping[str, Any], names: list[str]) -> str:
    if item["type"] == "string_pattern_mismatch" and names and names[-1] in _PATTERN_FIXES:
        return _PATTERN_FIXES[names[-1]]
    if item["type"] in _FIXES:
        return _FIXES[item["type"]].format(
            **{name: _plain(value) for name, value in item.get("ctx", {}).items()}
        )
    message: str = item["msg"]
    return message[0].lower() + message[1:]


def _plain(value: object) -> object:
    """5 rather than 5.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
