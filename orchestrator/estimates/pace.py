"""Learns from finished songs how long the next ones will take here."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from orchestrator.songs.manifest import Song, Status
from orchestrator.songs.stages import Stage, elapsed

_WEIGHT = 0.3  # of the newest song against all before it
_SHOWN = 0.1  # of the music: from here on its own progress says something
_ANEW = 0.05  # by how much the progress falls where the music is begun again


@dataclass
class Work:
    """How far a song at work is. Times are of ``time.monotonic``."""

    began_s: float = field(default_factory=time.monotonic)
    is_planned: bool = False
    """Whether its plan is there."""
    music_began_s: float | None = None
    """When its composer first said how far it is; None before."""
    moved_s: float = 0.0
    """When it said ``first``, the first fraction that is above 0."""
    first: float = 0.0
    heard_s: float = 0.0
    """When it said ``fraction``, the last one."""
    fraction: float = 0.0

    def heard(self, fraction: float, now_s: float | None = None) -> None:
        """The composer says that it has made this fraction of the music."""
        now = time.monotonic() if now_s is None else now_s
        if self.fraction >= 1.0 <= fraction:  # what follows the music has begun already
            return
        begins = self.music_began_s is None or fraction < self.fraction - _ANEW
        if begins:
            self.music_began_s = now
        if begins or not self.fraction:
            self.moved_s, self.first = now, fraction
        self.heard_s, self.fraction = now, fraction


class Pace:
    """How long a song takes, as moving averages: the seconds before its music, and for each second of song
    those of the music and those after it. Unknown before the first song."""

    def __init__(self) -> None:
        self._before_s: float | None = None
        self._music: float | None = None
        self._after = 0.0

    def learn_song(self, song: Song) -> None:
        """Learns from a finished song, if all of its stages were timed. One that came with its plan says
        nothing of how long the writing of one takes."""
        times, new_s = song.timings_s, song.brief.new_s
        if song.status is Status.DONE and {Stage.LYRICS, Stage.MUSIC} <= times.keys() and new_s > 0:
            before_s = times.get(Stage.PHOTO, 0.0) + times[Stage.LYRICS]
            after_s = elapsed(times) - before_s - times[Stage.MUSIC]
            self.learn(None if song.brief.plan else before_s, times[Stage.MUSIC], after_s, new_s)

    def learn(self, before_s: float | None, music_s: float, after_s: float, duration_s: float) -> None:
        """Learns that a song of ``duration_s`` seconds took so many before its music, for its music, and
        after it. ``before_s``: None where that is not known."""
        if before_s is not None:
            self._before_s = _moved(self._before_s, before_s)
        known = self._music is not None
        self._music = _moved(self._music, music_s / duration_s)
        self._after = _moved(self._after if known else None, after_s / duration_s)

    def whole(self, duration_s: float) -> float | None:
        """Seconds of work for a song of this length."""
        if self._music is None:
            return None
        return (self._before_s or 0.0) + (self._music + self._after) * duration_s

    def rest(self, duration_s: float, work: Work, now_s: float | None = None) -> float | None:
        """Seconds of work that are left; None if that is not known, or no music is to be made.

        Before its music begins all of that is still to come, however long the plan takes. Then what was
        learned counts less and less, and how fast the music itself gets on counts more.
        """
        now = time.monotonic() if now_s is None else now_s
        if not duration_s:
            return None
        if work.music_began_s is None:
            if self._music is None:
                return None
            before_s = 0.0 if work.is_planned else (self._before_s or 0.0) - (now - work.began_s)
            return max(before_s, 0.0) + (self._music + self._after) * duration_s
        music_s = self._music_left(duration_s, work, now - work.music_began_s, now - work.heard_s)
        if music_s is None:
            return None
        after_s = self._after * duration_s - (now - work.heard_s if work.fraction >= 1.0 else 0.0)
        return music_s + max(after_s, 0.0)

    def _music_left(self, duration_s: float, work: Work, worked_s: float, silent_s: float) -> float | None:
        """``worked_s``: since the music began; ``silent_s``: since the composer last said how far it is."""
        if work.fraction >= 1.0:
            return 0.0
        made = work.fraction - work.first
        shown_s = (work.heard_s - work.moved_s) * (1.0 - work.fraction) / made if made > 0 else 0.0
        shown_s = max(shown_s - silent_s, 0.0)
        if self._music is None:
            return shown_s if made > _SHOWN else None
        learned_s = max(self._music * duration_s - worked_s, 0.0)
        # With these weights it falls steadily, unless the music takes more than twice what was learned.
        return made * shown_s + (1.0 - made) * learned_s

    def queue(
        self, running: Iterable[float | None], ahead: tuple[int, float], own_s: float, lanes: int
    ) -> float | None:
        """Seconds until a waiting song of ``own_s`` seconds is done. ``running`` has the seconds that each
        running song still needs, ``ahead`` how many songs are ahead and their length in all; ``lanes`` songs
        run at a time."""
        own = self.whole(own_s)
        if own is None:
            return None
        count, length_s = ahead
        others_s = (self.whole(length_s / count) or 0.0) * count if count else 0.0
        return (sum(left or 0.0 for left in running) + others_s) / lanes + own


def _moved(average: float | None, newest: float) -> float:
    return newest if average is None else average + _WEIGHT * (newest - average)
