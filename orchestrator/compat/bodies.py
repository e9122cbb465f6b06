"""Bodies of other services' requests. Their clients send numbers as texts and texts as numbers, and so these
readers are more patient than ours; what cannot be read is refused with the field's name all the same."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ValidationError
from starlette.requests import Request

from config.errors import InvalidRequest
from orchestrator.server.api.requests.fields import field_problem
from orchestrator.server.api.requests.incoming import bounded_json

Model = TypeVar("Model", bound=BaseModel)

_TRUE = frozenset({"1", "true", "yes", "y", "on"})
_MOST_NAMED = 20
_FALSE = frozenset({"", "0", "false", "no", "n", "off", "null", "none", "undefined"})
_UNSAID = frozenset({"", "auto", "n/a", "none", "null", "undefined"})
"""What forms send of a number that nobody has filled in."""
_SILENT = frozenset({"[inst]", "[instrumental]"})
_METRES = {"2": "2/4", "3": "3/4", "4": "4/4", "6": "6/8"}


def _said(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() in _UNSAID else value


Number = Annotated[float | None, BeforeValidator(_said)]
"""A field of a body that is a number, or left open in words."""
Whole = Annotated[int | None, BeforeValidator(_said)]
"""Likewise, a whole one."""


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


def checked(model: type[Model], fields: Mapping[str, object], names: Mapping[str, str]) -> Model:
    """A body of our own API with these fields. Raises ``InvalidRequest`` for the first that is out of its
    bounds, which ``names`` calls as the client does."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        item = error.errors()[0]
        problem = field_problem({**item, "loc": ("body", *item["loc"])})
        name = names.get(problem.field, problem.field)
        raise InvalidRequest(name, item["input"], problem.detail) from error


def is_silent(lyrics: str) -> bool:
    """Whether these are ACE-Step's words for a song without any."""
    return lyrics.strip().lower() in _SILENT


def in_metre(signature: str) -> str:
    """A time signature as writers read it: "3" and "3/4" are "in 3/4 time"; empty for what is none."""
    metre = _METRES.get(signature, signature if re.fullmatch(r"\d{1,2}/\d{1,2}", signature) else "")
    return f"in {metre} time" if metre else ""


def listed(fields: Mapping[str, Any], name: str) -> str:
    """A text, or a list of texts with commas between them. Raises ``InvalidRequest``."""
    value = fields.get(name)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(filter(None, (each.strip() for each in value)))
    return text(fields, name)


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
    value: Any = _said(fields.get(name))
    if value is None:
        return None
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
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
