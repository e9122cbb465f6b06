"""The times of all words of the lyrics, from those of the words that were heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from listening.contract import HeardLine, HeardWord
from listening.matching import Match
from listening.voice import Span
from listening.words import sounds, written_words

_USUAL_PACE_S = 0.4
_CLOSEST_S = 0.02
"""Between the beginnings of two words."""
_SHORTEST_S = 0.01


@dataclass(frozen=True)
class Sounding:
    """A word of a transcript, as it is compared, and when it sounds, in seconds."""

    sounds: str
    start_s: float
    end_s: float


@dataclass
class _Word:
    text: str
    line: int
    parts: range
    """Its places in the lyrics' sounds."""
    heard: bool = False
    span: Span | None = None


class Lyrics:
    """The lyrics as words and as what they sound like."""

    def __init__(self, lines: Sequence[str], language: str) -> None:
        self._lines = lines
        self._words: list[_Word] = []
        self.sounds: list[str] = []
        for number, line in enumerate(lines):
            for text in written_words(line):
                first = len(self.sounds)
                self.sounds += sounds(text, language)
                self._words.append(_Word(text, number, range(first, len(self.sounds))))

    def timed(
        self, matches: Sequence[Match], heard: Sequence[Sounding], phrases: Sequence[Span], duration_s: float
    ) -> tuple[HeardLine, ...]:
        """The lines with their words' times. ``phrases`` are where the voice sounds, which is where words
        that were not heard are; without any, that is not known. Empty if no word has a time."""
        parts = _part_times(matches, heard)
        alike = {place for each in matches if each.alike for place in range(each.first, each.last)}
        for word in self._words:
            word.heard = bool(word.parts) and all(place in alike for place in word.parts)
            times = [parts[place] for place in word.parts if place in parts]
            word.span = Span(times[0].start_s, times[-1].end_s) if times else None
        if not any(word.span for word in self._words):
            return ()
        spans = _filled(self._words, phrases, duration_s)
        return tuple(self._line(number, spans) for number in sorted({word.line for word in self._words}))

    def _line(self, number: int, spans: Sequence[Span]) -> HeardLine:
        words = tuple(
            HeardWord(word.text, span.start_s, span.end_s, word.heard, word.span is None)
            for word, span in zip(self._words, spans, strict=True)
            if word.line == number
        )
        return HeardLine(self._lines[number], words)


def _part_times(matches: Sequence[Match], heard: Sequence[Sounding]) -> dict[int, Span]:
    """The times of the lyrics' sounds that are matched. Words that are matched together share their time."""
    found: dict[int, Span] = {}
    for each in matches:
        words = heard[each.heard_first : each.heard_last]
        start_s, end_s = words[0].start_s, words[-1].end_s
        if end_s - start_s < _CLOSEST_S:  # Whisper knows that it is there, but not when
            continue
        if each.last - each.first == len(words):
            spans = [Span(word.start_s, word.end_s) for word in words]
        else:
            count = each.last - each.first
            step = (end_s - start_s) / count
            spans = [Span(start_s + n * step, start_s + (n + 1) * step) for n in range(count)]
        found.update(zip(range(each.first, each.last), spans, strict=True))
    return found


def _filled(words: Sequence[_Word], phrases: Sequence[Span], duration_s: float) -> list[Span]:
    """A span for every word: known ones as they are, the others between them."""
    pace_s = _pace_s(words)
    starts: list[float] = [word.span.start_s if word.span else -1.0 for word in words]
    known = [number for number, word in enumerate(words) if word.span]
    for before, after in pairwise([-1, *known, len(words)]):
        if after - before < 2:
            continue
        left, right = (words[n] if 0 <= n < len(words) else None for n in (before, after))
        begin_s = min(starts[before] + pace_s, left.span.end_s) if left and left.span else 0.0
        end_s = starts[after] if right else duration_s
        gap = words[before + 1 : after]
        head = sum(word.line == left.line for word in gap) if left else 0
        tail = (
            sum(word.line == right.line for word in gap)
            if right and (not left or right.line != left.line)
            else 0
        )
        if not left and not right:
            head = tail = 0
        starts[before + 1 : after] = _spread(
            len(gap), head, tail, Span(begin_s, max(begin_s, end_s)), phrases, pace_s
        )
    return _apart(starts, [word.span.end_s if word.span else None for word in words], pace_s, duration_s)


def _pace_s(words: Sequence[_Word]) -> float:
    """The usual time from one word to the next in a line."""
    steps = [
        other.span.start_s - one.span.start_s
        for one, other in pairwise(words)
        if one.span and other.span and one.line == other.line
    ]
    return max(_CLOSEST_S, median(steps)) if steps else _USUAL_PACE_S


def _spread(
    count: int, head: int, tail: int, gap: Span, phrases: Sequence[Span], pace_s: float
) -> list[float]:
    """Where ``count`` words begin in a gap between two that are known. The first ``head`` of them are of the
    line that is sung before it, the last ``tail`` of the line after it: they stay with their lines, at the
    usual pace, where there is time to spare."""
    sung = _sung(gap, phrases, pace_s / 2)
    total_s = sum(span.length_s for span in sung)
    step_s = total_s / (count + 0.5)
    if step_s > pace_s and head + tail == count:
        first = [_at(sung, n * pace_s) for n in range(head)]
        return first + [_at(sung, total_s - (tail - n) * pace_s) for n in range(tail)]
    return [_at(sung, (n + 0.25) * step_s) for n in range(count)]


def _sung(gap: Span, phrases: Sequence[Span], least_s: float) -> list[Span]:
    """The parts of the gap in which a voice sounds for ``least_s`` or longer: less is the end of a word. All
    of the gap where there are none, or that is not known."""
    inside = (
        Span(max(span.start_s, gap.start_s), min(span.end_s, gap.end_s))
        for span in phrases
        if span.start_s < gap.end_s and span.end_s > gap.start_s
    )
    return [span for span in inside if span.length_s >= least_s] or [gap]


def _at(spans: Sequence[Span], sung_s: float) -> float:
    """The time at which a voice has sounded for ``sung_s`` since the first span began."""
    for span in spans:
        if sung_s < span.length_s:
            return span.start_s + max(0.0, sung_s)
        sung_s -= span.length_s
    return spans[-1].end_s


def _apart(
    starts: Sequence[float], ends: Sequence[float | None], pace_s: float, duration_s: float
) -> list[Span]:
    """Spans in order, inside the song, that do not overlap."""
    closest = min(_CLOSEST_S, duration_s / (len(starts) + 1))
    rising: list[float] = []
    for start in starts:
        rising.append(max(start, rising[-1] + closest if rising else 0.0))
    latest = duration_s - closest
    for place in range(len(rising) - 1, -1, -1):
        rising[place] = max(0.0, min(rising[place], latest))
        latest = rising[place] - closest
    found = []
    for start, end, until in zip(rising, ends, [*rising[1:], duration_s], strict=True):
        length = min(_SHORTEST_S, closest)
        found.append(Span(start, min(max(start + length, start + pace_s if end is None else end), until)))
    return found
