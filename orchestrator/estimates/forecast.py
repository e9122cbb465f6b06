"""What songs would cost on Modal: one alone, many in a row, many in a month. Arithmetic over the seconds that
a song takes, which are measured or assumed; nothing here measures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.estimates.reckoning import MONTH_S, Container, Reckoning, Use, reckon

FIRST_OVER, WARM_OVER = 1.09, 1.05
"""A song's seconds over those of its starts and its engines, assumed. The stand-in for Modal, with cold
starts of 15 s (``tests/modal/test_cold.py``), shows 1.03 and 1.02, and 1.05 and 1.08 with 40 ms for each
request to the bucket."""


@dataclass(frozen=True)
class Work:
    """What one song takes of an engine's containers."""

    container: Container
    alone_s: float
    """Its work if it has the container for itself."""
    shared_s: float
    """Its share of the work if the container has as many songs as it takes."""
    waits_s: float = 0.0
    """Seconds from the request for which a container that was woken then waits for the song's plan."""
    measured: int = 0
    """How many songs these seconds were measured of; 0: they are assumed."""

    def seconds(self, company: float) -> float:
        """The share of one of ``company`` songs in a container, 1 or more; in between it is linear in the
        time of the whole batch."""
        most = self.container.together
        if most == 1 or company <= 1:
            return self.alone_s
        company = min(company, most)
        batch_s = self.alone_s + (most * self.shared_s - self.alone_s) * (company - 1) / (most - 1)
        return batch_s / company


@dataclass(frozen=True)
class Fleet:
    """The containers that make songs."""

    engines: Sequence[Work]
    produce: Container
    """The songs' own call, billed from a song's request to its end."""
    web: Container | None
    """Billed as long as somebody waits for a song; None if it is kept all the time, which songs add nothing
    to."""
    patrol: Container
    """Started at regular times: every ``patrol_every_s`` it works ``patrol_s``."""
    patrol_s: float
    patrol_every_s: float

    @property
    def song_s(self) -> float:
        """Seconds of a song on warm containers."""
        return WARM_OVER * self._work_s

    @property
    def first_song_s(self) -> float:
        """Seconds of a song when nothing is warm: all containers start at once."""
        start_s = max(work.container.start_s for work in self.engines)
        return FIRST_OVER * (start_s + self._work_s)

    @property
    def _work_s(self) -> float:
        return max(work.waits_s + work.alone_s for work in self.engines)


@dataclass(frozen=True)
class Case:
    """Songs that one may want to know the cost of."""

    name: str
    songs: int
    apart_s: float
    """Seconds from one request to the next; 0: all at once."""


def usual_cases(fleet: Fleet) -> tuple[Case, ...]:
    """One song alone, many that a person requests one after the other or all at once, and a busy service."""
    return (
        Case("one song alone", 1, 0.0),
        Case("1,000 in a row", 1000, fleet.song_s),
        Case("1,000 at once", 1000, 0.0),
        Case("100,000 a month", 100_000, MONTH_S / 100_000),
    )


def forecast(fleet: Fleet, songs: int, apart_s: float = 0.0, *, in_bucket: bool = True) -> Reckoning:
    """The cost of ``songs`` songs, one requested every ``apart_s`` seconds; 0: all at once, and they wait in
    the queue. No more songs are made at a time than the engines' containers take."""
    pace_s = pace(fleet, songs, apart_s)
    cold = songs == 1 or any(pace_s - work.alone_s > work.container.idle_s for work in fleet.engines)
    song_s = fleet.first_song_s if cold else fleet.song_s
    span_s = (songs - 1) * pace_s + fleet.first_song_s
    uses = [_work(work, songs, pace_s, apart_s) for work in fleet.engines]
    stay_s = song_s + (songs - 1) * (pace_s - apart_s) / 2  # with the mean wait, first come, first served
    uses.append(_stay(fleet.produce, stay_s, songs, pace_s, span_s))
    if fleet.web is not None:
        uses.append(_stay(fleet.web, stay_s, songs, pace_s, span_s))
    uses.append(Use(fleet.patrol, 0.0, fleet.patrol_s * span_s / fleet.patrol_every_s, 0.0))
    return reckon(songs, span_s, uses, in_bucket=in_bucket)


def pace(fleet: Fleet, songs: int, apart_s: float) -> float:
    """Seconds from one finished song to the next if one is requested every ``apart_s`` seconds; longer than
    that if so many containers as there may be make no more, and the queue grows."""
    return max(apart_s, *(_share_s(work, songs) / _most(work.container, songs) for work in fleet.engines))


def _share_s(work: Work, songs: int) -> float:
    """A song's share of the work, if its container is as full as ``songs`` can make it."""
    return work.seconds(min(work.container.together, songs))


def _most(container: Container, songs: int) -> int:
    """The most containers of a kind that ``songs`` at once can use."""
    useful = math.ceil(songs / container.together)
    return useful if container.most is None else min(container.most, useful)


def _count(container: Container, share_s: float, songs: int, pace_s: float) -> int:
    """The fewest containers that keep up with a song every ``pace_s`` seconds."""
    needed = math.ceil(share_s / pace_s - 1e-9)  # a share that is a multiple of the pace needs no more
    return max(1, min(needed, _most(container, songs)))


def _work(work: Work, songs: int, pace_s: float, apart_s: float) -> Use:
    """The billed seconds of an engine's containers."""
    container, share_s = work.container, _share_s(work, songs)
    count = _count(container, share_s, songs, pace_s)
    # If songs come faster than it makes them alone, a container works on several at once.
    work_s = min(max(share_s, count * apart_s), work.alone_s)
    gap_s = max(count * pace_s - work_s, 0.0)  # between two songs of one container
    if gap_s > container.idle_s:  # each song finds no container, and leaves none
        idle_s = songs * (work.waits_s + container.idle_s)
        return Use(container, songs * container.start_s, songs * work_s, idle_s)
    idle_s = (songs - count) * gap_s + count * (work.waits_s + container.idle_s)
    return Use(container, count * container.start_s, songs * work_s, idle_s)


def _stay(container: Container, stay_s: float, songs: int, pace_s: float, span_s: float) -> Use:
    """The billed seconds of containers in which a song only waits, ``stay_s`` seconds of them: as many songs
    as fit share each second."""
    count = _count(container, stay_s / container.together, songs, pace_s)
    if pace_s - stay_s > container.idle_s:
        return Use(container, songs * container.start_s, songs * stay_s, songs * container.idle_s)
    work_s = min(songs * stay_s, count * span_s)
    idle_s = max(count * span_s - work_s, 0.0) + count * container.idle_s
    return Use(container, count * container.start_s, work_s, idle_s)
