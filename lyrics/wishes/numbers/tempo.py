"""Tempo in a description: numbers, Italian terms, and words such as "slow" and "fast"."""

from __future__ import annotations

import re
from dataclasses import dataclass

LOWEST_BPM, HIGHEST_BPM = 40.0, 220.0

_NUMBER = r"(?<![\w.,])(?:(?<![\d)])[-−])?\d{1,40}(?:[.,]\d{1,6})?(?:e\d{1,3})?"
_UNIT = r"(?:b\.?p\.?m\b\.?|beats?[ -](?:per|a)[ -]minute\b|beats?/min(?:ute)?\b)"
_RANGE = rf"({_NUMBER})\s*(?:{_UNIT}\s*)?(?:-|–|—|to|and|or|bis|~)\s*(\d{{1,4}}(?:[.,]\d{{1,3}})?)"
_NAME = r"\b(?:b\.?p\.?m|tempo|beats[ -]per[ -]minute|metronome|pulse)\b\.?"
_LINK = r"\s*(?:(?:of|is|at|around|about|marking|should be|set to|=|:|≈|~)\s*){0,3}"
_NOTE = r"(?:[♩♪♫𝅘𝅥𝅗𝅥]|\b(?:quarter|crotchet|q)(?: note)?)\s*=\s*"
_FORMS = (
    re.compile(rf"(?:\bbetween\s+)?{_RANGE}\s*-?\s*{_UNIT}", re.IGNORECASE),
    re.compile(rf"{_NAME}{_LINK}{_RANGE}(?![\d/])", re.IGNORECASE),
    re.compile(rf"({_NUMBER})\s*-?\s*{_UNIT}", re.IGNORECASE),
    re.compile(rf"{_NAME}{_LINK}({_NUMBER})(?!\s*/|\d)", re.IGNORECASE),
    re.compile(rf"{_NOTE}({_NUMBER})", re.IGNORECASE),
    re.compile(r"\b(?:half|double)[ -]?time(?:\s+(?:feel|beat|groove))?\s*(?:at|,|@)?\s*(\d{2,3})\b(?!\s*(?:/|min|sec|bars?\b|%))", re.I),
    re.compile(r"(?:\bat|@)\s+(?:about\s+|around\s+)?([6-9]\d|1\d\d|2[01]\d)(?=\s*(?:$|[,.;!)]\s*|\s(?:and|with|in)\s))", re.I),
)  # fmt: skip
_AROUND = re.compile(
    r"(?:\b(?:around|about|approx(?:imately)?\.?|roughly|circa|ca\.?|say|some|nearly|near|between|under|over|below|above|"
    r"at (?:least|most)|up to|max(?:imum)?\.?|min(?:imum)?\.?|more than|less than|(?:faster|slower) than)\s*|[~≈<>])$",
    re.IGNORECASE,
)
_BARRED = re.compile(r"\b(?:not|isn't|never|anything but)\s+(?:at\s+|in\s+)?$", re.IGNORECASE)
_HALF_TIME = re.compile(r"\b(half|double)[ -]?time\b", re.IGNORECASE)
_TERMS = {
    "larghetto": 63.0, "largo": 50.0, "lento": 54.0, "adagio": 70.0, "andantino": 96.0, "andante": 92.0,
    "moderato": 112.0, "allegretto": 116.0, "allegro": 138.0, "vivace": 166.0, "prestissimo": 204.0, "presto": 184.0,
}  # fmt: skip
_TERM = re.compile(rf"(?<!\bKey )\b({'|'.join(_TERMS)})\b", re.IGNORECASE)

PACE = {
    "very slow": 62.0, "slow tempo": 72.0, "slow": 74.0, "downtempo": 84.0, "mid-tempo": 104.0,
    "mid tempo": 104.0, "midtempo": 104.0, "moderate tempo": 104.0, "medium tempo": 104.0, "very fast": 172.0,
    "fast-paced": 150.0, "fast tempo": 150.0, "uptempo": 134.0, "up-tempo": 134.0, "up tempo": 134.0,
    "fast": 148.0, "super fast": 172.0, "really fast": 172.0, "super slow": 62.0, "really slow": 62.0,
    "extremely slow": 58.0, "extremely fast": 178.0, "fast paced": 150.0, "slow-paced": 72.0, "slow paced": 72.0,
    "low tempo": 74.0, "high tempo": 148.0, "mid-paced": 104.0, "medium-paced": 104.0, "quick": 140.0,
    "brisk": 132.0, "slowly": 74.0, "breakneck": 176.0, "slower": 74.0, "faster": 148.0, "moderate pace": 104.0,
}  # fmt: skip
"""BPM that words for a pace suggest."""
PACE_WORD = re.compile(
    rf"\b(?:{'|'.join(re.escape(word) for word in sorted(PACE, key=len, reverse=True))})\b", re.IGNORECASE
)
_SLOW_BPM, _FAST_BPM = 90.0, 130.0
"""A pace up to the first is slow, from the second on it is fast."""
NOT_SLOW_BPM, NOT_FAST_BPM = 100.0, 112.0
"""The least tempo of what is not to be slow, and the greatest of what is not to be fast."""


@dataclass(frozen=True)
class Tempo:
    """What a description says of the tempo. ``bpm`` is a number that it names, or an Italian term stands
    for; ``fixed`` tells whether just that is meant, not "around" it; ``literal`` whether it is a number."""

    bpm: float | None = None
    fixed: bool = False
    literal: bool = False
    warnings: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()


def tempo(text: str) -> Tempo:
    """The tempo that ``text`` names. One outside 40 to 220 BPM is clipped, with a warning."""
    found: list[tuple[int, int, str, str]] = []
    for form in _FORMS:
        for match in form.finditer(text):
            if not any(start < match.end() and match.start() < end for start, end, *_ in found):
                last = match[2] if match.re.groups > 1 else ""
                found.append((match.start(), match.end(), match[1], last or ""))
    found.sort()
    spans = tuple((start, end) for start, end, *_ in found)
    wanted = [each for each in found if not _BARRED.search(text[max(0, each[0] - 30) : each[0]])]
    if not wanted:
        warnings = tuple(
            f"{text[start:end]} is not wanted: the tempo is chosen otherwise" for start, end in spans[:1]
        )
        term = _TERM.search(text)
        if term:
            return Tempo(_TERMS[term[1].lower()], warnings=warnings, spans=(*spans, term.span()))
        return Tempo(warnings=warnings, spans=spans)
    start, _, low, high = wanted[0]
    bpm, notes = _used(low, high)
    others = [text[a:b].strip() for a, b, first, _ in wanted[1:] if _value(first) != _value(low)]
    if others:
        notes.append(f"the description names more than one tempo: {bpm:g} BPM is used, {others[0]} is not")
    if half := _HALF_TIME.search(text):
        notes.append(f"a {half[1].lower()}-time feel cannot be asked for: the song has {bpm:g} BPM")
    around = bool(high) or bool(_AROUND.search(text[max(0, start - 30) : start].rstrip() + " "))
    return Tempo(bpm, not around, literal=True, warnings=tuple(notes), spans=spans)


def _used(low: str, high: str) -> tuple[float, list[str]]:
    """The tempo between two numbers, or of one, within what is possible."""
    value = _value(low)
    typed = low if len(low) <= 20 else f"{low[:17]}..."
    if high:
        value, typed = (value + _value(high)) / 2.0, f"{low} to {high}"
    used = min(max(value, LOWEST_BPM), HIGHEST_BPM)
    if used != value:
        bounds = f"{LOWEST_BPM:g} to {HIGHEST_BPM:g}"
        return used, [f"tempo {typed} BPM is out of range ({bounds}): {used:g} BPM is used"]
    return used, [f"tempo {typed} BPM: the middle, {used:g} BPM, is used"] if high else []


def _value(text: str) -> float:
    """A number with a decimal comma, or with a comma between thousands."""
    plain = text.replace("−", "-")
    thousands = re.fullmatch(r"-?\d{1,3},\d{3}", plain)
    return float(plain.replace(",", "" if thousands else "."))


def is_slow(bpm: float) -> bool:
    return bpm <= _SLOW_BPM


def is_fast(bpm: float) -> bool:
    return bpm >= _FAST_BPM


def energy(text: str) -> int | None:
    """ "energy 8" and the like, 0 to 10."""
    match = re.search(r"\benergy\s*(?:level\s*)?(?:of\s*|:\s*|=\s*)?(\d{1,2})\b", text, re.IGNORECASE)
    return min(int(match[1]), 10) if match else None
