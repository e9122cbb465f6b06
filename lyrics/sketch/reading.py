"""Reading a description: what it says of the style, and what the song is about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from lyrics.contract import Voice
from lyrics.sketch import notation
from lyrics.sketch.notation import INSTRUMENTS, VOICES
from lyrics.sketch.styles import GENRE_FACTS, MOOD_FACTS
from lyrics.sketch.topic import explicit_topic, leftover_topic

_MOST_NAMES = 20
"""Instruments that are named or excluded: no band has more, and an edited plan may hold 50 tags."""
_EXCLUDED = re.compile(
    r"\b(?:no|without(?: any)?|minus|not? any|skip the|leave out(?: the)?)\s+((?:[a-z0-9'-]+\s*){1,3})",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Reading:
    """What was found; None or empty where the description says nothing."""

    genre: str | None = None
    mood: str | None = None
    energy: int | None = None
    tempo_bpm: float | None = None
    key: str | None = None
    metre: str | None = None
    voice: Voice | None = None
    instruments: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    theme: str = ""
    """The phrase the song is about, as the user wrote it."""
    warnings: tuple[str, ...] = field(default=())


def read(description: str) -> Reading:
    """Reads style and theme from a description in plain words."""
    text = " ".join(description.split())
    theme = explicit_topic(text)
    style = text.replace(theme, " ", 1) if theme else text
    exclude, style = _exclusions(style)
    tempo, warnings = notation.tempo(style)
    genre, genre_spans = _genre(style)
    plain = _blanked(style, genre_spans)
    mood, mood_spans = _mood(plain)
    voice = next(
        (voice for pattern, voice in VOICES if re.search(rf"\b(?:{pattern})\b", text, re.IGNORECASE)), None
    )
    if any(word in ("vocals", "vocal", "voice", "singing", "lyrics") for word in exclude):
        voice = "none"
    named = [name for name in _instruments(plain) if name not in exclude]
    for names in (named, exclude):
        if len(names) > _MOST_NAMES:
            note = f"the description names {len(names)} instruments at once: the first {_MOST_NAMES} count"
            warnings = (*warnings, note)
    return Reading(
        genre=genre,
        mood=mood,
        energy=notation.energy(style),
        tempo_bpm=tempo,
        key=notation.key(text),
        metre=notation.metre(style),
        voice=voice,
        instruments=tuple(named[:_MOST_NAMES]),
        exclude=exclude[:_MOST_NAMES],
        theme=theme or leftover_topic(_blanked(plain, mood_spans)),
        warnings=warnings,
    )


def _exclusions(text: str) -> tuple[tuple[str, ...], str]:
    found: list[str] = []

    def collect(match: re.Match[str]) -> str:
        words = match[1].lower()
        names = [*INSTRUMENTS, "vocals", "vocal", "voice", "singing", "lyrics"]
        hits = [name for name in names if _pattern(rf"\b{re.escape(name)}\b").search(words)]
        found.extend(hit for hit in hits if not any(hit != other and hit in other for other in hits))
        return " " if hits else match[0]

    style = _EXCLUDED.sub(collect, text)
    return tuple(dict.fromkeys(found)), style


# Names that say little of a genre beside another one: "a soul ballad" is soul.
_WEAK_NAMES = frozenset(
    """ballad power ballad lullaby acoustic waltz dance dance music electronic club chart party 80s eighties
    1980s 80's atmospheric score church christian freestyle western rave""".split()
) | {"power ballad", "dance music", "pop ballad", "electronic dance"}

_Span = tuple[int, int]


@cache
def _pattern(name: str) -> re.Pattern[str]:
    """One of the tables' names, compiled: they are more than ``re`` keeps, which would compile all of them
    again for each description."""
    return re.compile(name, re.IGNORECASE)


def _genre(text: str) -> tuple[str | None, list[_Span]]:
    """The genre that is named first, and where genres are named: one beside it is a colour, not another
    genre."""
    found: list[tuple[bool, int, int, str]] = []
    for genre, facts in GENRE_FACTS.items():
        for name in facts.names:
            for match in _pattern(rf"(?<![\w&]){re.escape(name)}(?![\w&])").finditer(text):
                if not _means_something_else(name, text, match):
                    found.append((name in _WEAK_NAMES, match.start(), -match.end(), genre))
    spans = [(start, -end) for _, start, end, _ in found]
    return (min(found)[3] if found else None), spans


def _blanked(text: str, spans: list[_Span]) -> str:
    """``text`` with a comma in place of each span, so that what stood around it does not run together."""
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + ("," + " " * (end - start - 1))[: end - start] + text[end:]
    return text


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
    "blue": r"$",
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
}


def _means_something_else(name: str, text: str, match: re.Match[str]) -> bool:
    before = _TRAPS.get(name)
    if before and re.search(before, text[: match.start()], re.IGNORECASE):
        # "the house track" still is one
        return not re.match(
            r"\s+(?:song|track|beat|banger|tune|music|anthem)\b", text[match.end() :], re.IGNORECASE
        )
    after = _NOT_BEFORE.get(name)
    return bool(after and re.search(after, text[match.end() :], re.IGNORECASE))


# "happy" in a greeting tells the mood and is still part of what the song is about.
_GREETING = re.compile(
    r"(?:happy|merry)\s+(?:birthday|anniversary|new year|christmas|holidays)", re.IGNORECASE
)
_DENIAL = re.compile(
    r"\b(?:not|never|isn't|no|nothing|(?:don'?t|do not)\s+(?:make|want)\s+(?:it|this|anything|something))\s+"
    r"(?:an?\s+)?(?:too\s+|so\s+|very\s+)?$",
    re.IGNORECASE,
)


def _mood(text: str) -> tuple[str | None, list[_Span]]:
    """The mood that is named first, and where moods are named, the denied ones ("not sad") among them."""
    found: list[tuple[int, int, str]] = []
    spans: list[_Span] = []
    for mood, facts in MOOD_FACTS.items():
        for name in facts.names:
            for match in _pattern(rf"(?<!\w){re.escape(name)}(?!\w)").finditer(text):
                if not _GREETING.match(text, match.start()):
                    spans.append(match.span())
                if not _DENIAL.search(text[: match.start()]):
                    found.append((match.start(), -match.end(), mood))
    return (min(found)[2] if found else None), spans


def _instruments(text: str) -> list[str]:
    """The instruments named, each stretch of text read once, the longest name first."""
    left, found = text.lower(), []
    for name in INSTRUMENTS:
        left, times = _pattern(rf"\b{re.escape(name)}\b").subn(" ", left)
        if times and name not in ("beat", "beats", "keys"):
            found.append(name)
    return found
