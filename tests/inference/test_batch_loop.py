"""The loop that several callers share."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from inference.batch_loop import BatchLoop


class Counting:
    """Members are names; each needs so many steps."""

    def __init__(self, steps: int = 3) -> None:
        self.steps = steps
        self.seated: dict[str, int] = {}
        self.log: list[tuple[str, ...]] = []
        self.gate = threading.Event()
        self.gate.set()

    def join(self, member: str) -> None:
        if "unseatable" in member:
            raise ValueError(member)
        self.seated[member] = 0

    def step(self, members: Sequence[str]) -> Mapping[int, Exception]:
        assert self.gate.wait(5.0)
        self.log.append(tuple(members))
        if "poison" in members:
            raise RuntimeError("broken")
        for member in members:
            self.seated[member] += 1
        return {place: KeyError(member) for place, member in enumerate(members) if "unlucky" in member}

    def done(self, member: str) -> bool:
        return self.seated[member] >= self.steps

    def leave(self, member: str) -> None:
        self.seated.pop(member, None)


def nothing() -> None:
    pass


def together(steps: Counting, most: int, members: Sequence[str]) -> list[BaseException | None]:
    """Runs them at once, all waiting before the first step is made; what each raised."""
    steps.gate.clear()
    loop = BatchLoop[str](steps, most, "test")
    with ThreadPoolExecutor(len(members)) as threads:
        arrived = threading.Barrier(len(members) + 1)

        def first() -> None:
            if not steps.gate.is_set():
                arrived.wait(5.0)
                steps.gate.wait(5.0)

        futures = [threads.submit(loop.run, member, first) for member in members]
        arrived.wait(5.0)
        steps.gate.set()
        found = [future.exception() for future in futures]
    assert not steps.seated
    return found


def test_all_are_done_and_no_more_at_a_time_than_may() -> None:
    steps = Counting()
    assert together(steps, 4, [f"{n}" for n in range(10)]) == [None] * 10
    assert max(len(members) for members in steps.log) == 4
    assert sum(len(members) for members in steps.log) == 30


def test_what_fails_for_one_ends_that_one_alone() -> None:
    steps = Counting()
    found = together(steps, 8, ["a", "unlucky", "b", "unseatable", "c"])
    assert [type(error) for error in found] == [type(None), KeyError, type(None), ValueError, type(None)]


def test_a_broken_step_ends_all_who_took_part_and_none_after() -> None:
    steps = Counting(10**9)
    loop = BatchLoop[str](steps, 8, "test")
    with ThreadPoolExecutor(3) as threads:
        futures = [threads.submit(loop.run, member, nothing) for member in ("a", "b")]
        while not steps.log or len(steps.log[-1]) < 2:
            pass
        futures.append(threads.submit(loop.run, "poison", nothing))
        assert all("broken" in str(future.exception()) for future in futures)
    steps.steps = 3
    loop.run("a", nothing)
    assert not steps.seated


def test_who_gives_up_has_left_after_one_more_step() -> None:
    steps = Counting(10**9)
    seen: list[int] = []

    def give_up() -> None:
        seen.append(len(steps.log))
        if len(seen) == 3:
            steps.gate.clear()  # one step at the most is past this now
            raise TimeoutError

    with pytest.raises(TimeoutError):
        BatchLoop[str](steps, 8, "test").run("a", give_up)
    before = len(steps.log)
    steps.gate.set()
    for thread in threading.enumerate():
        if thread.name == "test":
            thread.join(5.0)
    assert len(steps.log) - before <= 1
    assert not steps.seated


def test_the_thread_ends_when_nothing_is_left_to_do() -> None:
    steps = Counting()
    loop = BatchLoop[str](steps, 8, "idle")
    for _ in range(50):
        loop.run("a", nothing)
    for thread in threading.enumerate():
        if thread.name == "idle":
            thread.join(5.0)
    assert "idle" not in {thread.name for thread in threading.enumerate()}


def test_an_errand_is_run_in_the_loops_thread_while_members_go_on_and_its_error_comes_back() -> None:
    loop = BatchLoop[str](Counting(), 2, "loop")
    names = [loop.do(lambda: threading.current_thread().name, lambda: None) for _ in range(2)]
    assert names == ["loop", "loop"]

    def broken() -> None:
        raise ZeroDivisionError("in the errand")

    with pytest.raises(ZeroDivisionError, match="in the errand"):
        loop.do(broken, lambda: None)


def test_an_errand_whose_caller_goes_is_not_waited_for() -> None:
    loop = BatchLoop[str](Counting(), 2, "loop")
    go = threading.Event()

    def leave() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        loop.do(lambda: go.wait(9.0), leave)
    go.set()
    assert loop.do(lambda: "next", lambda: None) == "next"
