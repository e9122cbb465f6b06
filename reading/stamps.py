"""Times in pasted lyrics, which are read and never sung: LRC, enhanced LRC, SRT, WebVTT and transcripts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_CLOCK = r"(\d{1,3}):(\d{1,2})(?::(\d{1,3}))?(?:[.,](\d{1,3}))?"
_SQUARE = re.compile(rf"[\[［]\s*{_CLOCK}\s*[\]］]")
_WORD = re.compile(rf"<\s*{_CLOCK}\s*>")
_FIRST = re.compile(rf"\s*(?:(?:[-–—•*>]\s*)?\(\s*{_CLOCK}\s*\)|{_CLOCK}(?=\s|$|[-–—|]))\s*(?:[-–—|:]+\s*)?")
_ARROW = re.compile(rf"\s*{_CLOCK}\s*-{{1,2}}>\s*{_CLOCK}(?:\s.*)?")
_HEADER = re.compile(
    r"\s*\[\s*(ti|ar|al|au|by|re|tool|ve|length|offset|la|lr|id|key|hash|sign|qq|total|encoding|t_time|kana|cr|mr|#)"
    r"\s*:(?!\s*//)([^\[\]]*)\]\s*",
    re.IGNORECASE,
)
_COUNTER = re.compile(r"\s*\d{1,4}\s*")
_VOICE = re.compile(r"</?[vc](?:[.\s][^<>]*)?>")
_GAP_S = 4.0
"""A pause between two captions that ends a verse."""
_TWO_LINES_S = 0.75
"""Lines come no faster than so on average: of the readings of "00:00:12" the one is taken that agrees."""


@dataclass(frozen=True)
class Stamped:
    """A line without its stamps. Several times say that it is sung again at each of them."""

    text: str
    times_s: tuple[float, ...] = ()


@dataclass(frozen=True)
class Times:
    """Lines without stamps, and what the headers of the file say."""

    lines: tuple[Stamped, ...]
    title: str = ""
    found: bool = False
    """Whether there was any stamp or header."""


Clock = tuple[str, str, str, str]


def without_stamps(lines: Sequence[str]) -> Times:
    """``lines`` without time stamps, which are read, and without the headers of LRC and WebVTT files."""
    joined = "\n".join(lines)
    if not any(letter.isdecimal() for letter in joined) and ":" not in joined and "WEBVTT" not in joined:
        return Times(tuple(map(Stamped, lines)))
    if sum(_ARROW.fullmatch(line[:120]) is not None for line in lines if "->" in line):
        return Times(tuple(_captions(lines)), found=True)
    headers: dict[str, str] = {}
    kept = []
    for line in lines:
        header = _HEADER.fullmatch(line) if "[" in line and ":" in line else None
        if header:
            headers.setdefault(header[1].lower(), header[2].strip())
        else:
            kept.append(line)
    read = [_line(line) for line in kept]
    if not any(clocks for _, clocks in read):
        read = _transcript(kept)
    if not headers and read == [(line, []) for line in kept]:
        return Times(tuple(map(Stamped, lines)))
    seconds = _seconds_of([clock for _, clocks in read for clock in clocks])
    shift = _offset_s(headers.get("offset", ""))
    stamped = (
        Stamped(text, tuple(max(0.0, round(seconds(c) - shift, 3)) for c in clocks)) for text, clocks in read
    )
    return Times(tuple(stamped), title=headers.get("ti", ""), found=True)


def _line(line: str) -> tuple[str, list[Clock]]:
    """``line`` without stamps in brackets, and the times at its start; else that of its first word."""
    if ":" not in line or not ("[" in line or "<" in line or "［" in line):
        return line, []
    clocks, at = [], 0
    while match := _SQUARE.match(line, at):
        clocks.append(_clock(match))
        at = match.end()
        while at < len(line) and line[at] == " ":
            at += 1
    rest = line[at:]
    if not clocks and line != (indented := line.lstrip()):
        return _line(indented) if _SQUARE.match(indented) or _WORD.search(indented) else (line, [])
    words = [_clock(match) for match in _WORD.finditer(rest)]
    later = [_clock(match) for match in _SQUARE.finditer(rest)]
    if words or later:
        rest = _WORD.sub("" if _is_spaced(rest) else " ", _SQUARE.sub(" ", rest))
        rest = " ".join(rest.split())
    if not clocks and not words and not later:
        return line, []
    return rest, clocks or words[:1]


def _is_spaced(text: str) -> bool:
    """Whether spaces stand between the words beside the stamps: then a stamp is no space itself."""
    return " " in _WORD.sub("", text).strip()


def _transcript(lines: Sequence[str]) -> list[tuple[str, list[Clock]]]:
    """Lines that start with a time without square brackets: "0:12 words", "(00:12) words", or a time
    above each line. A single one is words: "5:30 in the morning"."""
    found = [_FIRST.match(line[:40]) if line.strip()[:1] in "(0123456789-–—•*>" else None for line in lines]
    count = sum(match is not None for match in found)
    if count < 2 or 3 * count < sum(bool(line.strip()) for line in lines):
        return [(line, []) for line in lines]
    read: list[tuple[str, list[Clock]]] = []
    pending: list[Clock] = []
    for line, match in zip(lines, found, strict=True):
        clocks = [_clock(match)] if match else []
        text = line[match.end() :] if match else line
        if match and not text.strip():
            pending = clocks
        elif text.strip():
            read.append((text, clocks or pending))
            pending = []
        else:
            read.append((text, []))
    return read


def _clock(match: re.Match[str]) -> Clock:
    groups = match.groups(default="")
    first = groups[:4] if groups[0] else groups[4:8]
    return first[0], first[1], first[2], first[3]


def _seconds_of(clocks: Sequence[Clock]) -> _Seconds:
    """How these clocks count: "12:34:56" is minutes, seconds and hundredths, unless lines would come
    too fast."""
    three = [clock for clock in clocks if clock[2] and not clock[3]]
    if not three:
        return _Seconds(hours=False)
    times = [_Seconds(hours=False)(clock) for clock in three]
    length = max(times) - min(times) if len(times) > 1 else times[0]
    short = all(len(clock[0]) == 1 for clock in three)
    return _Seconds(hours=short or length < _TWO_LINES_S * max(len(times) - 1, 1))


@dataclass(frozen=True)
class _Seconds:
    """The seconds of a clock. With ``hours``, three numbers are hours, minutes and seconds."""

    hours: bool

    def __call__(self, clock: Clock) -> float:
        first, second, third, fraction = clock
        part = float(f"0.{fraction}") if fraction else 0.0
        if not third:
            return int(first) * 60 + int(second) + part
        if fraction or self.hours:
            return int(first) * 3600 + int(second) * 60 + int(third) + part
        return int(first) * 60 + int(second) + float(f"0.{third}")


def _offset_s(text: str) -> float:
    """By how much the words come sooner: the header is in milliseconds, and positive for sooner."""
    match = re.fullmatch(r"([+-]?)\s*(\d{1,6})(?:\s*ms)?", text)
    return (-1 if match[1] == "-" else 1) * int(match[2]) / 1000 if match else 0.0


def _captions(lines: Sequence[str]) -> Iterator[Stamped]:
    """The lines of SRT and WebVTT blocks. The lines of one block share its time evenly."""
    seconds = _Seconds(hours=True)
    arrows = [_ARROW.fullmatch(line[:120]) if "->" in line else None for line in lines]
    end_s: float | None = None
    first = next(n for n, arrow in enumerate(arrows) if arrow)
    for n, line in enumerate(lines[:first]):
        if not (_COUNTER.fullmatch(line) or n + 1 == first) and not _is_caption_header(line):
            yield Stamped(line)
    n = first
    while n < len(lines):
        arrow = arrows[n]
        if arrow is None:
            n += 1
            continue
        until = next((m for m in range(n + 1, len(lines)) if arrows[m]), len(lines))
        block = [_VOICE.sub("", _WORD.sub("", line)).strip() for line in lines[n + 1 : until]]
        if until < len(lines) and block and _is_counter(block):
            block.pop()
        block = [line for line in block if line and not _is_caption_header(line)]
        groups = arrow.groups(default="")
        start_s, stop_s = (seconds((g[0], g[1], g[2], g[3])) for g in (groups[:4], groups[4:]))
        if end_s is not None and start_s - end_s >= _GAP_S:
            yield Stamped("")
        for m, text in enumerate(block):
            yield Stamped(text, (round(start_s + max(stop_s - start_s, 0.0) * m / len(block), 3),))
        end_s, n = stop_s, until


def _is_counter(block: Sequence[str]) -> bool:
    """Whether the last line before the next caption is its number: a number, after a blank line or alone."""
    return bool(_COUNTER.fullmatch(block[-1])) and (len(block) == 1 or not block[-2])


def _is_caption_header(line: str) -> bool:
    return line.startswith(("WEBVTT", "NOTE", "STYLE", "REGION", "Kind:", "Language:", "X-TIMESTAMP"))
