"""The form of a song whose lines have times: each starts at its own, and the band plays in the gaps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from music.sketch.sections import FormSection, PlacedLine, energy_of
from music.sketch.verses import Block, SungLine
from phonetics.syllables import FASTEST_SYLLABLE_S, SUNG_PART

_STEP = 0.5
"""Lines start on the nearest of these, in beats: no line is further from its time than half of it, and the
swing."""
_FIRST = 0.5
"""The earliest start, in beats: the first consonants need time before the first vowel."""
_COMFORTABLE_S, _COMFORTABLE_SYLLABLE_S = 3.8, 0.3
"""A line whose gap is longer than both of these is not stretched over it."""
_PICKUP = 1.0
"""A section whose first line starts in its bar's last beat starts with the next bar."""
_SHORTEST_GAP, _LONGEST_GAP = 2, 8
"""Bars between two sections that are a section of their own, and the most bars of that."""
_GAPS = ("interlude", "instrumental", "bridge")
"""What the parts of a long gap are, in turn."""


@dataclass(frozen=True)
class _Stamped:
    """A line of the lyrics, in one part or more, from ``start`` on for ``beats``."""

    parts: tuple[SungLine, ...]
    block: int
    time_s: float
    start: float
    beats: float = 0.0

    @property
    def syllables(self) -> int:
        return sum(len(part.syllables) for part in self.parts)

    def placed(self, section_start: float, bar_beats: float) -> Iterator[PlacedLine]:
        """The parts, each with its share of the beats, by its syllables."""
        at, sung = self.start, 0
        for part in self.parts:
            sung += len(part.syllables)
            end = self.start + self.beats * sung / self.syllables
            yield PlacedLine(part, (at - section_start) / bar_beats, (end - at) / bar_beats, is_timed=True)
            at = end


def stamped_sections(
    blocks: Sequence[Block], times_s: Mapping[int, float], bars: int, bar_s: float, bar_beats: float
) -> tuple[list[FormSection], str]:
    """The sections of a song of ``bars`` bars in which each line starts at its time, by the line's number.
    There are none if lines have no times, or if they cannot be sung so: the text says why."""
    beat_s = bar_s / bar_beats
    for number, time_s in times_s.items():
        if not (math.isfinite(time_s) and time_s >= 0.0):
            return [], f"line {number + 1} is at {time_s:g} s"
    lines = list(_stamped(blocks, times_s, beat_s))
    if not lines:
        return [], ""
    if why := _cannot(lines, bars * bar_beats, beat_s):
        return [], why
    lines = _with_lengths(lines, bars * bar_beats, beat_s)
    starts = _section_starts(lines, bar_beats)
    if max(starts.values()) >= bars:
        return [], "its sections are shorter than a bar"
    return _in_bars(blocks, lines, starts, bars, bar_beats), ""


def _stamped(blocks: Sequence[Block], times_s: Mapping[int, float], beat_s: float) -> Iterator[_Stamped]:
    for n, block in enumerate(blocks):
        for number in dict.fromkeys(line.number for line in block.lines):
            if number in times_s:
                parts = tuple(line for line in block.lines if line.number == number)
                start = max(round(times_s[number] / beat_s / _STEP) * _STEP, _FIRST)
                yield _Stamped(parts, n, times_s[number], start)


def _cannot(lines: Sequence[_Stamped], end: float, beat_s: float) -> str:
    """Why the lines cannot be sung at their times; empty if they can."""
    for n, line in enumerate(lines):
        what = f"line {line.parts[0].number + 1}"
        following = lines[n + 1].start if n + 1 < len(lines) else end
        if n + 1 < len(lines) and lines[n + 1].time_s <= line.time_s:
            return f"{what} is at {line.time_s:g} s, and the next one at {lines[n + 1].time_s:g} s"
        if line.start >= end:
            return f"{what} is at {line.time_s:g} s, and the last bar ends at {end * beat_s:.1f} s"
        needed_s = line.syllables * FASTEST_SYLLABLE_S / SUNG_PART
        if (following - line.start) * beat_s < needed_s:
            until_s = lines[n + 1].time_s if n + 1 < len(lines) else end * beat_s
            return f"{what} has {until_s - line.time_s:.1f} s and needs {needed_s:.1f} s"
    return ""


def _with_lengths(lines: Sequence[_Stamped], end: float, beat_s: float) -> list[_Stamped]:
    ends = [*(line.start for line in lines[1:]), end]
    return [
        replace(
            line,
            beats=min(
                until - line.start,
                max(_COMFORTABLE_S, line.syllables * _COMFORTABLE_SYLLABLE_S) / beat_s,
            ),
        )
        for line, until in zip(lines, ends, strict=True)
    ]


def _section_starts(lines: Sequence[_Stamped], bar_beats: float) -> dict[int, int]:
    """The bar at which each block with lines starts; each has a bar of its own at least."""
    starts: dict[int, int] = {}
    before = -1
    for line in lines:
        if line.block not in starts:
            bar = int((line.start + min(_PICKUP, bar_beats / 2) + 1e-9) // bar_beats)
            before = starts[line.block] = max(bar, before + 1)
    return starts


def _in_bars(
    blocks: Sequence[Block],
    lines: Sequence[_Stamped],
    starts: Mapping[int, int],
    bars: int,
    bar_beats: float,
) -> list[FormSection]:
    song: list[FormSection] = []
    at, waiting = 0, list[str]()  # kinds of blocks without lines, which have no bars yet
    sung = list(starts)
    for n, block in enumerate(blocks):
        if n not in starts:
            waiting.append(block.kind)
            continue
        song += _gap(waiting or ([] if song else ["intro"]), starts[n] - at)
        following = next((starts[m] for m in sung if m > n), bars)
        own = [line for line in lines if line.block == n]
        needed = math.ceil((own[-1].start + own[-1].beats) / bar_beats - 1e-9)
        end = min(max(needed, starts[n] + 1), following)
        played = [blocks[m].kind for m in range(n + 1, len(blocks)) if m not in starts][:1]
        is_last = n == sung[-1]
        if not is_last and following - end < _SHORTEST_GAP and not (played and n + 1 not in starts):
            end = following
        placed = tuple(part for line in own for part in line.placed(starts[n] * bar_beats, bar_beats))
        song.append(
            FormSection(block.kind, end - starts[n], energy_of(block.kind), placed, singer=block.singer)
        )
        at, waiting = end, []
    return song + _gap(waiting or ["outro"], bars - at)


def _gap(kinds: Sequence[str], bars: int) -> list[FormSection]:
    """Sections of these kinds that fill ``bars`` together, with others if they are few for them."""
    count = max(min(len(kinds), bars), math.ceil(bars / _LONGEST_GAP))
    others = [_GAPS[n % len(_GAPS)] for n in range(count - len(kinds))]
    names = [*others, *kinds] if kinds[-1:] == ["outro"] else [*kinds, *others]
    edges = [round(bars * n / count) for n in range(count + 1)] if count else []
    return [
        FormSection(kind, end - start, energy_of(kind))
        for kind, start, end in zip(names, edges, edges[1:], strict=False)
    ]
