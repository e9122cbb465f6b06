from __future__ import annotations

import threading
import time

import pytest

from config.errors import Cancelled
from music.sketch.crew import Span, Tick, run


def watched() -> tuple[list[float], Span]:
    seen: list[float] = []
    return seen, Span(lambda _stage, fraction: seen.append(fraction), "playing", 0.2, 0.6)


def working(steps: int) -> object:
    def piece(tick: Tick) -> int:
        for step in range(steps):
            tick(step / steps)
            time.sleep(0.01)
        return steps

    return piece


def test_results_come_back_in_order_and_progress_rises_through_its_span() -> None:
    seen, span = watched()
    assert run([working(n) for n in (20, 1, 5)], span) == [20, 1, 5]  # type: ignore[list-item]
    assert seen == sorted(seen)
    assert seen[0] >= 0.2
    assert seen[-1] == pytest.approx(0.6)


def test_a_caller_who_leaves_stops_all_hands_at_once() -> None:
    def gone(_stage: str, _fraction: float) -> None:
        raise Cancelled

    before, started = threading.active_count(), time.monotonic()
    with pytest.raises(Cancelled):
        run([working(1000) for _ in range(5)], Span(gone, "playing", 0.0, 1.0))  # type: ignore[misc]
    assert time.monotonic() - started < 1.0
    assert threading.active_count() <= before  # others may have ended meanwhile


def test_one_failure_stops_the_others_and_is_the_one_that_is_raised() -> None:
    def broken(tick: Tick) -> int:
        tick(0.0)
        raise ValueError("a broken string")

    started = time.monotonic()
    with pytest.raises(ValueError, match="a broken string"):
        run([working(1000), broken], watched()[1])  # type: ignore[list-item]
    assert time.monotonic() - started < 1.0
