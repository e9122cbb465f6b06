"""Which words of the lyrics stand in round brackets: backing vocals sing them, and the lead does not."""

from __future__ import annotations

import re
from collections.abc import Sequence

_AREA_CODE = re.compile(r"[(（]\+?\d{2,5}[)）]")
_OPEN, _CLOSE = "(（", ")）"


def in_brackets(lines: Sequence[Sequence[str]]) -> list[frozenset[int]]:
    """For each line of words, the indices of the words in round brackets, which may be nested.

    A bracket that is not closed reaches to the end of its line, or to the bracket that closes it in the next
    line. One that closes nothing is a sign (":)", "a)"), and so is one at the end of a word that nothing
    closes (":("). An area code before the rest of its number ("(212) 555-0199") is the lead's."""
    marked, depth = [], 0
    for n, words in enumerate(lines):
        text = " ".join(words)
        following = " ".join(lines[n + 1]) if n + 1 < len(lines) else ""
        inside, depth = _inside(text, depth if _closes_first(text) else 0, goes_on=_closes_first(following))
        at, found = 0, set[int]()
        for index, word in enumerate(words):
            letters = [inside[at + k] for k, c in enumerate(word) if c.isalnum()]
            is_area_code = _AREA_CODE.fullmatch(word) and "".join(words[index + 1 : index + 2])[:1].isdigit()
            if letters and all(letters) and not is_area_code:
                found.add(index)
            at += len(word) + 1
        marked.append(frozenset(found))
    return marked


def _closes_first(text: str) -> bool:
    """Whether the first bracket of ``text`` closes one."""
    return next((c in _CLOSE for c in text if c in _OPEN + _CLOSE), False)


def _inside(text: str, depth: int, *, goes_on: bool) -> tuple[list[bool], int]:
    """For each character whether it is in brackets, and how many are open at the end. ``depth`` of them are
    open at the beginning; ``goes_on``: what is open at the end is closed in the next line."""
    changes, opened = [0] * (len(text) + 1), list[int]()
    before = depth
    for at, c in enumerate(text):
        if c in _OPEN:
            opened.append(at)
        elif c in _CLOSE and opened:
            changes[opened.pop()] += 1
            changes[at] -= 1
        elif c in _CLOSE and before:
            before -= 1
            changes[at] -= 1
    # What is still open: a sign at the end of a word, unless the next line closes it; else a bracket.
    still = [at for at in opened if goes_on or text[at + 1 : at + 2].strip()]
    for at in still:
        changes[at] += 1
    inside, now = [], depth
    for at in range(len(text)):
        now += changes[at]
        inside.append(now > 0)
    return inside, len(still) if goes_on else 0
