"""A line of tokens, and the words around a token, by which its sound is chosen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_STOP = re.compile(r"[.,!?;:…—–][\"'”’)\]]{0,3}$")
_NUMBER = re.compile(r"[$€£¥]?[+-]?[0-9][0-9.,:]{0,20}")
NUMBER_WORDS = frozenset(
    """one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty seventy
    eighty ninety hundred thousand""".split()
)


def bare(token: str) -> str:
    """``token`` in lower case, without signs at its edges, with plain apostrophes."""
    if token.isalnum():
        return token.lower()
    return _EDGES.sub("", token.replace("’", "'")).lower()


@dataclass(frozen=True)
class Line:
    """The tokens of a line, as written."""

    tokens: tuple[str, ...]

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Each token, bare."""
        return tuple(map(bare, self.tokens))

    @cached_property
    def shouted(self) -> bool:
        """Whether the line is written in capitals, so that capitals mean nothing."""
        letters = [token for token in self.tokens if any(map(str.isalpha, token))]
        return len(letters) > 1 and not any(map(str.islower, "".join(letters)))

    def before(self, n: int, steps: int = 1) -> str:
        """The bare word ``steps`` before token ``n``; empty if there is none, or a stop is between."""
        between = self.tokens[max(n - steps, 0) : n]
        return self.words[n - steps] if len(between) == steps and not _stopped(between) else ""

    def after(self, n: int, steps: int = 1) -> str:
        """The bare word ``steps`` after token ``n``; empty if there is none, or a stop is between."""
        between = self.tokens[n : n + steps]
        is_there = n + steps < len(self.tokens)
        return self.words[n + steps] if is_there and not _stopped(between) else ""

    def written(self, n: int) -> str:
        """Token ``n`` as written; empty beyond the line."""
        return self.tokens[n] if 0 <= n < len(self.tokens) else ""

    def capital(self, n: int) -> bool:
        """Whether token ``n`` begins with a capital."""
        return self.written(n).lstrip("\"'“‘([")[:1].isupper()

    def number(self, n: int) -> bool:
        """Whether token ``n`` is a number in digits."""
        return _NUMBER.fullmatch(self.written(n).rstrip(",.")) is not None

    def counted(self, n: int) -> bool:
        """Whether token ``n`` is a number in digits or in a word."""
        return self.number(n) or (0 <= n < len(self.tokens) and self.words[n] in NUMBER_WORDS)


def _stopped(tokens: tuple[str, ...]) -> bool:
    return any(map(_STOP.search, tokens))
