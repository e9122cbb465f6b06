"""Learns from finished songs how long the next ones will take here."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.songs.manifest import Song, Status
from orchestrator.songs.stages import Stage, elapsed

_WEIGHT = 0.3  # of the newest song against all before it


class Pace:
    """Seconds of work for a second of song, as a moving average; unknown before the first song."""

    def __init__(self) -> None:
        self._ratio: float | None = None

    def learn_song(self, song: Song) -> None:
        """Learns from a finished song, if all of its stages were timed."""
        if song.status is Status.DONE and {Stage.LYRICS, Stage.MUSIC} <= song.timings_s.keys():
            self.learn(elapsed(song.timings_s), song.brief.new_s)

    def learn(self, work_s: float, duration_s: float) -> None:
        """Learns that a song of ``duration_s`` seconds took ``work_s`` seconds of work."""
        ratio = work_s / duration_s
        self._ratio = ratio if self._ratio is None else self._ratio + _WEIGHT * (ratio - self._ratio)

    def whole(self, duration_s: float) -> float | None:
        """Seconds of work for a song of this length."""
        return None if self._ratio is None else self._ratio * duration_s

    def rest(self, duration_s: float, worked_s: float, fraction: float) -> float | None:
        """Seconds of work left after ``worked_s`` with ``fraction`` of the music done."""
        if fraction > 0.1:  # from here on, the song's own progress is more exact
            return worked_s * (1.0 - fraction) / fraction
        whole = self.whole(duration_s)
        return None if whole is None else max(whole - worked_s, 0.0)

    def queue(
        self, running: Iterable[float | None], ahead_s: float, own_s: float, lanes: int
    ) -> float | None:
        """Seconds until a waiting song of ``own_s`` seconds is done. ``running`` has the seconds that each
        running song still needs, ``ahead_s`` the length of the songs ahead; ``lanes`` songs run at a time."""
        if self._ratio is None:
            return None
        before = sum(left or 0.0 for left in running) + self._ratio * ahead_s
        return before / lanes + self._ratio * own_s
