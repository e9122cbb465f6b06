"""The fields that songs are about, from the text files beside this module: words that point to a field, things
and places of it, and couplets.

A file has a field under each heading, "== sea | Sea". Each couplet begins with its part of the song: 1 opens a
story, 2 continues it, "pre" leads to the chorus, "turn" is for the bridge, "end" for the last lines. The lines
that answer the hook in the chorus are in a file of their own: they are said by nobody, of nobody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from lyrics.sketch.couplets import Row, row, tables

EVERYDAY = "everyday"
"""The field of a song whose subject is in no other."""
_FILES = ("places", "homes", "nature", "creatures", "tales", "hearts")
_PARTS = ("1", "2", "pre", "turn", "end")
CHORUS = "chorus"
"""The part of a field's couplets that answer the hook. What a chorus leaves, a verse may have."""


@dataclass(frozen=True)
class Field:
    """One field. ``label`` names it in a library; ``things`` are noun phrases in the singular, and ``places``
    stand where an adverb does."""

    name: str
    label: str
    words: frozenset[str]
    things: tuple[str, ...]
    places: tuple[str, ...]
    strong: frozenset[str]
    """The words that count twice: "a haunted house" is about ghosts. In the file they end in "+"."""
    parts: dict[str, tuple[Row, ...]]

    @property
    def verses(self) -> tuple[Row, ...]:
        return self.parts["1"] + self.parts["2"]

    @property
    def to_you(self) -> bool:
        """Whether songs of this field speak to "you"."""
        return any(row.to_you for rows in self.parts.values() for row in rows)


@cache
def fields() -> dict[str, Field]:
    """All fields by name."""
    return {one.name: one for name in _FILES for one in _read(text_of(name))}


@cache
def text_of(name: str) -> str:
    """A file of the material."""
    return (files("lyrics.sketch.material") / f"{name}.txt").read_text("utf-8")


def table(file: str, heading: str) -> tuple[Row, ...]:
    """A table of frames: lines for any field."""
    return tables(text_of(file.removesuffix(".txt")))[heading]


def field_of(words: Iterable[str], heads: Iterable[str] = ()) -> Field:
    """The field that the words of a subject point to. Earlier words count more, and ``heads``, the nouns that
    the phrase is about, twice; the first of equal ones wins."""
    known = fields()
    scores = dict.fromkeys(known, 0.0)
    main = set(heads)
    for place, word in enumerate(words):
        stems = {
            word,
            word.removesuffix("'s").removesuffix("’s"),
            word.removesuffix("s"),
            word.removesuffix("ing"),
        }
        weight = (1.5 if word in main else 1.0) / (1.0 + 0.2 * place)
        for name, field in known.items():
            if stems & field.words:
                # A field that has the very word comes before one that has its stem.
                scores[name] += weight * (1.0 if word in field.words else 0.8) * (1 + (word in field.strong))
    best = max(scores, key=lambda name: scores[name])
    return known[best] if scores[best] > 0 else known[EVERYDAY]


def _read(text: str) -> Iterable[Field]:
    for block in text.split("== ")[1:]:
        head, *lines = filter(None, map(str.strip, block.splitlines()))
        name, _, label = head.partition(" | ")
        given = {"words": "", "things": "", "places": ""}
        parts: dict[str, list[Row]] = {part: [] for part in _PARTS}
        for line in lines:
            start, _, rest = line.partition(" ")
            if start.rstrip(":") in given:
                given[start.rstrip(":")] = rest
            else:
                parts[start].append(row(f"*{start if start.isdigit() else ''} {rest}"))
        parts[CHORUS] = [row(f"* {line}") for line in _answers()[name]]
        words = given["words"].split()
        yield Field(
            name, label, frozenset(word.rstrip("+") for word in words), _list(given["things"]),
            _list(given["places"]), frozenset(word.rstrip("+") for word in words if word.endswith("+")),
            {part: tuple(rows) for part, rows in parts.items()},
        )  # fmt: skip


@cache
def _answers() -> dict[str, list[str]]:
    """The lines of the chorus by field."""
    blocks = [block.strip().splitlines() for block in text_of("answers").split("== ")[1:]]
    return {name: lines for name, *lines in blocks}


def _list(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.split(";"))))
