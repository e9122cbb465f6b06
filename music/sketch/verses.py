"""Tagged lyrics as blocks of lines with their syllables."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phonetics.syllables import Syllable
from phonetics.words import Word, pronounce

_TAG = re.compile(r"\s*\[([^\]]*)\]\s*")
_HEADING = re.compile(
    r"\s*(verse|pre-?chorus|chorus|hook|refrain|bridge|intro|outro|interlude)\s*\d*\s*:\s*", re.IGNORECASE
)
_KINDS = {
    "pre-chorus": ("pre-chorus", "prechorus", "pre chorus", "build", "lift"),
    "chorus": ("chorus", "hook", "refrain", "drop", "coro", "refrão", "refrein", "estribillo"),
    "bridge": ("bridge", "middle eight", "middle 8", "puente", "pont"),
    "intro": ("intro",),
    "outro": ("outro", "ending", "coda", "end"),
    "instrumental": ("instrumental", "interlude", "solo", "break", "guitar", "music"),
}
_PLAYED = ("intro", "instrumental", "outro")
"""What is played where it has no lines."""


@dataclass(frozen=True)
class SungLine:
    """A line as written and what is sung of it."""

    text: str
    words: tuple[Word, ...]

    @property
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
                lines.append(sung)
    return blocks if tagged else _guess_choruses(blocks)


def _tag(line: str | None) -> str | None:
    if line is None:
        return None
    match = _TAG.fullmatch(line) or _HEADING.fullmatch(line)
    return match[1].strip().lower() if match else None


def _kind(tag: str) -> str:
    for kind, names in _KINDS.items():
        if any(name in tag for name in names):
            return kind
    return "verse"


def _guess_choruses(blocks: list[Block]) -> list[Block]:
    words = [tuple(line.text.lower() for line in block.lines) for block in blocks]
    repeated = {text for text in words if words.count(text) > 1}
    choruses = {n for n, text in enumerate(words) if text in repeated}
    if not choruses and len(blocks) >= 3:
        choruses = set(range(1, len(blocks), 2))
    return [Block("chorus" if n in choruses else "verse", block.lines) for n, block in enumerate(blocks)]
