"""The genres and moods that a description names, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lyrics.sketch.styles import GENRE_FACTS, MOOD_FACTS
from lyrics.wishes.polarity import Mention

_GENRE_OF = {name: genre for genre, facts in GENRE_FACTS.items() for name in facts.names}
_MOOD_OF = {name: mood for mood, facts in MOOD_FACTS.items() for name in facts.names}


def _longest_first(names: dict[str, str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


_GENRE = re.compile(rf"(?<![\w&])(?:{_longest_first(_GENRE_OF)})(?![\w&])", re.IGNORECASE)
_MOOD = re.compile(rf"(?<!\w)(?:{_longest_first(_MOOD_OF)})(?!\w)", re.IGNORECASE)

# Names that count only if no other genre is named: "a soul ballad" is soul.
_WEAK_NAMES = frozenset(
    """ballad power ballad lullaby acoustic waltz dance dance music electronic club chart party 80s eighties
    1980s 80's atmospheric score church christian freestyle western rave""".split()
) | {"power ballad", "dance music", "pop ballad", "electronic dance"}
_TRAPS = {
    "house": r"(?:\bthe|\bmy|\ba|\bour|\bblue|\bold|\bwhite|\bhaunted)\s+$",
    "country": r"(?:\bthe|\bmy|\ba|\bour)\s+$",
    "metal": r"(?:\bof|\bthe|\bcold)\s+$",
    "rock": r"(?:\bthe|\bto)\s+$",
    "soul": r"(?:\bmy|\bthe|\byour|\bher|\bhis|\blost)\s+$",
    "dance": r"(?:\bto|\bthe|\blast|\blet's|\bwe)\s+$",
    "trap": r"(?:\bthe|\ba)\s+$",
    "jungle": r"(?:\bthe|\ba|\bin)\s+$",
    "swing": r"(?:\bthe|\bmy|\ba)\s+$",
    "church": r"(?:\bthe|\ba)\s+$",
    "club": r"(?:\bthe|\ba)\s+$",
    "western": r"(?:\bcountry and)\s+$",
}
_NOT_BEFORE = {
    "rock": r"^\s+(?:me|you|bottom|climbing|star)\b",
    "soul": r"^\s+(?:searching|mate|mates)\b",
    "pop": r"^\s+(?:the|a|my)\b",
    "metal": r"^\s+(?:bridge|box|bird|gate|door)\b",
    "house": r"^\s+(?:by|on|of|where|that|party)\b",
    "country": r"^\s+(?:road|roads|i|we|house|side)\b",
    "dance": r"^\s+(?:with|in|on|floor)\b",
    "acid": r"^\s+rain\b",
    "heavy metal": r"^\s+(?:bridge|box|gate|door)\b",
    "score": r"^\s+(?:a|the)\b",
    "trailer": r"^\s+(?:park|hitch)\b",
}
_NEAR = 40  # characters around a name that decide what it means
# "happy" in a greeting gives the mood, and stays a part of the song's subject.
_GREETING = re.compile(
    r"(?:happy|merry)\s+(?:birthday|anniversary|new year|christmas|holidays)", re.IGNORECASE
)
OPPOSED = (
    (frozenset({"joyful", "uplifting", "playful"}), frozenset({"melancholic", "dark", "angry"})),
    (frozenset({"calm", "dreamy"}), frozenset({"energetic", "angry"})),
)
"""Moods that no song has at once."""


def genres(text: str) -> Iterator[Mention]:
    """The names of genres in ``text``, in order."""
    for match in _GENRE.finditer(text):
        name = match[0].lower()
        if not _means_something_else(name, text, match):
            yield Mention(match.start(), match.end(), "genre", _GENRE_OF[name], weak=name in _WEAK_NAMES)


def moods(text: str) -> Iterator[Mention]:
    """The names of moods in ``text``, in order. That of a greeting is weak: it stays in the subject."""
    for match in _MOOD.finditer(text):
        greets = _GREETING.match(text, match.start()) is not None
        yield Mention(match.start(), match.end(), "mood", _MOOD_OF[match[0].lower()], weak=greets)


def is_style_word(text: str) -> bool:
    """Whether ``text`` names a genre or a mood."""
    return bool(_GENRE.search(text) or _MOOD.search(text))


def _means_something_else(name: str, text: str, match: re.Match[str]) -> bool:
    before = _TRAPS.get(name)
    after = text[match.end() : match.end() + _NEAR]
    if before and re.search(before, text[max(0, match.start() - _NEAR) : match.start()], re.IGNORECASE):
        # "the house track" is a genre after all
        return not re.match(r"\s+(?:song|track|beat|banger|tune|music|anthem|groove)\b", after, re.IGNORECASE)
    pattern = _NOT_BEFORE.get(name)
    return bool(pattern and re.search(pattern, after, re.IGNORECASE))
