"""Tagged lyrics as blocks of lines with their syllables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

from phonetics.syllables import Syllable
from phonetics.words import Word, pronounce

_TAG = re.compile(r"^\[([^\]]*)\]$")
_HEADING = re.compile(
    r"(verse|pre-?chorus|chorus|hook|refrain|bridge|intro|outro|interlude)\s*(?:\d+\s*)?:", re.IGNORECASE
)
_KINDS = {
    "pre-chorus": ("pre-chorus", "prechorus", "pre chorus", "build", "lift"),
    "chorus": ("chorus", "hook", "refrain", "drop", "coro", "refrão", "refrein", "estribillo"),
    "bridge": ("bridge", "middle eight", "middle 8", "puente", "pont"),
    "intro": ("intro",),
    "outro": ("outro", "ending", "coda", "end"),
    "instrumental": ("instrumental", "interlude", "solo", "break", "guitar", "music"),
}
LONGEST_LINE = 64
"""Syllables of a line that is sung in one breath, about ten seconds of patter. A longer one becomes several,
so that writing its tune takes time in proportion to its length."""
_PLAYED = ("intro", "instrumental", "outro")
"""What is played where it has no lines."""


@dataclass(frozen=True)
class SungLine:
    """A line as written and what is sung of it."""

    text: str
    words: tuple[Word, ...]
    is_part: bool = False
    """Whether the line goes on, or began, in another: it was longer than ``LONGEST_LINE``."""

    @cached_property
    def syllables(self) -> tuple[tuple[Syllable, int], ...]:
        """Each syllable with the number of its word."""
        return tuple((syllable, n) for n, word in enumerate(self.words) for syllable in word.syllables)


@dataclass(frozen=True)
class Block:
    """A section of the lyrics. ``kind`` is one of "verse", "pre-chorus", "chorus", "bridge", "intro", "outro"
    and
    "instrumental"; it has no lines if it is only played."""

    kind: str
    lines: tuple[SungLine, ...]


def parse(lyrics: str) -> list[Block]:
    """The blocks of ``lyrics``, tagged or not, in order.

    Without tags blank lines part the blocks: one that comes again is the chorus, and where none does, every
    second of three or more is.
    """
    tagged = any(_tag(line) is not None for line in lyrics.splitlines())
    blocks: list[Block] = []
    kind, lines = "verse", list[SungLine]()
    for line in [*lyrics.splitlines(), None]:
        tag = _tag(line) if line is not None else ""
        if tag is not None or (not tagged and line is not None and not line.strip()):
            if lines or kind in _PLAYED:
                blocks.append(Block(kind, tuple(lines)))
            kind, lines = (_kind(tag) if tag else "verse"), []
        elif line is not None and line.strip():
            sung = SungLine(line.strip(), pronounce(line))
            if sung.syllables:
                lines += [sung] if len(sung.syllables) <= LONGEST_LINE else _parts(sung.words)
    return blocks if tagged else _guess_choruses(blocks)


def _parts(words: Sequence[Word]) -> Iterator[SungLine]:
    """The words as lines of about the same length, none longer than ``LONGEST_LINE``."""
    total = sum(len(word.syllables) for word in words)
    fair = total / ceil(total / LONGEST_LINE)
    part, size = list[Word](), 0
    for word in (piece for whole in words for piece in _pieces(whole)):
        # One without a sound (a dash) stays with the word before it: no line is without a syllable.
        if word.syllables and size and (size >= fair or size + len(word.syllables) > LONGEST_LINE):
            yield SungLine(" ".join(word.text for word in part), tuple(part), is_part=True)
            part, size = [], 0
        part.append(word)
        size += len(word.syllables)
    yield SungLine(" ".join(word.text for word in part), tuple(part), is_part=True)


def _pieces(word: Word) -> Iterator[Word]:
    """The word itself, or where it alone is longer than a line (a number, a scream), its letters and
    syllables shared out."""
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


def _tag(line: str | None) -> str | None:
    if line is None:
        return None
    line = line.strip()
    match = _TAG.fullmatch(line) or _HEADING.fullmatch(line)
    return match[1].strip().lower() if match else None


def _kind(tag: str) -> str:
    for kind, names in _KINDS.items():
        if any(name in tag for name in names):
            return kind
    return "verse"


def _guess_choruses(blocks: list[Block]) -> list[Block]:
    words = [tuple(line.text.lower() for line in block.lines) for block in blocks]
    times = Counter(words)
    choruses = {n for n, text in enumerate(words) if times[text] > 1}
    if not choruses and len(blocks) >= 3:
        choruses = set(range(1, len(blocks), 2))
    return [Block("chorus" if n in choruses else "verse", block.lines) for n, block in enumerate(blocks)]
