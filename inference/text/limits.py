"""Limits on the values and lines of a text, checked while it is written.

A grammar could have these limits, but then each remaining character is a state of its own: with a vocabulary
of 150,000 tokens, compiling takes 20 s, and finding the tokens that may begin a value takes 0.1 s. So the
grammar leaves values and lines unbounded, and this module bounds them.

The text has a line ``name: value`` for each field, where a value may be a list ``one, another``. After an
empty line follow the sections: ``# kind``, then lines, then an empty line. The text is one that the grammar
accepts, with values and lines of the characters in ``MARK``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_EXCLUDED = r"\x00-\x1f\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff"
MARK = rf"[^#\[\]{_EXCLUDED}]"
"""For a grammar in xgrammar's EBNF: any character that values and lines may have. The only space is the plain
one. Surrogates are excluded, because xgrammar would accept their bytes."""
ITEM_MARK = rf"[^,#\[\]{_EXCLUDED}]"
"""The same for the items of a list."""
LINES = "lines"
"""The name of the limits on each line of a section."""
END = "end"
"""The kind of section that ends the text."""
_NEWLINE, _COMMA, _COLON, _SPACE, _HASH = (sign.encode() for sign in "\n,: #")


@dataclass(frozen=True)
class Limits:
    """Limits by the name of a field. Fields without limits are bound by the grammar alone."""

    lengths: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Minimum (at least 1) and maximum of characters, for the value of that name, or for each item if it is a
    list. The first character is not a space."""
    lists: frozenset[str] = frozenset()
    """The names of the fields that are lists."""
    sections: int | None = None
    """Maximum of sections."""


class Position:
    """The parser's state in a text. Immutable: ``after`` returns a new one."""

    __slots__ = ("_limits", "_name", "_sections", "characters", "length", "listed", "place", "spaced")

    NAME, VALUE, START, HEADING, LINE = range(5)
    """The places: in a field's name; in its value; where a line of a section may begin; in a ``# kind``; in a
    line."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._name = b""
        self._sections = 0
        self.place = self.NAME
        self.length: tuple[int, int] | None = None
        """The limits of the value, item or line that this is in, or may begin; None if there are none."""
        self.listed = False
        """Whether it is in a list."""
        self.spaced = False
        """Whether a space comes before the next character of a value."""
        self.characters = 0
        """Characters of the value, item or line so far. A character counts from its first byte."""

    @property
    def full(self) -> bool:
        """Whether no section may follow those that are there."""
        return self._sections == self._limits.sections

    def after(self, piece: bytes) -> Position | None:
        """The position after ``piece``; None if that breaks a limit."""
        found = Position(self._limits)
        for name in self.__slots__:
            setattr(found, name, getattr(self, name))
        for number in range(len(piece)):
            if not found._read(piece[number : number + 1]):
                return None
        return found

    def _read(self, byte: bytes) -> bool:
        """Reads one byte. False if that breaks a limit."""
        if self.place == self.NAME:
            self._read_name(byte)
        elif self.place == self.HEADING:
            return self._read_heading(byte)
        elif self.place == self.START and byte == _HASH:
            self.place, self._name = self.HEADING, b""
        elif self.place == self.START and byte != _NEWLINE:
            self.place = self.LINE
            return self._count(byte)
        elif self.place == self.VALUE and self.spaced:
            self.spaced = False
            return byte == _SPACE
        elif self.place != self.START:
            return self._read_text(byte)
        return True

    def _read_name(self, byte: bytes) -> None:
        if byte == _NEWLINE:  # the empty line
            self._start()
        elif byte == _COLON:
            name = self._name.decode("latin-1")
            self.place, self.spaced, self.characters = self.VALUE, True, 0
            self.length, self.listed = self._limits.lengths.get(name), name in self._limits.lists
        else:
            self._name += byte

    def _read_heading(self, byte: bytes) -> bool:
        if byte == _NEWLINE:
            self._sections += 1
            self._start()
            return True
        self._name += byte
        return not self.full or f" {END}".encode().startswith(self._name)

    def _read_text(self, byte: bytes) -> bool:
        comma = self.listed and byte == _COMMA
        if byte != _NEWLINE and not comma:
            return self._count(byte)
        whole = self.length is None or self.characters >= self.length[0]
        self.characters, self.spaced = 0, comma
        if self.place == self.LINE:
            self._start()
        elif not comma:
            self.place, self._name, self.length, self.listed = self.NAME, b"", None, False
        return whole

    def _start(self) -> None:
        self.place, self.characters, self.listed = self.START, 0, False
        self.length = self._limits.lengths.get(LINES)

    def _count(self, byte: bytes) -> bool:
        if self.length is None:
            return True
        if self.characters == 0 and byte == _SPACE:
            return False
        self.characters += byte[0] & 0xC0 != 0x80
        return self.characters <= self.length[1]
