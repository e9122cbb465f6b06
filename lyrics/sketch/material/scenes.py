"""When a line happens: its season and its hour. The lines of a verse are of one scene, so that no snow falls on
a beach."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_WHEN = {
    "winter": r"snow\w*|frost\w*|frozen|icicles?|sledges?|mittens|winter\w*|skat\w+|christmas|reindeer",
    "summer": r"summer\w*|july|august|sandcastles?|sprinkler|popsicles?|sunburn\w*|lemonade|beach\w*|deckchair",
    "autumn": r"autumn|conkers|pumpkins?|chestnuts?|october|november",
    "night": r"night\w*|midnight|moon\w*|stars?|starry|headlights?|owls?|street ?lights?|lamps?",
    "day": r"mornings?|dawn|sunrise|breakfast|noon|alarm|toast|sunny|rooster|sunlit",
}
_PATTERNS = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _WHEN.items()}
_APART = (("winter", "summer"), ("winter", "autumn"), ("summer", "autumn"), ("night", "day"))


@lru_cache(maxsize=8192)
def scene(text: str) -> frozenset[str]:
    """The seasons and hours that the text names."""
    return frozenset(name for name, pattern in _PATTERNS.items() if pattern.search(text))


def clash(here: Iterable[str], there: Iterable[str]) -> bool:
    """Whether the two cannot be one scene. A text that names both hours, as "from dawn to night", is of any."""
    one, other = frozenset(here), frozenset(there)
    return any(
        (first in one) != (second in one)
        and (first in other) != (second in other)
        and (first in one) != (first in other)
        for first, second in _APART
    )
