"""The queue of songs that wait."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class WaitingSong:
    """A song in the queue."""

    ticket: int
    duration_s: float
    alone: bool
    """Whether it may only run while no other song does, after a cooldown: see ``tries.is_suspect``."""


class WaitingQueue:
    """Waiting songs by id, first in, first out. A song's position is found in logarithmic time."""

    def __init__(self) -> None:
        self._songs: dict[str, WaitingSong] = {}  # in order
        self._tickets: list[int] = []  # of the waiting songs, rising
        self._waiting_s = 0.0
        self._next_ticket = itertools.count()

    def __len__(self) -> int:
        return len(self._songs)

    def __contains__(self, song_id: object) -> bool:
        return song_id in self._songs

    def ids(self, most: int) -> list[str]:
        """The first ``most`` songs."""
        return list(itertools.islice(self._songs, most))

    def join(self, song_id: str, duration_s: float, *, alone: bool) -> None:
        song = WaitingSong(next(self._next_ticket), duration_s, alone)
        self._songs[song_id] = song
        self._tickets.append(song.ticket)
        self._waiting_s += duration_s

    def leave(self, song_id: str) -> WaitingSong:
        song = self._songs.pop(song_id)
        del self._tickets[bisect_left(self._tickets, song.ticket)]
        self._waiting_s -= song.duration_s
        return song

    def first(self, held: Collection[str], cooldown_s: float, *, idle: bool) -> tuple[str | None, bool]:
        """The song to start next, leaving out ``held`` ones, and whether one waits for the cooldown:
        the songs behind it start first. None if there is none, or if it must wait until no other runs;
        ``idle``: none does."""
        cools = False
        for song_id, song in self._songs.items():
            if song_id in held:
                continue
            if not song.alone:
                return song_id, cools
            if not cooldown_s:
                return (song_id if idle else None), cools
            cools = True
        return None, cools

    def ahead(self, song_id: str) -> tuple[int, float, float] | None:
        """The number of songs ahead of a waiting one, their length in seconds (from the average of all
        waiting songs), and its own length. None if it does not wait."""
        song = self._songs.get(song_id)
        if song is None:
            return None
        count = bisect_left(self._tickets, song.ticket)
        return count, count * self._waiting_s / len(self._songs), song.duration_s
