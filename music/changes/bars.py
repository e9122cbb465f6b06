"""Where the bars of a song are, so that changes begin and end with one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from config.errors import InvalidRequest

_NEAR = 1e-6


@dataclass(frozen=True)
class Bars:
    """The bars of a song of one tempo and metre, from its first sample on."""

    tempo_bpm: float
    beats: float
    """Quarter notes in a bar."""
    duration_s: float

    @classmethod
    def of(cls, tempo_bpm: float, metre: str, duration_s: float) -> Bars:
        """``metre`` as in "6/8"."""
        count, _, unit = metre.partition("/")
        return cls(tempo_bpm, 4.0 * int(count) / int(unit), duration_s)

    @property
    def bar_s(self) -> float:
        return self.beats * 60.0 / self.tempo_bpm

    @property
    def count(self) -> int:
        """The whole bars of the song."""
        return int(self.duration_s / self.bar_s + _NEAR)

    def nearest(self, seconds: float) -> int:
        """The bar whose beginning is nearest."""
        return min(max(round(seconds / self.bar_s), 0), self.count)

    def span(self, start_s: float, end_s: float) -> tuple[int, int]:
        """The first bar of the span and the one after its last: the whole bars nearest to it, at least one.

        Raises ``InvalidRequest`` for a span that is not in the song, or shorter than a bar."""
        if not 0.0 <= start_s < self.duration_s:
            raise InvalidRequest("start_s", f"{start_s:g}", f"the song has {self.duration_s:.1f} s")
        if end_s > self.duration_s + 0.5 or end_s <= start_s:
            fix = f"it is to lie between start_s, {start_s:g}, and the song's end, {self.duration_s:.1f}"
            raise InvalidRequest("end_s", f"{end_s:g}", fix)
        if end_s - start_s < self.bar_s * (1.0 - _NEAR):
            fix = f"give a bar at the least, which has {self.bar_s:.2f} s in this song"
            raise InvalidRequest("end_s", f"{end_s:g}", fix)
        first = min(self.nearest(start_s), max(self.count - 1, 0))
        return first, max(self.nearest(end_s), first + 1)

    def last_before_ending(self, ending_s: float) -> int:
        """The bar that begins last, at ``ending_s`` before the song's end or earlier."""
        return max(math.floor((self.duration_s - ending_s) / self.bar_s + _NEAR), 0)
