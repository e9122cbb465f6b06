"""What a description asks of harmony and form that no plan can hold: chords, bars, places, changes of key or
tempo. Each is said in a warning."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ROMAN = r"[b#♭♯]?(?:VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)(?:maj7|m7|7|°|o|dim|sus[24]?)?(?![\w'’])"
_ROMANS = re.compile(
    rf"(?<![\w'’#]){_ROMAN}(?:\s*(?:[-–—>→|,/]|->)\s*{_ROMAN}){{2,15}}|(?<![\w'’]){_ROMAN}(?:\s+{_ROMAN}){{3,15}}"
)
_CHORD = r"[A-G][#b♯♭]?(?:m(?:aj)?|maj|min|dim|aug|sus)?(?:2|4|5|6|7|9|11|13)?(?:b5|#9)?(?:/[A-G][#b]?)?(?![\w'’#♯♭/])"
_CHORDS = re.compile(rf"(?<![\w'’/#]){_CHORD}(?:(?:\s*(?:[-–—|>→,]|->)\s*|\s+){_CHORD}){{2,31}}")
_CHORD_SIGN = re.compile(r"[A-G][#b♯♭]|[A-G](?:m|maj|min|dim|aug|sus|\d)|[|>→]|[A-G]-[A-G]")
_CHORDS_NAMED = re.compile(
    r"\b(?:chord progressions?|(?:\d|two|three|four|five) chords?|chords?\s*[:=]|circle of fifths|axis progression|andalusian cadence"
    r"|pachelbel(?:'s)? canon)", re.IGNORECASE
)  # fmt: skip
_COUNT = r"(?:\d{1,3}|two|four|eight|twelve|sixteen|thirty-two)"
_BARS = re.compile(
    rf"\b{_COUNT}[- ]?(?:bars?|measures?)\b(?:\s+(?:long\s+)?(?:[a-z]+\s+){{0,2}}(?:intro|outro|solo|verse|chorus|bridge|break|loop|form|drop|"
    r"build|turnaround|phrase|head|section|interlude|vamp|coda)s?\b)?",
    re.IGNORECASE,
)
_TWELVE = re.compile(r"(?:\b12|\btwelve)[- ]?bars?\b", re.IGNORECASE)
_PLACE = (
    r"(?:after|before|in|at|during|over|between)\s+(?:the\s+)?(?:(?:first|second|third|final|last|2nd|1st|3rd|\d)\s+)?"
    r"(?:verse|chorus|bridge|drop|end|middle|intro|outro|break)(?:es|s)?"
)
_SOLO = re.compile(
    rf"\b(?:{_COUNT}[- ]bars?\s+)?(?:(?:guitar|piano|drum|sax(?:ophone)?|bass|synth|organ|violin|fiddle|trumpet|harmonica|flute|keyboard)\s+)?solo\s+{_PLACE}\b",
    re.IGNORECASE,
)
_KEY_CHANGE = re.compile(
    r"\b(?:key changes?|modulat(?:es?|ed|ing|ions?)|truck driver'?s? (?:gear )?(?:change|modulation)|changes? key|"
    r"(?:up|down|raised?|lifted|transpos\w+)(?:\s+by)?\s+(?:an?|one|two|half)\s+(?:half[ -]|whole[ -])?(?:semitones?|tones?|steps?))\b"
    rf"(?:\s+(?:to\s+(?:the\s+)?[A-G][#b]?(?:\s+(?:major|minor))?|{_PLACE}))?",
    re.IGNORECASE,
)
_TEMPO_CHANGE = re.compile(
    r"\b(?:tempo changes?|accelerando|ritardando|rallentando|rubato|(?:speeds?|speeding|slows?|slowing) (?:up|down)|gets? (?:faster|slower)|"
    r"getting (?:faster|slower)|(?:starts?|begins?|starting|beginning)\s+(?:off\s+)?(?:very\s+)?(?:slow(?:ly)?|fast)\b[^.;]{0,30}?"
    r"\b(?:then|gets?|ends?|becom\w+|into|builds?|before|turns?|and)\b|slow(?:ly)?\s+then\s+fast|fast\s+then\s+slow)",
    re.IGNORECASE,
)
_TIMED = re.compile(
    r"\b(?:(?:beat|bass)\s+)?(?:drops?|chorus|verse|bridge|solo|build[ -]?up|break(?:down)?|vocals?|voice|switch|outro|intro|ending|strings|drums)"
    r"\s+(?:(?:comes?|starts?|begins?|enters?|hits?|kicks?)\s+(?:in\s+)?)?(?:at|after|from|until|till)\s+(?:the\s+)?"
    r"(?:\d{1,2}:[0-5]\d|\d{1,3}\s*(?:s\b|sec\w*|min\w*))(?:\s*mark)?",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(?:intro|verse|pre-?chorus|chorus|bridge|outro|solo|hook|drop)(?:\s*\d)?(?:\s*(?:[-–,>→/]|->)\s*(?:intro|verse|pre-?chorus|chorus|bridge|outro"
    r"|solo|hook|drop)(?:\s*\d)?){2,20}",
    re.IGNORECASE,
)
_LETTERED = re.compile(
    r"\b[AB]{3,8}\b(?:\s+(?:form|structure|song form))?|\b[ABC]{3,12}\s+(?:form|structure)\b"
)
_FADE = re.compile(r"\bfad(?:es?|ing)[ -](?:in|out)\b", re.IGNORECASE)

_KINDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (_ROMANS, "chords cannot be chosen, and {} is not followed: genre, key and mood choose them"),
    (_TIMED, "nothing can be set to a time of the song, and {} is not heeded"),
    (_SOLO, "a solo cannot be placed, and {} is not heeded: the song's form is chosen by its length"),
    (_KEY_CHANGE, "{} cannot be had: the song stays in one key"),
    (_TEMPO_CHANGE, "{} cannot be had: the song keeps one tempo"),
    (
        _ORDER,
        "the order of sections cannot be asked for, and {} is not followed: give lyrics with tags instead",
    ),
    (
        _LETTERED,
        "the order of sections cannot be asked for, and {} is not followed: give lyrics with tags instead",
    ),
    (_FADE, "{} cannot be had: a song begins and ends in full"),
)
_BARS_NOTE = "lengths in bars cannot be set, and {} is not heeded: the song's form is chosen by its length"
_CHORDS_NOTE = _KINDS[0][1]
_LONGEST_QUOTE = 60


@dataclass(frozen=True)
class Form:
    """The warnings, and the places of what they are about."""

    warnings: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()


def form(text: str, *, genre: str | None) -> Form:
    """What ``text`` asks of harmony and form. The twelve bars of a blues are the genre's own."""
    notes, spans = dict[str, None](), list[tuple[int, int]]()

    def note(match: re.Match[str], sentence: str) -> None:
        spans.append(match.span())
        quoted = match[0].strip()
        quoted = quoted if len(quoted) <= _LONGEST_QUOTE else quoted[: _LONGEST_QUOTE - 3] + "..."
        notes.setdefault(sentence.format(f'"{quoted}"'))

    for pattern, sentence in _KINDS:
        for match in pattern.finditer(text):
            note(match, sentence)
    for match in _CHORDS.finditer(text):
        if _are_chords(
            match[0], text[max(0, match.start() - 30) : match.start()], text[match.end() : match.end() + 20]
        ):
            note(match, _CHORDS_NOTE)
    if not spans or not any(sentence.startswith("chords") for sentence in notes):
        for match in _CHORDS_NAMED.finditer(text):
            note(match, _CHORDS_NOTE)
    for match in _BARS.finditer(text):
        if any(start <= match.start() < end for start, end in spans):
            continue
        if _TWELVE.match(match[0]) and genre == "blues":
            spans.append(match.span())
        else:
            note(match, _BARS_NOTE)
    return Form(tuple(notes)[:6], tuple(spans))


def _are_chords(run: str, before: str, after: str) -> bool:
    """Whether letters in a row are chords: "A B C" is an alphabet unless something shows otherwise."""
    shown = re.search(r"\b(?:chords?|progression|changes|loop)\W*(?:of\s+)?$", before, re.I) or re.match(
        r"\W*(?:chords?|progression|changes)\b", after, re.IGNORECASE
    )
    letters = re.findall(r"[A-G]", run)
    alphabet = letters == sorted(set(letters))
    return bool(shown or _CHORD_SIGN.search(run) or (len(letters) >= 4 and not alphabet))
