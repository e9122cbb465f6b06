"""The metre that a description names, in digits or words."""

from __future__ import annotations

import re
from dataclasses import dataclass

KNOWN = ("4/4", "3/4", "2/4", "6/8", "12/8", "5/4", "7/8")
"""The contract's metres."""
_WORDS = {
    "waltz": "3/4", "waltzes": "3/4", "in three": "3/4", "in five": "5/4", "in seven": "7/8",
    "jig": "6/8", "in five four": "5/4", "in seven eight": "7/8", "in six eight": "6/8",
    "three-four time": "3/4", "three four time": "3/4", "six-eight time": "6/8", "four-four time": "4/4",
    "six eight time": "6/8", "four four time": "4/4", "five-four time": "5/4", "common time": "4/4",
    "cut time": "2/4", "triple meter": "3/4", "triple metre": "3/4", "four on the floor": "4/4",
}  # fmt: skip
WORD = re.compile(
    rf"\b(?:{'|'.join(re.escape(word) for word in sorted(_WORDS, key=len, reverse=True))})\b", re.IGNORECASE
)
_DIGITS = re.compile(r"(?<![\d/.,])(\d{1,2})/(\d{1,2})(?![\d/]|[.,]\d|(?:st|nd|rd|th)\b)")
_SHOWN = re.compile(
    r"\s*[-]?\s*(?:time|metre|meter|feel|beat|groove|signature|rhythm|waltz|ballad|shuffle|swing|jam|riff|song|track|prog)\b",
    re.I,
)
_BEFORE = re.compile(
    r"\b(?:in|metre|meter|signature|time|of|to|and|or|an?)\s*[:=]?\s*(?:an?\s+)?$", re.IGNORECASE
)
_DATED = re.compile(
    r"\b(?:on|since|dated?|born|until|by|before|after|jan\w*|feb\w*|mar\w*|apr\w*|may|june?|july?|aug\w*|sep\w*|oct\w*|nov\w*|dec\w*)\s+$",
    re.IGNORECASE,
)
_SHARE = re.compile(r"\s+(?:of|full|empty|done|cup|mile|inch|way|price)\b", re.IGNORECASE)
_ODD = re.compile(
    r"\b(?:odd|mixed|changing|irregular|shifting|complex|alternating)\s+(?:time signatures?|met(?:re|er)s?|times?)\b|"
    r"\bpolyrhythm\w*|\bpolymet\w+", re.IGNORECASE
)  # fmt: skip
_DIVISIONS = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Metre:
    """``metre`` is one of ``KNOWN``; ``literal`` tells whether it is named, in digits or by its name."""

    metre: str | None = None
    literal: bool = False
    warnings: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()


def metre(text: str) -> Metre:
    """The metre that is named first. One that cannot be had is replaced by the nearest, with a warning."""
    named, spans, notes = list[str](), list[tuple[int, int]](), list[str]()
    for match in _DIGITS.finditer(text):
        if _is_metre(text, match):
            named.append(match[0])
            spans.append(match.span())
    if odd := _ODD.search(text):
        notes.append(f"a song has one metre throughout: {odd[0]} cannot be had")
        spans.append(odd.span())
    word = WORD.search(text)
    if word:
        spans.append(word.span())
    if not named:
        by_name = _WORDS[word[0].lower()] if word else None
        return Metre(by_name, literal=by_name is not None, warnings=tuple(notes), spans=tuple(spans))
    first = named[0]
    used = first if first in KNOWN else _nearest(*(int(part) for part in first.split("/")))
    if used != first:
        notes.insert(0, f"metre {first} cannot be had ({', '.join(KNOWN)} can): {used} is used")
    others = [other for other in named if other != first]
    if others:
        notes.append(f"the description names more than one metre: {used} is used, {others[0]} is not")
    return Metre(used, literal=True, warnings=tuple(notes), spans=tuple(spans))


def _is_metre(text: str, match: re.Match[str]) -> bool:
    """Whether two numbers are a metre: not a date, a share, or "24/7"."""
    beats, unit = int(match[1]), int(match[2])
    before, after = text[max(0, match.start() - 30) : match.start()], text[match.end() : match.end() + 30]
    shown = bool(_SHOWN.match(after)) or bool(
        re.search(r"\b(?:time|met(?:re|er)|signature)\b\W*$", before, re.I)
    )
    if unit not in _DIVISIONS or beats == 0 or _SHARE.match(after):
        return False
    if match[0] in KNOWN or shown:
        return not _DATED.search(before) or shown
    if unit == 1 or beats == 1 or beats > 33 or _DATED.search(before):
        return False
    alone = (not before.strip() or before.rstrip()[-1] in ",;:(") and re.match(r"\s*(?:$|[,;.)!])", after)
    return bool(alone or _BEFORE.search(before) or unit >= 8)


def _nearest(beats: int, unit: int) -> str:
    """The known metre that feels most like ``beats/unit``."""
    if beats % 5 == 0:
        return "5/4"
    if beats % 3 == 0 and unit >= 8 and beats > 3:
        return "12/8" if beats >= 12 else "6/8"
    if beats % 3 == 0:
        return "3/4"
    if beats % 4 == 0:
        return "4/4"
    return "2/4" if beats == 2 else "4/4" if beats % 2 == 0 and beats > 8 else "7/8"
