"""Words that can be found, and what is searched for, in the query language of SQLite's FTS5."""

from __future__ import annotations

import re

# Languages that put no spaces between words: each character is a word, and several are a phrase.
_UNSPACED = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])"
)
_SHORTEST_BEGINNING = 3  # characters: the beginnings of almost all words match fewer


def indexed(text: str) -> str:
    """``text`` as it is given to the index."""
    return _UNSPACED.sub(r" \1 ", text)


def query_of(text: str) -> str:
    """The query for entries that have every word of ``text``, a word of three letters or more also as the
    beginning of another; empty if ``text`` has no word."""
    words = re.findall(r"\w+", text.casefold())
    return " AND ".join(_term(word) for word in words)


def _term(word: str) -> str:
    spaced = indexed(word).strip()
    beginning = "*" if len(word) >= _SHORTEST_BEGINNING and spaced == word else ""
    return f'"{spaced}"{beginning}'
