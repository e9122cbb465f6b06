"""The length of the song that a description asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass

SHORTEST_S, LONGEST_S = 5.0, 600.0
_WORDS = {
    "a": 1.0, "an": 1.0, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "seven": 7.0,
    "eight": 8.0, "nine": 9.0, "ten": 10.0, "fifteen": 15.0, "twenty": 20.0, "thirty": 30.0, "forty": 40.0,
    "forty-five": 45.0, "fifty": 50.0, "sixty": 60.0, "ninety": 90.0, "half a": 0.5, "half": 0.5,
    "a couple of": 2.0,
}  # fmt: skip
_COUNT = "|".join(sorted((*_WORDS, r"\d{1,6}(?:[.,]\d{1,3})?"), key=len, reverse=True))
_SECONDS = r"seconds?|secs?\b\.?|s"
_MINUTES = r"minutes?|mins?\b\.?|m"
_UNIT = rf"({_SECONDS}|{_MINUTES}|hours?|hrs?|h)"
_AMOUNT = re.compile(
    rf"(?<![\w.,:/$#-])({_COUNT})(?:\s*(?:-|–|to|or)\s*(\d{{1,4}}))?(\s+and\s+a\s+half)?[\s-]*{_UNIT}\b"
    rf"(\s+and\s+a\s+half)?(?:[\s,]*(?:and\s+)?(\d{{1,2}}|thirty|twenty|fifteen|forty)[\s-]*(?:{_SECONDS})\b)?",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?<![\w.:/])(\d{1,2}):([0-5]\d)(?![\d:])(?!\s*(?:a\.?m|p\.?m|o'?clock|uhr)\b)", re.IGNORECASE
)
_FIELD = re.compile(
    r"\b(?:length|duration|runtime|lasting|lasts|for)\s*(?:of|is|[:=])?\s*(\d{1,4}(?:[.,]\d{1,2})?)(?!\s*[\w:%/.,-]?\w)",
    re.IGNORECASE,
)
_FIELD_NAME = re.compile(r"\b(?:length|duration|runtime)\b|[:=]", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"\b(?:at(?: about)?|after|before|by|every|last|first|next|past|from|until|till|since|in(?: the last| the first)?|within|the"
    r"|these|those|final|opening|ago|around)\s+$",
    re.IGNORECASE,
)
"""What stands before a time at which something happens, or a time that the song is about."""
_PART = re.compile(
    r"[\s-]*(?:long\s+)?(?:(?:guitar|piano|drum|sax|instrumental|vocal|beat|synth|bass|slow|quiet|big|ambient)\s+)*"
    r"(?:solo|break|breakdown|bridge|fade\w*|build(?:[ -]?up)?|outro|verses?|chorus|drop|silence|pause|interlude|section|ending"
    r"|crescendo|riser|delay|sample)\b",
    re.IGNORECASE,
)
_INTRO = re.compile(r"[\s-]*(?:long\s+)?(?:\w+\s+)?intro\b", re.IGNORECASE)
_NOT_LENGTH = re.compile(
    r"\s+(?:ago|later|before|after|to (?:go|live|midnight|mars)|old|late|early|left|away|apart|of (?:fame|your|my))\b",
    re.I,
)
_DECADE = re.compile(r"\d0s", re.IGNORECASE)
_NOT_SECONDS = re.compile(r"(?:[12][089]\d0|303|606|707|808|909)\s?s", re.IGNORECASE)
"""Decades, and drum machines by their numbers."""
_LONGEST_SHORT = {"s": 600.0, "m": 15.0, "h": 0.0}
"""The most of what a single letter after a number stands for: "100m" is a distance."""
_PIECE = r"(?:long|jingle|clip|loop|song|track|intro|ad|spot|version|teaser|piece|theme|ident|sting|snippet|edit|tune|beat|music|audio|sample|mix)"
_PIECE_AFTER = re.compile(rf"[\s-]*(?:\w+\s+){{0,2}}{_PIECE}\b", re.IGNORECASE)
_HOLDS = re.compile(r"\bwith\s+(?:an?\s+)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Length:
    """A length in seconds, where it stands, and what could not be had."""

    seconds: float | None = None
    warnings: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()


def length(text: str) -> Length:
    """The length of the whole song that ``text`` names first. Times within a song are none."""
    spans, notes, found = [], list[str](), list[float]()
    for start, end, seconds, is_sure in sorted(_times(text)):
        before, after = text[max(0, start - 60) : start], text[end : end + 60]
        if _NOT_LENGTH.match(after):
            continue
        is_intro = bool(_INTRO.match(after)) and bool(_HOLDS.search(before))
        if _PART.match(after) or is_intro:
            notes.append(
                f"{text[start:end].strip()} is the length of a part of the song, which cannot be set"
            )
            spans.append((start, end))
        elif not _ELSEWHERE.search(before) and (is_sure or _PIECE_AFTER.match(after)):
            found.append(seconds)
            spans.append((start, end))
    if not found:
        return Length(None, tuple(notes[:3]), tuple(spans))
    used = min(max(found[0], SHORTEST_S), LONGEST_S)
    if used != found[0]:
        bounds = f"{SHORTEST_S:g} to {LONGEST_S:g} s"
        notes.insert(0, f"a length of {found[0]:g} s is out of range ({bounds}): {used:g} s is used")
    return Length(used, tuple(notes[:3]), tuple(spans))


def _times(text: str) -> list[tuple[int, int, float, bool]]:
    """Start, end and seconds of every time, and whether it can only be a length."""
    found = []
    for match in _AMOUNT.finditer(text):
        typed, unit = match[0].strip(), match[4].lower()
        count = _WORDS.get(" ".join(match[1].lower().split()))
        if count is None:
            count = float(match[1].replace(",", "."))
        elif len(unit) == 1:
            continue  # "a m", "one s"
        if match[2]:
            count = (count + float(match[2])) / 2.0
        if match[3] or match[5]:
            count += 0.5
        if _NOT_SECONDS.fullmatch(typed) or (len(unit) == 1 and count > _LONGEST_SHORT[unit]):
            continue
        scale = 3600.0 if unit[0] == "h" else 60.0 if unit[0] == "m" else 1.0
        seconds = count * scale
        if match[6]:
            seconds += _WORDS.get(match[6].lower()) or float(match[6])
        is_sure = not (len(unit) == 1 and " " in typed and not match[6])
        if unit[0] == "h" or (
            match[1].lower() in ("a", "an", "one", "half") and not match[5] and not match[6]
        ):
            is_sure = False  # "24 hours", "wait a minute"
        if _DECADE.fullmatch(typed):
            is_sure = False
            after = text[match.end() : match.end() + 40]
            if not re.match(
                r"[\s-]*(?:long|jingle|clip|loop|intro|ad|spot|teaser|sting|ident|snippet)\b", after, re.I
            ):
                continue
        found.append((match.start(), match.end(), seconds, is_sure))
    taken = list(found)
    for match in _CLOCK.finditer(text):
        found.append((match.start(), match.end(), int(match[1]) * 60.0 + int(match[2]), True))
    for match in _FIELD.finditer(text):
        start, end = match.span()
        is_field = _FIELD_NAME.search(match[0]) is not None
        if is_field and not any(a < end and start < b for a, b, *_ in (*taken, *found)):
            found.append((start, end, float(match[1].replace(",", ".")), True))
    return found
