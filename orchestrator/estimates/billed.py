"""What Modal billed for a library's songs, by estimate: manifests tell when a song began and how long each
engine worked, and not when containers started and ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from config.errors import InvalidRequest
from config.gpus import checked_gpu
from orchestrator.estimates.reckoning import Container, Reckoning, Use, reckon
from orchestrator.songs.index.entry import Entry, Spent
from orchestrator.songs.manifest import Cost, Song
from orchestrator.songs.stages import Stage, craft_of, elapsed

ContainerOf = Callable[[str, str, str], Container]
"""The container of a stage, an engine and a GPU, each by name."""


@dataclass
class _Life:
    """The time in which at least one container of a kind ran, from songs that come newest first."""

    container: Container
    work_s: float = 0.0
    alive_s: float = 0.0
    starts: int = 0
    since: float | None = None
    """When the earliest known of its containers started, seconds since 1970."""

    def add(self, began: float, work_ended: float, work_s: float) -> None:
        """Adds a song that needed the container from ``began`` to ``work_ended``, seconds since 1970."""
        self.work_s += work_s
        ends = work_ended + self.container.idle_s
        if self.since is None or ends < self.since:  # it ended before the next song came
            self.starts += 1
            self.alive_s += ends - began
        else:
            self.alive_s += max(self.since - began, 0.0)
        self.since = began if self.since is None else min(began, self.since)

    def use(self) -> Use:
        start_s = self.starts * self.container.start_s
        return Use(self.container, start_s, self.work_s, max(self.alive_s - self.work_s - start_s, 0.0))


class Billed:
    """Estimates what containers were billed for the songs that pass through ``watch``.

    The work is measured. A container of each kind is taken to run from a song's request until it has waited
    for the next one as long as the deployment says; what is not work of that is its start and idle time. Of
    several containers of a kind that ran at once, the waiting of one is counted: a lower bound.
    """

    def __init__(self, container_of: ContainerOf, produce: Container, web: Container) -> None:
        self._container_of = container_of
        self._lives: dict[tuple[str, str, str], _Life | None] = {}
        """None for a stage or a GPU that is not known here, such as one of a later version."""
        self._shared = [_Life(produce), _Life(web)]
        self._songs = 0
        self._from = self._until = 0.0

    def watch(self, songs: Iterable[Song | Entry]) -> Iterator[Song | Entry]:
        """The same songs, which come newest first."""
        for song in songs:
            self._note(song)
            yield song

    def reckoning(self, *, in_bucket: bool) -> Reckoning | None:
        """The estimate; None if none of the songs used a GPU of Modal's."""
        if not self._songs:
            return None
        known = {key: life for key, life in self._lives.items() if life}
        lives = [*(known[key] for key in sorted(known, key=_order)), *self._shared]
        uses = [life.use() for life in lives]
        return reckon(self._songs, self._until - self._from, uses, in_bucket=in_bucket)

    def _note(self, song: Song | Entry) -> None:
        began = song.created_at.timestamp()
        used_s: list[float] = []
        for stage, cost in song.costs.items():
            if life := self._life(song, stage, cost):
                life.add(began, began + _end_s(song, stage, cost), cost.seconds)
                used_s.append(cost.seconds)
        if not used_s:
            return
        ended = began + max(elapsed(song.timings_s), *used_s)
        for life in self._shared:
            before_s = life.alive_s
            life.add(began, ended, 0.0)
            life.work_s += min(ended - began, life.alive_s - before_s)  # songs wait in one container together
        self._from = min(self._from, began) if self._songs else began
        self._until = max(self._until, ended)
        self._songs += 1

    def _life(self, song: Song | Entry, stage: str, cost: Cost | Spent) -> _Life | None:
        """That of the stage's container; None if it ran on no GPU of Modal's."""
        craft = craft_of(stage)
        if not cost.gpu or craft is None:
            return None
        engine = song.engines.get(craft)
        # Of attempts on different GPUs, the last one is taken for all.
        key = (stage, engine.name if engine else "", cost.gpu.rpartition(" + ")[2])
        if key not in self._lives:
            self._lives[key] = _Life(self._container_of(*key)) if _is_priced(key[2]) else None
        return self._lives[key]


def _is_priced(gpu: str) -> bool:
    try:
        return checked_gpu(gpu) == gpu
    except InvalidRequest:
        return False


def _end_s(song: Song | Entry, stage: str, cost: Cost | Spent) -> float:
    """Seconds from the song's request until ``stage`` had ended."""
    before = {
        Stage.PHOTO: (),
        Stage.LYRICS: (Stage.PHOTO,),
        Stage.LISTEN: (Stage.PHOTO, Stage.LYRICS, Stage.MUSIC, Stage.SEPARATE),
    }.get(Stage(stage), (Stage.PHOTO, Stage.LYRICS))
    times = song.timings_s
    return sum(times.get(each, 0.0) for each in before) + max(times.get(stage, 0.0), cost.seconds)


def _order(key: tuple[str, str, str]) -> tuple[int, str, str]:
    return (list(Stage).index(Stage(key[0])), *key[1:])
