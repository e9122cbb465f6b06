"""Couplets out of the material: read, fitted to a metre, filled with the theme.

A line may be up to one syllable shorter or longer than its section's metre. Of a row's wordings that fit, a
fullest one is taken, drawn by the song's seed where there are several.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from random import Random

from phonetics.words import count_syllables

_SLACK = 1


@dataclass(frozen=True)
class Row:
    """Two lines that rhyme; ``stage`` 1 sets a scene, 2 goes further."""

    stage: int
    first: str
    second: str


@cache
def rows(text: str) -> tuple[Row, ...]:
    """The rows of a table of the material."""
    table = []
    for line in text.strip().splitlines():
        stage, _, couplet = line.partition(" ")
        first, _, second = couplet.partition(" / ")
        table.append(Row(int(stage), first, second))
    return tuple(table)


def fit(row: Row, metre: int, rng: Random, *, theme: str = "", hook: str = "") -> tuple[str, str] | None:
    """The row's lines with ``theme`` and ``hook`` filled in, each within a syllable of ``metre``; None if it
    cannot."""
    lines = [_fit_line(line, metre, rng, theme, hook) for line in (row.first, row.second)]
    return (lines[0], lines[1]) if lines[0] and lines[1] else None


def _fit_line(pattern: str, metre: int, rng: Random, theme: str, hook: str) -> str | None:
    fitting = [(text, count) for text, count in _ways(pattern, theme, hook) if abs(count - metre) <= _SLACK]
    # The fullest wording: a line with its verb reads better than one that had to do without.
    fullest = max((count for _, count in fitting), default=0)
    near = [text for text, count in fitting if count == fullest]
    return rng.choice(near) if near else None


@lru_cache(maxsize=4096)  # bounded: each theme has its own
def _ways(pattern: str, theme: str, hook: str) -> tuple[tuple[str, int], ...]:
    """Each way to word the line, with its syllables. The theme is filled in last: what stands in it is no
    pattern, whoever wrote it."""
    words = {"{x}": theme, "{h}": hook}
    parts = re.split(r"(\([^)]*\))", pattern)
    choices = [part[1:-1].split("|") if part.startswith("(") else [part] for part in parts]
    choices = [[re.sub(r"\{[xh]\}", lambda at: words[at[0]], text) for text in one] for one in choices]
    texts = dict.fromkeys(_capital(" ".join("".join(chosen).split())) for chosen in product(*choices))
    return tuple((text, count_syllables(text)) for text in texts)


def _capital(line: str) -> str:
    return line[:1].upper() + line[1:]
