"""Couplets from the material: reads them, fits them to a metre, and fills in the song's subject.

A line may be up to one syllable shorter or longer than its section's metre. Of the wordings that fit, one
that comes nearest to it is taken; the song's seed decides between equal ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from random import Random

from phonetics.words import count_syllables

_SLACK = 1
_ROW = re.compile(r"^([*a-z]+)([12]?)([-+!]?) +(.*)$")
_PARTS = re.compile(r"(\([^)]*\)|\{thing\}|\{place\})")
_OPTIONS = re.compile(r"\|(?![^<]*>)")
_NUMBER = re.compile(r"<([^|>]*)\|([^>]*)>")
_YOU = re.compile(r"\b(?:you|your|yours)\b", re.IGNORECASE)
_I = re.compile(r"\b(?:I|me|my|mine|myself|we|us|our|ours)\b", re.IGNORECASE)
_FORMS = {
    "it": ("it", "it", "its"), "they": ("they", "them", "their"), "she": ("she", "her", "her"),
    "he": ("he", "him", "his"), "you": ("you", "you", "your"), "": ("", "", ""),
}  # fmt: skip
"""The forms of a pronoun: "they came", "I saw them", "their own"."""


@dataclass(frozen=True)
class Row:
    """A line or two that rhyme. ``kinds`` are the kinds of subject that they suit, "*" for any; ``mark`` is
    "+" for what nobody says of an evil, "!" for what is said of an evil only, "-" for what is dark. ``stage``
    1 opens a story, 2 continues it, 0 does either."""

    first: str
    second: str = ""
    kinds: str = "*"
    mark: str = ""
    stage: int = 0

    @property
    def to_you(self) -> bool:
        """Whether a line speaks to "you"."""
        return bool(_YOU.search(f"{self.first} {self.second}"))

    @property
    def is_mine(self) -> bool:
        """Whether a line says what I do."""
        return bool(_I.search(f"{self.first} {self.second}"))

    @property
    def needs_pronoun(self) -> bool:
        """Whether a line has a pronoun for the subject."""
        return bool(re.search(r"\{(?:it|they|its)\}", f"{self.first} {self.second}"))


@dataclass(frozen=True)
class Filling:
    """What the lines of one song are filled with."""

    x: str = ""
    """The subject inside a sentence: "the neon rain"."""
    is_plural: bool = False
    pronoun: str = "it"
    am: str = ""
    """What I do, if the subject is a doing: "I'm leaving home"."""
    s: str = ""
    """The sentence about the subject: "the robot learns to cry"."""
    where: str = ""
    """Where the subject is, if the phrase leaves that out: "in the mountains"."""
    things: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


@cache
def tables(text: str) -> dict[str, tuple[Row, ...]]:
    """The tables of a file of the material by their headings ("== verse")."""
    found: dict[str, list[Row]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("=="):
            found[line.strip("= ")] = []
        else:
            found[next(reversed(found))].append(row(line))
    return {name: tuple(lines) for name, lines in found.items()}


def row(line: str) -> Row:
    """A line of a table: kinds, stage and mark, then one line or a couplet."""
    parts = _ROW.fullmatch(line)
    if parts is None:
        raise ValueError(f"no row of the material: {line!r}")
    first, _, second = parts[4].partition(" / ")
    return Row(first, second, parts[1], parts[3], int(parts[2] or 0))


def fit(row: Row, metre: int, rng: Random, filling: Filling) -> tuple[str, str] | None:
    """The row's lines with ``filling``, each within a syllable of ``metre``; None if no wording fits."""
    first = fit_line(row.first, metre, rng, filling)
    second = fit_line(row.second, metre, rng, filling) if first else None
    return (first, second) if first and second else None


def fit_line(pattern: str, metre: int, rng: Random, filling: Filling) -> str | None:
    """The wording of a line that comes nearest to ``metre``, or None."""
    fitting = [(abs(count - metre), text) for text, count in _ways(pattern, filling)]
    nearest = min((far for far, _ in fitting), default=_SLACK + 1)
    return rng.choice([text for far, text in fitting if far == nearest]) if nearest <= _SLACK else None


def wordings(pattern: str, filling: Filling) -> tuple[tuple[str, int], ...]:
    """Each wording of the line, with its count of syllables."""
    return _ways(pattern, filling)


@lru_cache(maxsize=4096)  # bounded, because each subject has its own entries
def _ways(pattern: str, filling: Filling) -> tuple[tuple[str, int], ...]:
    choices = [tuple(_choices(part, filling)) for part in _PARTS.split(pattern)]
    found = {}
    for chosen in product(*choices):
        text = " ".join("".join(part for part, _ in chosen).split())
        found[_capital(text)] = sum(count for _, count in chosen)
    return tuple(found.items())


def _choices(part: str, filling: Filling) -> Iterator[tuple[str, int]]:
    """The wordings of a part between spaces. The subject is filled in last, so that nothing in it is read as
    a pattern."""
    if part == "{thing}":
        texts: tuple[str, ...] = filling.things
    elif part == "{place}":
        texts = filling.places
    else:
        texts = tuple(_OPTIONS.split(part[1:-1])) if part.startswith("(") else (part,)
    for text in texts:
        full = _filled(text, filling)
        yield full, _count(full)


def _filled(text: str, filling: Filling) -> str:
    text = _NUMBER.sub(lambda at: at[2] if filling.is_plural else at[1], text)
    they, it, its = _FORMS[filling.pronoun]
    words = {
        "{x}": filling.x,
        "{am}": filling.am,
        "{s}": filling.s,
        "{where}": filling.where,
        "{they}": they,
        "{it}": it,
        "{its}": its,
    }
    return re.sub(r"\{[a-z]+\}", lambda at: words[at[0]], text)


@lru_cache(maxsize=8192)
def _count(text: str) -> int:
    return count_syllables(text) if text.strip() else 0


def _capital(line: str) -> str:
    return line[:1].upper() + line[1:]
