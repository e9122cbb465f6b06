"""The form of a song: which sections, how many bars each, so that all of it lasts as long as was asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from music.sketch.verses import Block, SungLine
from phonetics.words import Word

ENERGY = {
    "intro": 0.45, "verse": 0.50, "pre-chorus": 0.66, "chorus": 0.92, "bridge": 0.56, "interlude": 0.70,
    "instrumental": 0.82, "outro": 0.55,
}  # fmt: skip

_COMFORTABLE_S = 3.8
"""What a line of about eight syllables likes to last."""
_SLOWEST_S, _FASTEST_SYLLABLE_S = 6.6, 0.145
_SUNG_PART = 0.86
"""Of a line's time; the rest is for breath."""
_TAIL_S, _FIXED_TAIL_S = 2.2, 1.6
"""The shortest tail; where the tempo is fixed, what is left of a bar is added to it."""
_DENSEST = 0.5
"""Bars for a line where there is little time."""
_LONGEST_S = 600
"""What may be asked for."""
_STRETCH = 0.04
"""How far a tempo that nobody named may move."""


@dataclass(frozen=True)
class PlacedLine:
    """A line and where it lies in its section, in bars."""

    line: SungLine
    start_bar: float
    bars: float


@dataclass(frozen=True)
class Stretch:
    """A section of the form. ``number`` counts the sections of its kind from 0."""

    kind: str
    bars: int
    energy: float
    lines: tuple[PlacedLine, ...] = ()
    number: int = 0


@dataclass(frozen=True)
class Form:
    """``sections`` fill the song up to its last chord, which rings for ``tail_s``."""

    tempo_bpm: float
    sections: tuple[Stretch, ...]
    bars: int
    tail_s: float
    warnings: tuple[str, ...] = ()


def plan_form(
    blocks: Sequence[Block], *, duration_s: float, tempo_bpm: float, tempo_fixed: bool, beats_per_bar: float
) -> Form:
    """Fits the blocks, with what is played between them, into ``duration_s`` less a tail of about 2 to 5 s.

    Lyrics that are too long are sung faster first; then lines at the end are left out, or where there is one
    alone its last words, and a warning says so.
    """
    asked_bpm = tempo_bpm
    tempo_bpm, bars, warnings = _grid(duration_s, asked_bpm, beats_per_bar, tempo_fixed=tempo_fixed)
    bar_s = beats_per_bar * 60.0 / tempo_bpm
    if not any(block.lines for block in blocks):
        sections = _played_form(bars)
    else:
        sections, dropped = _sung_form(blocks, bars, bar_s)
        if dropped:
            needed_s = _holding_s(blocks, asked_bpm, beats_per_bar, tempo_fixed=tempo_fixed)
            fix = (
                f"{needed_s} s hold all" if needed_s <= _LONGEST_S else "shorten them, no song holds them all"
            )
            warnings += (f"the last {dropped} not fit into {duration_s:g} s: {fix}",)
    return Form(tempo_bpm, tuple(_numbered(sections)), bars, duration_s - bars * bar_s, warnings)


def _grid(
    duration_s: float, tempo_bpm: float, beats_per_bar: float, *, tempo_fixed: bool
) -> tuple[float, int, tuple[str, ...]]:
    """The tempo, the whole bars before the tail, and what had to change for them."""
    tail = min(_FIXED_TAIL_S if tempo_fixed else _TAIL_S, 0.3 * duration_s)
    warnings: tuple[str, ...] = ()
    bar_s = beats_per_bar * 60.0 / tempo_bpm
    bars = max(1, int((duration_s - tail) / bar_s))
    if not tempo_fixed:
        nearest = max(1, round((duration_s - tail - 0.4) / bar_s))
        wanted_bpm = nearest * beats_per_bar * 60.0 / (duration_s - tail - 0.4)
        if abs(wanted_bpm / tempo_bpm - 1.0) <= _STRETCH:
            tempo_bpm, bars = round(wanted_bpm, 2), nearest
        bar_s = beats_per_bar * 60.0 / tempo_bpm
    while bars * bar_s > duration_s - 0.5:  # a bar alone is longer than the song
        tempo_bpm, bar_s = tempo_bpm * 2.0, bar_s / 2.0
        warnings = (f"a bar does not fit into {duration_s:g} s: the tempo is doubled to {tempo_bpm:g} BPM",)
        bars = max(1, int((duration_s - tail) / bar_s))
    return tempo_bpm, bars, warnings


def _sung_form(blocks: Sequence[Block], bars: int, bar_s: float) -> tuple[list[Stretch], str]:
    """The sections, and what had to be left out at the end, in words for "the last ... not fit"."""
    options = sorted((4.0, 2.0, 1.0, _DENSEST), key=lambda n: abs(math.log2(n * bar_s / _COMFORTABLE_S)))
    fitting = [
        per_line
        for per_line in options
        if per_line * bar_s <= _SLOWEST_S and _total(blocks, per_line, bar_s) <= bars
    ]
    if fitting:
        return _filled(_placed(blocks, fitting[0], bar_s, bars), bars), ""
    kept = _kept(blocks, bars, bar_s)
    return _filled(_placed(kept, _DENSEST, bar_s, bars), bars), _left_out(blocks, kept)


def _kept(blocks: Sequence[Block], bars: int, bar_s: float) -> list[Block]:
    """The blocks with as many lines from the first on as ``bars`` hold at their densest; of the first line,
    where it alone is too long, as many words."""
    kept, before = [], 0
    lines_before = 0
    for n, block in enumerate(blocks):
        exact, lines = 0.0, list[SungLine]()
        for line in block.lines:
            exact += _line_bars(line, _DENSEST, bar_s)
            if before + math.ceil(exact) > bars:
                break
            lines.append(line)
        if block.lines and not lines and not lines_before:
            most = int(bars * bar_s * _SUNG_PART / _FASTEST_SYLLABLE_S)
            fits = len(block.lines[0].syllables) <= most
            lines = [block.lines[0] if fits else _cut(block.lines[0], most)]
        if lines or not block.lines:
            kept.append(replace(block, lines=tuple(lines)))
        lines_before += len(lines)
        if len(lines) < len(block.lines):
            kept += [played for played in blocks[n + 1 :] if not played.lines]
            break
        before += math.ceil(exact)
    return kept


def _cut(line: SungLine, most: int) -> SungLine:
    """The line with as many words as have ``most`` syllables together; the first may lose some of its own."""
    words: list[Word] = []
    left = max(most, 1)
    for word in line.words:
        if len(word.syllables) > left:
            if not any(kept.syllables for kept in words):
                words.append(Word(word.text, word.syllables[:left]))
            break
        words.append(word)
        left -= len(word.syllables)
    return replace(line, text=" ".join(word.text for word in words), words=tuple(words))


def _left_out(blocks: Sequence[Block], kept: Sequence[Block]) -> str:
    """What ``blocks`` have and ``kept`` has not: "line of the lyrics does", "9 words of the lyrics do"."""
    whole, rest = ([line for block in some for line in block.lines] for some in (blocks, kept))
    lines = len(whole) - len(rest)
    words = sum(len(line.words) for line in whole) - sum(len(line.words) for line in rest)
    syllables = sum(len(line.syllables) for line in whole) - sum(len(line.syllables) for line in rest)
    if not syllables:
        return ""
    is_cut = any(line.is_part for line in whole[len(rest) :]) or whole[len(rest) - 1] != rest[-1]
    for count, name in ((words, "word"), (syllables, "syllable")) if is_cut else ((lines, "line"),):
        if count:
            return f"{name} of the lyrics does" if count == 1 else f"{count} {name}s of the lyrics do"
    return ""


def _holding_s(blocks: Sequence[Block], tempo_bpm: float, beats_per_bar: float, *, tempo_fixed: bool) -> int:
    """The whole seconds that hold all lines, by the grid that such a song would really have."""
    seconds = 5
    while True:
        bpm, bars, _ = _grid(float(seconds), tempo_bpm, beats_per_bar, tempo_fixed=tempo_fixed)
        bar_s = beats_per_bar * 60.0 / bpm
        missing = _total(blocks, _DENSEST, bar_s) - bars
        if missing <= 0:
            return seconds
        # Half a stride at a time, since a longer song may have another tempo.
        seconds += max(1, int(0.5 * missing * bar_s))


def _line_bars(line: SungLine, per_line: float, bar_s: float) -> float:
    """``per_line``, or as many times it as the line's syllables need."""
    needed_s = len(line.syllables) * _FASTEST_SYLLABLE_S / _SUNG_PART
    bars = per_line
    while bars * bar_s < needed_s:
        bars *= 2
    return bars


def _total(blocks: Sequence[Block], per_line: float, bar_s: float) -> int:
    return sum(_block_bars(block, per_line, bar_s) for block in blocks)


def _block_bars(block: Block, per_line: float, bar_s: float) -> int:
    exact = sum(_line_bars(line, per_line, bar_s) for line in block.lines)
    return int(-(-exact // 1))


def _placed(blocks: Sequence[Block], per_line: float, bar_s: float, most: int) -> list[Stretch]:
    """The sections with their lines; one that wants more than ``most`` bars gets those."""
    sections = []
    for block in blocks:
        at, lines = 0.0, []
        for line in block.lines:
            length = min(_line_bars(line, per_line, bar_s), float(most))
            lines.append(PlacedLine(line, at, length))
            at += length
        sections.append(Stretch(block.kind, math.ceil(at), ENERGY[block.kind], tuple(lines)))
    return sections


def _filled(sections: list[Stretch], bars: int) -> list[Stretch]:
    """``sections`` with played ones around, between and after them until the song has ``bars`` bars.

    What leads into a chorus stays beside it: an interlude only comes before a verse, a bridge or a section
    like the one before it. What is left goes to breaks that lead back to the last chorus.
    """
    left = bars - sum(section.bars for section in sections)
    unit = 4 if bars >= 24 else 2

    def take(wanted: int) -> int:
        nonlocal left
        taken = min(wanted, left)
        left -= taken
        return taken

    # Sections of the lyrics without words are played; they come first, since somebody asked for them.
    sections = [s if s.bars else replace(s, bars=take(unit)) for s in sections]
    sections = [section for section in sections if section.bars]
    opens, closes = sections[0].kind == "intro", sections[-1].kind == "outro"
    choruses = [n for n, section in enumerate(sections) if section.kind == "chorus"]
    last = choruses[-1] if choruses else len(sections) - 1 - closes
    gaps = [
        n
        for n in range(1, len(sections))
        if sections[n].kind in ("verse", "bridge") or sections[n].kind == sections[n - 1].kind
    ]
    intro = 0 if opens else take(unit)
    outro = 0 if closes else take(2 if bars >= 12 else 0)
    played = dict.fromkeys(gaps, 0)  # bars before section n
    for n in gaps[:1]:
        played[n] += take(unit)
    # The solo stands before the last chorus, and before the words that lead into it.
    solo_at = last - 1 if last > 1 and sections[last - 1].kind == "pre-chorus" else last
    asked = any(section.kind == "instrumental" for section in sections)
    solo = take(8) if left >= 8 and len(sections) > 2 and not asked else 0
    again: list[Stretch] = []
    chorus = [sections[last]] if choruses else []
    cycle = 2 * unit + sum(section.bars for section in chorus)
    turn = 0
    while left >= cycle:
        # Where there is much time left, two breaks part the choruses, so that they do not wear out.
        for _ in range(2 if left >= 4 * cycle else 1):
            kind = _BREAKS[turn % len(_BREAKS)]
            again.append(Stretch(kind, take(2 * unit), ENERGY[kind]))
            turn += 1
        again += chorus
        left -= cycle - 2 * unit
    if chorus and left >= chorus[0].bars:
        again.append(chorus[0])
        left -= chorus[0].bars
    intro += 0 if opens else take(unit)
    for n in gaps:
        played[n] += take(unit)
    solo += take(unit) if solo else 0
    outro += take(left)

    song = [Stretch("intro", intro, ENERGY["intro"])] if intro else []
    for n, section in enumerate(sections):
        if played.get(n):
            song.append(Stretch("interlude", played[n], ENERGY["interlude"]))
        if solo and n == solo_at:
            song.append(Stretch("instrumental", solo, ENERGY["instrumental"]))
        song.append(section)
        if n == last:
            song += again
    if outro:
        song.append(Stretch("outro", outro, ENERGY["outro"]))
    return song


_BREAKS = ("bridge", "instrumental", "interlude")
"""What leads back to another chorus, in turn: a drop-out, a solo, a riff."""

_PLAYED = ("verse", "chorus", "verse", "chorus", "bridge", "chorus", "interlude", "verse", "chorus")


def _played_form(bars: int) -> list[Stretch]:
    """A form without words: the melody instrument carries the tune."""
    unit = 8 if bars >= 34 else 4 if bars >= 12 else max(1, bars // 2)
    intro = unit // 2 if bars > 2 * unit else 0
    outro = unit // 2 if bars > 3 * unit else 0
    left = bars - intro - outro
    song = [Stretch("intro", intro, ENERGY["intro"])] if intro else []
    n = 0
    while left > 0:
        length = left if left < unit + unit // 2 else unit  # no stump of a section at the end
        kind = _PLAYED[n % len(_PLAYED)]
        song.append(Stretch(kind, length, ENERGY[kind]))
        left -= length
        n += 1
    if outro:
        song.append(Stretch("outro", outro, ENERGY["outro"]))
    return song


def _numbered(sections: Sequence[Stretch]) -> list[Stretch]:
    """Counts the sections of each kind; the second verse is a little fuller, the last chorus the fullest."""
    counts: dict[str, int] = {}
    last_chorus = max((n for n, section in enumerate(sections) if section.kind == "chorus"), default=-1)
    numbered = []
    for n, section in enumerate(sections):
        number = counts.get(section.kind, 0)
        counts[section.kind] = number + 1
        energy = section.energy + (0.05 if section.kind == "verse" and number else 0.0)
        numbered.append(replace(section, number=number, energy=1.0 if n == last_chorus else energy))
    return numbered
