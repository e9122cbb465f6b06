"""The places of those who follow or hear songs: each keeps a connection open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Listeners:
    """Limits the number of listeners: in all and, if there are several tokens, to half of that for each."""

    def __init__(self, limit: int, tokens: int = 1) -> None:
        self._limit = limit
        self._limit_of_one = limit if tokens < 2 else max(limit // 2, 1)
        self._of: Counter[str] = Counter()

    @contextmanager
    def place(self, holder: str) -> Iterator[bool]:
        """Whether there is a place for one more listener, which keeps it while the block runs."""
        free = self._of.total() < self._limit and self._of[holder] < self._limit_of_one
        if free:
            self._of[holder] += 1
        try:
            yield free
        finally:
            if free:
                self._of[holder] -= 1
