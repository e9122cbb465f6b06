"""How long the strings of a JSON text are and how many items its lists have, kept while it is written.

A grammar could say so as well, but then every character that may still come is a state of its own: for a
vocabulary of 150,000 tokens it takes 20 s to compile them, and 0.1 s to find what may begin a string. So the
grammar leaves these strings and lists open, and what is here closes them.

The text is one that a grammar lets in, with strings that have no escapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MARK = r"[^\"\\\x00-\x1f\x7f-\x9f\ud800-\udfff]"
"""For a grammar in xgrammar's EBNF: any character that such a string may have. A surrogate is none, but
xgrammar would let its bytes in."""
SPACES = tuple(
    character.encode()
    for character in map(chr, range(0x3001))  # the ideographic space is the last one
    if character.isspace()
)
"""Every character that ``str.split`` divides at, in UTF-8."""


@dataclass(frozen=True)
class Limits:
    """Of a text's strings and lists, by the name that they have in it. The grammar alone rules the others."""

    lengths: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """The fewest, at least one, and the most characters of the string of that name, or of each in the list of
    that name. The first one is no space."""
    items: Mapping[str, int] = field(default_factory=dict)
    """The most items of the list of that name."""


class Position:
    """Where a text that begins with ``{`` or ``[`` has come to. It does not change: what moves it answers
    another."""

    __slots__ = ("_limits", "_name", "_naming", "_open", "characters", "first", "inside", "length")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: tuple[tuple[str, int] | None, ...] = ()  # name and items of a list, None for an object
        self._name = b""  # the last one
        self._naming = False  # whether the next string, or this one, is a name
        self.inside = False
        """Whether it is in a string, and then:"""
        self.length: tuple[int, int] | None = None
        """The limits of that string, if it has any, and then:"""
        self.characters = 0
        """How many it has. One counts with its first byte."""
        self.first = b""
        """The first character, as long as it lacks bytes."""

    @property
    def full(self) -> bool:
        """Whether a list that it is in may have no more items."""
        return any(place and place[1] == self._limits.items.get(place[0]) for place in self._open)

    def after(self, piece: bytes) -> Position | None:
        """Where ``piece`` takes it; None where the limits do not let it."""
        found = self._copy()
        for number, part in enumerate(piece.split(b'"')):
            if number and not found._quote():
                return None
            if part and not (found._write(part) if found.inside else found._build(part)):
                return None
        return found

    def closed(self) -> Position:
        """Where a quote takes it from inside a string, however long that is."""
        found = self._copy()
        found.inside = False
        return found

    def _quote(self) -> bool:
        if self.inside:
            self.inside = False
            return self.length is None or self.characters >= self.length[0]
        self.inside, self.characters, self.first, self.length = True, 0, b"", None
        if self._naming:
            self._name = b""
        else:
            place = self._open[-1]
            self.length = self._limits.lengths.get(place[0] if place else self._name.decode())
        return True

    def _write(self, part: bytes) -> bool:
        """``part`` of a string."""
        if self._naming:
            self._name += part
        if self.length is None:
            return True
        if self.characters == 0 or self.first:
            first = self.first + part
            if first.startswith(SPACES):
                return False
            self.first = first if len(first) < _bytes_from(first[0]) else b""
        self.characters += sum(byte & 0xC0 != 0x80 for byte in part)
        return self.characters <= self.length[1]

    def _build(self, part: bytes) -> bool:
        """``part`` of what is between the strings."""
        for sign in part.decode("latin-1"):
            if sign == "{":
                self._open += (None,)
                self._naming = True
            elif sign == "[":
                self._open += ((self._name.decode(), 1),)
                self._naming = False
            elif sign in "}]":
                self._open = self._open[:-1]
            elif sign == ":":
                self._naming = False
            elif sign == ",":
                place = self._open[-1]
                self._naming = place is None
                if place:
                    name, items = place
                    if items == self._limits.items.get(name):
                        return False
                    self._open = (*self._open[:-1], (name, items + 1))
        return True

    def _copy(self) -> Position:
        made = Position(self._limits)
        made._open, made._name, made._naming = self._open, self._name, self._naming
        made.inside, made.length = self.inside, self.length
        made.characters, made.first = self.characters, self.first
        return made


def _bytes_from(lead: int) -> int:
    """How many bytes a character has in UTF-8, by its first."""
    return 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
