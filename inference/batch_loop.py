"""A loop of steps over a batch of members from several callers: a member joins between two steps, and leaves
when it is done or cancelled. The engine defines the step.

On a CPU, one thread should do all the work of a model. OpenMP keeps a set of worker threads for each thread
that computes; if there are more of them than cores, they sleep after every matrix product, which doubles the
time of a step."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from typing import Generic, Protocol, TypeVar, cast

_REPORT_S = 0.05  # how often callers report: waking all of them after each step would slow down short steps

Member = TypeVar("Member")
_In = TypeVar("_In", contravariant=True)
T = TypeVar("T")


class Steps(Protocol[_In]):
    """What the loop does with its members, one call at a time, in its own thread."""

    def join(self, member: _In) -> None:
        """Called before a member's first step. What it raises is raised in that member's caller."""

    def step(self, members: Sequence[_In]) -> Mapping[int, Exception]:
        """Advances all members by one step. Returns the failures of single members by their index in
        ``members``: those leave, and the others continue. What it raises ends all of them."""

    def done(self, member: _In) -> bool:
        """Whether it needs no more steps. Raises nothing."""

    def leave(self, member: _In) -> None:
        """Called after a member's last step, done or not, and after a ``join`` that raised. Raises
        nothing."""


class BatchLoop(Generic[Member]):
    """Runs members as one batch in its own thread, which ends when nothing is left to do."""

    def __init__(self, steps: Steps[Member], most: int, name: str) -> None:
        """Up to ``most`` members run at a time; more wait. ``name`` is the thread's name."""
        self._steps = steps
        self._most = most
        self._name = name
        self._lock = threading.Lock()
        self._waiting: deque[_Entry[Member]] = deque()
        self._tasks: deque[tuple[Callable[[], object], Future[object]]] = deque()
        self._thread: threading.Thread | None = None

    def run(self, member: Member, report: Callable[[], None]) -> None:
        """Blocks until ``member`` is done. ``report`` is called in the caller's thread every 0.05 s; if it
        raises, the member leaves before the next step."""
        entry = _Entry(member)
        with self._lock:
            self._waiting.append(entry)
            self._start()
        try:
            report()
            while not entry.ended.wait(_REPORT_S):
                report()
        except BaseException:
            entry.cancelled = True
            raise
        if entry.failure is not None:
            raise entry.failure

    def do(self, work: Callable[[], T], report: Callable[[], None]) -> T:
        """Runs ``work`` in the loop's thread, between two steps. ``report`` as in ``run``."""
        done: Future[object] = Future()
        with self._lock:
            self._tasks.append((work, done))
            self._start()
        try:
            report()
            while not wait([done], _REPORT_S).done:
                report()
        except BaseException:
            done.cancel()
            raise
        return cast(T, done.result())

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
            self._thread.start()

    def _loop(self) -> None:
        running: list[_Entry[Member]] = []
        while True:
            for entry in [entry for entry in running if entry.over or self._steps.done(entry.member)]:
                running.remove(entry)
                self._remove(entry)
            while joining := self._next(len(running)):
                if isinstance(joining, _Entry):
                    self._admit(joining, running)
                else:
                    _run(*joining)
            if not running:
                return
            try:
                failures = self._steps.step([entry.member for entry in running])
            except Exception as error:  # noqa: BLE001 - raised again in each member's caller
                failures = dict.fromkeys(range(len(running)), error)
            for place, failure in failures.items():
                running[place].failure = failure

    def _next(self, running: int) -> _Entry[Member] | tuple[Callable[[], object], Future[object]] | None:
        """A task, or the member that joins ``running`` others, or None. If there is no member at all, this
        thread is over."""
        with self._lock:
            if self._tasks:
                return self._tasks.popleft()
            while self._waiting and running < self._most:
                entry = self._waiting.popleft()
                if not entry.cancelled:
                    return entry
            if not running:
                self._thread = None
            return None

    def _admit(self, entry: _Entry[Member], running: list[_Entry[Member]]) -> None:
        try:
            self._steps.join(entry.member)
            running.append(entry)
        except Exception as error:  # noqa: BLE001 - raised again in the member's caller
            entry.failure = error
            self._remove(entry)

    def _remove(self, entry: _Entry[Member]) -> None:
        self._steps.leave(entry.member)
        entry.ended.set()


def _run(work: Callable[[], object], done: Future[object]) -> None:
    if done.set_running_or_notify_cancel():
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again in its caller
            done.set_exception(error)


class _Entry(Generic[Member]):
    """A member and its state."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.ended = threading.Event()
        self.cancelled = False
        self.failure: Exception | None = None

    @property
    def over(self) -> bool:
        return self.cancelled or self.failure is not None
