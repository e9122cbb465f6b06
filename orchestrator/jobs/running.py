"""The songs that this process runs, and how long each still takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator.estimates.pace import Pace, Work
from orchestrator.jobs.contract import QueueEstimate
from orchestrator.jobs.waiting import WaitingQueue
from orchestrator.pipeline.edits import Edits
from orchestrator.pipeline.recorder import RunOptions
from orchestrator.pipeline.tries import CrashCooldown
from orchestrator.songs.manifest import Owner, Song, Status
from orchestrator.songs.stages import Stage

_OF_SOUND = (Stage.MUSIC, Stage.SEPARATE)
_WAITING = "waiting"  # what an engine says that makes several songs at once, before it begins


@dataclass
class Run:
    """A running song."""

    duration_s: float
    alone: bool
    """Whether no other song may run at the same time."""
    work: Work = field(default_factory=Work)
    """How far it is."""
    last: Song | None = None
    """Its newest manifest."""
    task: asyncio.Task[None] | None = None
    began: bool = False
    """Whether its task has made its first step."""
    stopping: bool = False
    leaving: bool = False
    """Whether this process ends: the song stays unfinished for the next process."""
    edits: Edits = field(default_factory=Edits)
    """By which users change the song."""

    def stop(self) -> None:
        """Cancels it, once: a second cancel would interrupt the writing of its last manifest."""
        if self.task and not self.stopping:
            self.stopping = True
            if self.began:  # a task that has not begun must still run: it checks ``stopping`` itself
                self.task.cancel()

    def changed(self, song: Song) -> None:
        """The song has a new manifest."""
        self.last = song
        self.work.is_planned |= song.status is Status.COMPOSING
        if "audio" in song.assets and self.work.fraction < 1.0:
            self.work.heard(1.0)

    def heard(self, stage: Stage, doing: str, fraction: float) -> None:
        """A stage of it says how far it is."""
        if stage in _OF_SOUND and doing != _WAITING:
            self.work.heard(fraction)

    def options(
        self,
        owner: Owner,
        limit_s: float,
        on_change: Callable[[Song], None],
        etag: str,
        cooldown: CrashCooldown | None,
    ) -> RunOptions:
        """Those of this run: see ``RunOptions``."""
        return RunOptions(
            owner,
            limit_s,
            shutting_down=lambda: self.leaving,
            on_change=on_change,
            etag=etag,
            counted=True,
            edits=self.edits,
            cooldown=cooldown,
        )


class RunningSongs:
    """The running songs, by id."""

    def __init__(self, pace: Pace, lanes: int) -> None:
        """``lanes`` is how many songs are composed at a time."""
        self._pace = pace
        self._lanes = lanes
        self._runs: dict[str, Run] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def __contains__(self, song_id: object) -> bool:
        return song_id in self._runs

    def get(self, song_id: str) -> Run | None:
        return self._runs.get(song_id)

    def begin(self, song_id: str, run: Run, task: asyncio.Task[None]) -> None:
        run.task = task
        self._runs[song_id] = run

    def end(self, song_id: str) -> None:
        del self._runs[song_id]

    @property
    def one_is_alone(self) -> bool:
        return any(run.alone for run in self._runs.values())

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        return [run.task for run in self._runs.values() if run.task]

    def leave(self) -> None:
        """Stops every song; the next process resumes them."""
        for run in self._runs.values():
            run.leaving = True
            run.stop()

    def estimate(self, song_id: str, waiting: WaitingQueue) -> QueueEstimate:
        """The estimate for a song that runs or is in ``waiting``; an empty one for others."""
        if run := self._runs.get(song_id):
            return QueueEstimate(None, self._pace.rest(run.duration_s, run.work))
        ahead = waiting.ahead(song_id)
        if ahead is None:
            return QueueEstimate(None, None)
        count, ahead_s, duration_s = ahead
        left = self._pace.queue(self._all_left(), (count, ahead_s), duration_s, self._lanes)
        return QueueEstimate(count + 1, left)

    def next_place_s(self) -> float:
        """Seconds until a place in the queue is likely to be free."""
        known = [seconds for seconds in self._all_left() if seconds is not None]
        return min(max(min(known, default=10.0), 1.0), 600.0)

    def _all_left(self) -> list[float | None]:
        return [self._pace.rest(run.duration_s, run.work) for run in self._runs.values()]
