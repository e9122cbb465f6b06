"""How long songs take here: learned from those that were made, to say how long the next will."""

from __future__ import annotations

from collections.abc import Iterable

_WEIGHT = 0.3  # of the newest song against all before it


class Pace:
    """Seconds of work for a second of song, as a moving average; unknown until the first is known."""

    def __init__(self) -> None:
        self._ratio: float | None = None

    def learn(self, work_s: float, duration_s: float) -> None:
        ratio = work_s / duration_s
        self._ratio = ratio if self._ratio is None else self._ratio + _WEIGHT * (ratio - self._ratio)

    def whole(self, duration_s: float) -> float | None:
        """Seconds of work for a song of this length."""
        return None if self._ratio is None else self._ratio * duration_s

    def rest(self, duration_s: float, worked_s: float, fraction: float) -> float | None:
        """Seconds of work left after ``worked_s`` with ``fraction`` of the music done."""
        if fraction > 0.1:  # from here on the song itself tells more than those before it
            return worked_s * (1.0 - fraction) / fraction
        whole = self.whole(duration_s)
        return None if whole is None else max(whole - worked_s, 0.0)

    def queue(
        self, running: Iterable[float | None], ahead_s: float, own_s: float, lanes: int
    ) -> float | None:
        """Seconds until a waiting song of ``own_s`` seconds is done, after what is left of those running and
        ``ahead_s`` seconds of song ahead of it, ``lanes`` at a time."""
        if self._ratio is None:
            return None
        before = sum(left or 0.0 for left in running) + self._ratio * ahead_s
        return before / lanes + self._ratio * own_s
