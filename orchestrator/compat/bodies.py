"""Bodies of other services' requests. Their clients send numbers as texts and texts as numbers, and so these
readers are more patient than ours; what cannot be read is refused with the field's name all the same."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request

from config.errors import InvalidRequest
from orchestrator.server.api.requests.incoming import bounded_json

_TRUE = frozenset({"1", "true", "yes", "y", "on"})
_MOST_NAMED = 20
_FALSE = frozenset({"", "0", "false", "no", "n", "off", "null", "none", "undefined"})


async def json_fields(request: Request) -> dict[str, Any]:
    """The members of a JSON body, whatever its ``Content-Type``. Raises ``RequestValidationError`` for what
    is no JSON, and ``InvalidRequest`` for what is no object."""
    return object_of(bounded_json(await request.body()))


def object_of(value: object) -> dict[str, Any]:
    """``value`` if it is an object, an empty one for None. Raises ``InvalidRequest``."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequest("body", value, "send a JSON object")
    return value


def unused_note(names: Iterable[str]) -> tuple[str, ...]:
    """A sentence for a song's warnings that names the fields of its request that were not used; none without
    ``names``. It begins as those of our own requests do: see ``requests.unknown.of_other_requests``."""
    found = list(dict.fromkeys(names))
    if not found:
        return ()
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    return (
        f"the request's fields were not used: {', '.join(name[:40] for name in found[:_MOST_NAMED])}{more}",
    )


def unused_in(body: BaseModel | None, where: str = "") -> list[str]:
    """The names of the members of ``body`` that its model does not know, each after ``where``; a member that
    is null, false or empty wishes for nothing."""
    extra = (body.model_extra if body else None) or {}
    return [f"{where}{name}" for name, value in extra.items() if value not in (None, False, "", [], {})]


def text(fields: Mapping[str, Any], name: str) -> str:
    """A text without blanks around it; empty if there is none. Raises ``InvalidRequest``."""
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidRequest(name, value, "send a text")
    return str(value).strip()


def truth(fields: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    """A truth value, as such or in words. Raises ``InvalidRequest``."""
    value = fields.get(name)
    if value is None:
        return default
    word = str(value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise InvalidRequest(name, value, "send true or false")
    return word in _TRUE


def number(fields: Mapping[str, Any], name: str) -> float | None:
    """A number, as such or as a text; None if there is none. Raises ``InvalidRequest``."""
    value = fields.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise InvalidRequest(name, value, "send a number")
    return found


def whole(fields: Mapping[str, Any], name: str) -> int | None:
    """Likewise, a whole number."""
    found = number(fields, name)
    if found is None:
        return None
    if not found.is_integer():
        raise InvalidRequest(name, fields[name], "send a whole number")
    return int(found)
