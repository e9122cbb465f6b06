"""Limits on the strings and lists of a JSON text, checked while it is written.

A grammar could have these limits, but then each remaining character is a state of its own: with a vocabulary
of 150,000 tokens, compiling takes 20 s, and finding the tokens that may begin a string takes 0.1 s. So the
grammar leaves strings and lists unbounded, and this module bounds them.

It expects a text that the grammar accepts, with strings that have no escapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MARK = r"[^\"\\\x00-\x1f\x7f-\x9f\ud800-\udfff]"
"""For a grammar in xgrammar's EBNF: any character that such a string may have. Surrogates are excluded,
because xgrammar would accept their bytes."""
SPACES = tuple(
    character.encode()
    for character in map(chr, range(0x3001))  # the ideographic space is the last one
    if character.isspace()
)
"""Every character at which ``str.split`` splits, in UTF-8."""


@dataclass(frozen=True)
class Limits:
    """Limits by the name of a string or list in the text. Names without limits are bound by the grammar
    alone."""

    lengths: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Minimum (at least 1) and maximum of characters, for the string of that name or each string in the list
    of that name. The first character is not a space."""
    items: Mapping[str, int] = field(default_factory=dict)
    """Maximum of items in the list of that name."""


class Position:
    """The parser's state in a text that begins with ``{`` or ``[``. Immutable: methods return a new one."""

    __slots__ = ("_limits", "_name", "_naming", "_open", "characters", "first", "inside", "length")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: tuple[tuple[str, int] | None, ...] = ()  # name and items of a list, None for an object
        self._name = b""  # the last one
        self._naming = False  # whether the current or next string is a name
        self.inside = False
        """Whether it is in a string. If so:"""
        self.length: tuple[int, int] | None = None
        """The limits of that string, if it has any. If so:"""
        self.characters = 0
        """Its characters so far. A character counts from its first byte."""
        self.first = b""
        """The bytes of the first character, while it is incomplete."""

    @property
    def full(self) -> bool:
        """Whether a list around this position has its maximum of items."""
        return any(place and place[1] == self._limits.items.get(place[0]) for place in self._open)

    def after(self, piece: bytes) -> Position | None:
        """The position after ``piece``; None if that breaks a limit."""
        found = self._copy()
        for number, part in enumerate(piece.split(b'"')):
            if number and not found._quote():
                return None
            if part and not (found._write(part) if found.inside else found._build(part)):
                return None
        return found

    def closed(self) -> Position:
        """The position after the closing quote of the current string, whatever its length."""
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
        """Reads ``part`` of a string. False if that breaks a limit."""
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
        """Reads ``part`` of the text between strings. False if that breaks a limit."""
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
    """How many bytes a character has in UTF-8, by its first byte."""
    return 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
