"""What the user named, which a model's plan must have."""

from __future__ import annotations

from typing import Any

from lyrics.wishes.reading import Reading


def facts_of(named: Reading, *, sung: bool) -> dict[str, Any]:
    """The fields of a plan that the description names itself. Guesses are not among them."""
    found: dict[str, Any] = {
        "instruments": named.instruments,
        "exclude": named.exclude if sung or not named.cappella else (),
        "warnings": named.warnings,
        "tempo_fixed": named.tempo_fixed and "tempo_bpm" in named.literal,
    }
    for name in ("tempo_bpm", "key", "metre", "energy"):
        if name in named.literal:
            found[name] = getattr(named, name)
    if sung and "voice" in named.literal and named.voice != "none":
        found["voice"] = named.voice
    return found
