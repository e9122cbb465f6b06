"""Values of a request as JSON, for a message: what a client sent is shown as it wrote it."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

from config.errors import shown

LONGEST = 60


def json_shown(value: object, limit: int = LONGEST) -> str:
    """``value`` as JSON in one short printable line, at most ``limit`` characters: ``true``, ``null``,
    ``"text"``. A longer one ends in ``...``."""
    text, end = "", ""
    if isinstance(value, str):
        value = value[: limit + 1]  # the rest is cut off anyway
    elif isinstance(value, list | tuple | dict):
        value = _first(value, limit)
    for piece in _ENCODER.iterencode(value):
        text += _printable(piece[: 2 * limit])
        if len(text) > limit:
            end = {"str": '"', "dict": "}", "list": "]"}.get(type(value).__name__, "")
            break
    return text if len(text) <= limit else text[: limit - 3 - len(end)] + "..." + end


def _first(value: list[Any] | tuple[Any, ...] | dict[Any, Any], count: int) -> object:
    if isinstance(value, dict):
        return dict(islice(value.items(), count))
    return list(value[:count])


def _unknown(value: object) -> str:
    return shown(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=_unknown)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return json.dumps(char)[1:-1]
