"""Lyrics, tagged or not, as blocks of lines with their syllables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil

from music.sketch.backing import in_brackets
from phonetics.syllables import Syllable
from phonetics.words import Word, pronounce
from reading.lyrics import Section, Singer, read_lyrics

LONGEST_LINE = 64
"""The most syllables of a line, about ten seconds of fast singing. A longer line is divided, so that the time
to write its tune stays proportional to its length."""
_PLAYED = ("intro", "instrumental", "outro")
"""Kinds of blocks that may have no lines: they are instrumental then."""


@dataclass(frozen=True)
class SungLine:
    """A line as written, and its words."""

    text: str
    words: tuple[Word, ...]
    is_part: bool = False
    """Whether it is a part of a line that was longer than ``LONGEST_LINE``."""
    goes_on: bool = False
    """Whether its first word is the rest of a word that the line before was too short for."""
    backing: frozenset[int] = frozenset()
    """The words that backing vocals sing, and not the lead: those in round brackets."""
    number: int = 0
    """Which line of the lyrics it is, or is a part of."""

    @cached_property
    def syllables(self) -> tuple[tuple[Syllable, int], ...]:
        """Each syllable with the index of its word."""
        return tuple((syllable, n) for n, word in enumerate(self.words) for syllable in word.syllables)


@dataclass(frozen=True)
class Block:
    """A section of the lyrics. ``kind`` is one of ``reading.headings``; without lines it is instrumental."""

    kind: str
    lines: tuple[SungLine, ...]
    singer: Singer = ""
    """Who sings it: empty for the song's own voice."""


def parse(lyrics: str) -> list[Block]:
    """The blocks of ``lyrics``, tagged or not, in order.

    Without tags, blank lines separate the blocks. A repeated block is a chorus; if none is repeated, every
    second one of three or more is. If all words stand in brackets, the lead sings them."""
    read = read_lyrics(lyrics)
    blocks, number = [], 0
    for section in read.sections:
        lines = tuple(_sung_lines(section, number))
        number += len(section.lines)
        if lines or (section.kind in _PLAYED and not section.lines):
            blocks.append(Block(section.kind, lines, section.singer))
    if not any(len(line.backing) < len(_voiced(line)) for block in blocks for line in block.lines):
        blocks = [
            replace(block, lines=tuple(replace(line, backing=frozenset()) for line in block.lines))
            for block in blocks
        ]
    return blocks if read.is_tagged else _guess_choruses(blocks)


def line_times(lyrics: str, blocks: Sequence[Block], times_s: Sequence[float]) -> dict[int, float]:
    """The times by the numbers of lines. There is one for each line of ``lyrics``, or for each that has
    something to sing; if there are more or fewer, none is known."""
    sung = list(dict.fromkeys(line.number for block in blocks for line in block.lines))
    for numbers in (sung, range(len(read_lyrics(lyrics).lines))):
        if len(numbers) == len(times_s):
            return dict(zip(numbers, times_s, strict=True))
    return {}


def _sung_lines(section: Section, number: int) -> Iterator[SungLine]:
    """The section's lines that have something to sing; ``number`` is that of its first line."""
    texts = [line.text for line in section.lines]
    backing = in_brackets([text.split() for text in texts])
    for n, text in enumerate(texts):
        sung = SungLine(text.strip(), pronounce(text), backing=backing[n], number=number + n)
        if len(sung.syllables) > LONGEST_LINE:
            yield from _parts(sung)
        elif sung.syllables:
            yield sung


def _voiced(line: SungLine) -> list[int]:
    return [n for n, word in enumerate(line.words) if word.syllables]


def _parts(line: SungLine) -> Iterator[SungLine]:
    """Divides a line into lines of about the same length, none longer than ``LONGEST_LINE``."""
    total = len(line.syllables)
    fair = total / ceil(total / LONGEST_LINE)
    part, size = list[tuple[Word, int, bool]](), 0

    def whole() -> SungLine:
        words = tuple(word for word, _, _ in part)
        backing = frozenset(k for k, (_, n, _) in enumerate(part) if n in line.backing)
        text = " ".join(word.text for word in words)
        return SungLine(text, words, is_part=True, goes_on=part[0][2], backing=backing, number=line.number)

    for n, word in enumerate(line.words):
        for k, piece in enumerate(_pieces(word)):
            # A silent word (a dash) stays with the word before it, so every line has a syllable.
            if piece.syllables and size and (size >= fair or size + len(piece.syllables) > LONGEST_LINE):
                yield whole()
                part, size = [], 0
            part.append((piece, n, k > 0))
            size += len(piece.syllables)
    yield whole()


def _pieces(word: Word) -> Iterator[Word]:
    """The word; or, if it is longer than a line (a number, a scream), pieces of its letters and syllables."""
    count = ceil(len(word.syllables) / LONGEST_LINE)
    if count <= 1:
        yield word
        return
    for n in range(count):
        letters, syllables = (
            slice(n * size // count, (n + 1) * size // count)
            for size in (len(word.text), len(word.syllables))
        )
        yield Word(word.text[letters], word.syllables[syllables])


def _guess_choruses(blocks: list[Block]) -> list[Block]:
    words = [tuple(line.text.lower() for line in block.lines) for block in blocks]
    times = Counter(words)
    choruses = {n for n, text in enumerate(words) if times[text] > 1}
    if not choruses and len(blocks) >= 3:
        choruses = set(range(1, len(blocks), 2))
    return [replace(block, kind="chorus" if n in choruses else "verse") for n, block in enumerate(blocks)]
