"""Bounds of what a manifest may hold. They are wider than the bounds of a request.

Limits change with versions, and a library outlives them: a song of twenty minutes stays readable when today's
longest is ten. The validation context ``KEPT`` says that the value was accepted before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    Field,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from lyrics.contract import SongPlan
from vision.contract import Scene

KEPT: Final = {"kept": True}

EARLIEST = datetime(2, 1, 1, tzinfo=UTC)
LATEST = datetime(9998, 12, 31, tzinfo=UTC)
"""Between these two, a time can be shown in every time zone."""

_MOST_VALUES = 20_000  # numbers, texts, lists and objects in a manifest: a song has some hundreds
_MOST_ENTRIES = 2_000  # of one list or object; each that is wrong is a line in pydantic's report
_LARGEST_NUMBER = 2**64


def is_kept(info: ValidationInfo) -> bool:
    """Whether the value comes from a manifest and not from a new request."""
    return info.context is KEPT


class KeptPlan(SongPlan):
    """A plan within the bounds of another version."""

    title: str
    categories: tuple[str, ...] = ()
    energy: int
    tempo_bpm: float = Field(gt=0.0)
    voice: str  # type: ignore[assignment]  # a later version may know more of them


class KeptScene(Scene):
    """A scene within the bounds of another version."""

    energy: int
    tempo_bpm: float = Field(gt=0.0)
    genres: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    description: str = ""


def _plan(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    return _wider(KeptPlan, value, handler, info)


def _scene(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    return _wider(KeptScene, value, handler, info)


def _wider(
    kind: type[KeptPlan | KeptScene], value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
) -> Any:
    """``value`` within the bounds of a request; a value from a manifest that is past them, as ``kind``."""
    try:
        return handler(value)
    except ValidationError:
        if not is_kept(info):
            raise
        return kind.model_validate(value)


def _utc(at: datetime) -> datetime:
    """``at`` in UTC. A time without a zone is taken as UTC; one outside ``EARLIEST`` to ``LATEST`` is moved
    to the nearer of the two."""
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    if at.year <= EARLIEST.year:
        return max(at.replace(tzinfo=UTC), EARLIEST)
    if at.year >= LATEST.year:
        return min(at.replace(tzinfo=UTC), LATEST)
    return at.astimezone(UTC)


AnyPlan = Annotated[SerializeAsAny[SongPlan], WrapValidator(_plan)]
AnyScene = Annotated[SerializeAsAny[Scene], WrapValidator(_scene)]
UtcTime = Annotated[datetime, AfterValidator(_utc)]


def check_values(raw: object) -> None:
    """Raises ``ValueError`` for JSON with more values than any manifest has, before they are validated, and
    for numbers that are infinite or too large."""
    for count, value in enumerate(_values(raw)):
        if count >= _MOST_VALUES:
            raise ValueError(f"it has more than {_MOST_VALUES:,} values")
        if isinstance(value, dict | list) and len(value) > _MOST_ENTRIES:
            raise ValueError(f"it has a list of more than {_MOST_ENTRIES:,} entries")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("it has a number that is infinite")
        if isinstance(value, int) and abs(value) > _LARGEST_NUMBER:
            raise ValueError("it has a number that is larger than any that belongs there")


def _values(raw: object) -> Iterator[object]:
    left = [raw]
    while left:
        value = left.pop()
        yield value
        if isinstance(value, dict):
            left += value.values()
        elif isinstance(value, list):
            left += value
