"""Work of several callers in one loop of steps: a new one joins between two steps, a finished or unwanted one
leaves. What a step is, is up to the engine.

All that a model computes on a CPU belongs in one thread: for each thread that computes, OpenMP keeps others,
and where these are more than the cores, it puts them to sleep after every product, which doubles the time of
a step.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from typing import Generic, Protocol, TypeVar, cast

_LOOK_S = 0.05  # how often callers report: to wake all of them after each step would slow down quick ones

Member = TypeVar("Member")
_In = TypeVar("_In", contravariant=True)
T = TypeVar("T")


class Steps(Protocol[_In]):
    """What is done with the members, one call at a time, in a thread of the loop's own."""

    def join(self, member: _In) -> None:
        """Before a member's first step. What it raises is raised to that member's caller."""

    def step(self, members: Sequence[_In]) -> Mapping[int, Exception]:
        """Takes all of them one step on. Answers what went wrong for single ones, by their place in
        ``members``: they leave, and the others go on. What it raises ends them all."""

    def done(self, member: _In) -> bool:
        """Whether it needs no more steps. Raises nothing."""

    def leave(self, member: _In) -> None:
        """After a member's last step, done or not, and after a ``join`` that raised. Raises nothing."""


class Together(Generic[Member]):
    """Runs members together in a thread of its own, which ends when nothing is left to do."""

    def __init__(self, steps: Steps[Member], most: int, name: str) -> None:
        """``most`` members at a time; more wait for their turn. ``name`` is the thread's."""
        self._steps = steps
        self._most = most
        self._name = name
        self._changing = threading.Lock()
        self._waiting: deque[_Seat[Member]] = deque()
        self._errands: deque[tuple[Callable[[], object], Future[object]]] = deque()
        self._thread: threading.Thread | None = None

    def run(self, member: Member, report: Callable[[], None]) -> None:
        """Until ``member`` is done; ``report`` is called in the caller's own thread every 0.05 s. What it
        raises takes the member out before the next step."""
        seat = _Seat(member)
        with self._changing:
            self._waiting.append(seat)
            self._start()
        try:
            report()
            while not seat.ended.wait(_LOOK_S):
                report()
        except BaseException:
            seat.unwanted = True
            raise
        if seat.failure is not None:
            raise seat.failure

    def do(self, work: Callable[[], T], report: Callable[[], None]) -> T:
        """``work`` in the loop's thread, between two steps; ``report`` as in ``run``."""
        done: Future[object] = Future()
        with self._changing:
            self._errands.append((work, done))
            self._start()
        try:
            report()
            while not wait([done], _LOOK_S).done:
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
        running: list[_Seat[Member]] = []
        while True:
            for seat in [seat for seat in running if seat.over or self._steps.done(seat.member)]:
                running.remove(seat)
                self._let_out(seat)
            while joining := self._next(len(running)):
                if isinstance(joining, _Seat):
                    self._let_in(joining, running)
                else:
                    _run(*joining)
            if not running:
                return
            try:
                failures = self._steps.step([seat.member for seat in running])
            except Exception as error:  # noqa: BLE001 - it is raised again where each member is waited for
                failures = dict.fromkeys(range(len(running)), error)
            for place, failure in failures.items():
                running[place].failure = failure

    def _next(self, running: int) -> _Seat[Member] | tuple[Callable[[], object], Future[object]] | None:
        """An errand, or who joins beside so many. If nobody is there and nobody comes, this thread is
        over."""
        with self._changing:
            if self._errands:
                return self._errands.popleft()
            while self._waiting and running < self._most:
                seat = self._waiting.popleft()
                if not seat.unwanted:
                    return seat
            if not running:
                self._thread = None
            return None

    def _let_in(self, seat: _Seat[Member], running: list[_Seat[Member]]) -> None:
        try:
            self._steps.join(seat.member)
            running.append(seat)
        except Exception as error:  # noqa: BLE001 - it is raised again where the member is waited for
            seat.failure = error
            self._let_out(seat)

    def _let_out(self, seat: _Seat[Member]) -> None:
        self._steps.leave(seat.member)
        seat.ended.set()


def _run(work: Callable[[], object], done: Future[object]) -> None:
    if done.set_running_or_notify_cancel():
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            done.set_exception(error)


class _Seat(Generic[Member]):
    """A member, and how it stands with it."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.ended = threading.Event()
        self.unwanted = False
        self.failure: Exception | None = None

    @property
    def over(self) -> bool:
        return self.unwanted or self.failure is not None
