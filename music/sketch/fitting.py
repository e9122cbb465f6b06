"""How many bars the lines of the lyrics need, and which lines fit into the song."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from music.sketch.verses import Block, SungLine
from phonetics.syllables import FASTEST_SYLLABLE_S, SUNG_PART
from phonetics.words import Word

DENSEST = 0.5
"""Bars for a line where there is little time."""


def line_bars(line: SungLine, per_line: float, bar_s: float) -> float:
    """``per_line`` bars, doubled until the line's syllables fit."""
    needed_s = len(line.syllables) * FASTEST_SYLLABLE_S / SUNG_PART
    bars = per_line
    while bars * bar_s < needed_s:
        bars *= 2
    return bars


def total_bars(blocks: Sequence[Block], per_line: float, bar_s: float) -> int:
    return sum(_block_bars(block, per_line, bar_s) for block in blocks)


def _block_bars(block: Block, per_line: float, bar_s: float) -> int:
    exact = sum(line_bars(line, per_line, bar_s) for line in block.lines)
    return int(-(-exact // 1))


def fitting_blocks(blocks: Sequence[Block], bars: int, bar_s: float) -> list[Block]:
    """The blocks with their first lines, as many as fit into ``bars`` at the highest density. If these leave
    half of the bars or more empty, because the next line is long, its first words fill them."""
    kept, before = list[Block](), 0
    for n, block in enumerate(blocks):
        exact, lines, is_full = 0.0, list[SungLine](), False
        for line in block.lines:
            following = exact + line_bars(line, DENSEST, bar_s)
            is_full = before + math.ceil(following) > bars
            if is_full:
                break
            lines.append(line)
            exact = following
        free = bars - before - exact
        if is_full and 2 * free >= bars:
            most = int(free * bar_s * SUNG_PART / FASTEST_SYLLABLE_S)
            lines.append(_cut(block.lines[len(lines)], most))
        if lines or not block.lines:
            kept.append(replace(block, lines=tuple(lines)))
        if is_full:
            kept += [played for played in blocks[n + 1 :] if not played.lines]
            break
        before += math.ceil(exact)
    return kept


def verse_and_chorus(blocks: Sequence[Block], bars: int, bar_s: float) -> list[Block]:
    """The first verse and the first chorus, each with as many of its first lines as both have room for in
    ``bars``; with what is between them if there is room for all. Empty if there is no verse before a chorus,
    or no room for a line of each."""
    chorus = next((n for n, block in enumerate(blocks) if block.kind == "chorus" and block.lines), 0)
    verse = next((n for n in range(chorus) if blocks[n].lines), None)
    if verse is None:
        return []
    whole = [block for block in blocks[verse : chorus + 1] if block.lines]
    if total_bars(whole, DENSEST, bar_s) <= bars:
        return whole
    pair = [blocks[verse], blocks[chorus]]
    while total_bars(pair, DENSEST, bar_s) > bars:
        longer = max(range(2), key=lambda n: (len(pair[n].lines), -n))
        if len(pair[longer].lines) == 1:
            return []
        pair[longer] = replace(pair[longer], lines=pair[longer].lines[:-1])
    return pair


def _cut(line: SungLine, most: int) -> SungLine:
    """The line cut to words with ``most`` syllables in total. If the first word alone is too long, it is cut
    too."""
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


def left_out(blocks: Sequence[Block], kept: Sequence[Block]) -> str:
    """The difference of ``blocks`` and ``kept`` in words: "line of the lyrics does", "9 words of the lyrics
    do"."""
    whole, rest = ([line for block in some for line in block.lines] for some in (blocks, kept))
    lines = len(whole) - len(rest)
    # A word that is divided over two lines counts once.
    words, sung_words = (sum(len(line.words) - line.goes_on for line in some) for some in (whole, rest))
    syllables, sung = (sum(len(line.syllables) for line in some) for some in (whole, rest))
    if syllables == sung:
        return ""
    is_cut = any(line.is_part for line in whole[len(rest) :]) or whole[len(rest) - 1] != rest[-1]
    parts = ((words - sung_words, "word"), (syllables - sung, "syllable")) if is_cut else ((lines, "line"),)
    count, name = next((count, name) for count, name in parts if count)
    return f"{name} of the lyrics does" if count == 1 else f"{count} {name}s of the lyrics do"
