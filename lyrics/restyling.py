"""The plan of a song in another style."""

from __future__ import annotations

from lyrics.contract import SongPlan
from lyrics.wishes.reading import read

_OF_STYLE = ("genre", "mood", "energy", "instruments", "exclude")


def restyled(plan: SongPlan, prompt: str) -> SongPlan:
    """``plan`` with the style that the prompt names, and the prompt before its tags. What it does not name is
    the plan's, and so are tempo, key, metre and voice."""
    prompt = prompt.strip()
    if not prompt:
        return plan
    wishes = read(prompt)
    named = {name: value for name in _OF_STYLE if (value := getattr(wishes, name))}
    if "genre" in named and "instruments" not in named:
        named["instruments"] = ()  # those of the old genre would play on
    return plan.model_copy(update={**named, "tags": (prompt, *plan.tags)})
