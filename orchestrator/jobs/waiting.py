"""The songs that wait to be made, in order."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A waiting song's place in the queue."""

    ticket: int
    duration_s: float
    alone: bool
    """Whether it may only be made while no other song is, once all is quiet: see ``tries.is_suspect``."""


class Line:
    """Songs by id, first come, first served; each one's position is found without walking the queue."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}  # in order
        self._tickets: list[int] = []  # of those waiting, rising
        self._waiting_s = 0.0
        self._next_ticket = itertools.count()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, song_id: object) -> bool:
        return song_id in self._places

    def __iter__(self) -> Iterator[tuple[str, Place]]:
        return iter(self._places.items())

    def join(self, song_id: str, duration_s: float, *, alone: bool) -> None:
        place = Place(next(self._next_ticket), duration_s, alone)
        self._places[song_id] = place
        self._tickets.append(place.ticket)
        self._waiting_s += duration_s

    def leave(self, song_id: str) -> Place:
        place = self._places.pop(song_id)
        del self._tickets[bisect_left(self._tickets, place.ticket)]
        self._waiting_s -= place.duration_s
        return place

    def ahead(self, song_id: str) -> tuple[int, float, float] | None:
        """How many songs are ahead of a waiting one, how many seconds long they are, as if all were of one
        length, and how long it is itself."""
        place = self._places.get(song_id)
        if place is None:
            return None
        count = bisect_left(self._tickets, place.ticket)
        return count, count * self._waiting_s / len(self._places), place.duration_s
