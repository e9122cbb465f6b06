"""The length that a description asks for, beside the length of the request."""

from __future__ import annotations

from lyrics.contract import PlanRequest
from lyrics.wishes.reading import Reading, read

_SAME_S = 0.5


def asked_duration(description: str) -> float | None:
    """The length that ``description`` asks for in seconds, within what a song may have; None if it names
    none."""
    return read(description).duration_s if description.strip() else None


def length_notes(reading: Reading, request: PlanRequest) -> tuple[str, ...]:
    """A warning if the request has another length than its description asks for."""
    asked = reading.duration_s
    if asked is None or abs(asked - request.duration_s) <= _SAME_S:
        return ()
    used = f"{request.duration_s:g} s"
    return (f"the description asks for {asked:g} s, and the request for {used}: it lasts {used}",)
