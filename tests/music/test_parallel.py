from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from config.errors import Cancelled
from music.sketch import parallel
from music.sketch.instruments import RATE_HZ
from music.sketch.parallel import Span, Tick, run
from music.sketch.production import produce
from tests.music.scores import small_score


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


def test_a_song_has_the_same_bytes_with_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def song(threads: int) -> list[bytes]:
        monkeypatch.setattr(parallel, "THREADS", threads)
        made = produce(small_score(10.0), 10 * RATE_HZ, seed=1, report=lambda _stage, _fraction: None)
        return [made.samples.tobytes(), *(stem.tobytes() for stem in made.stems.values())]

    assert song(1) == song(2) == song(5)


def test_matrix_products_use_no_threads_of_their_own() -> None:
    code = (
        "import os, threading, numpy as np\n"
        "from music.sketch.parallel import keep_matrix_products_on_one_core\n"
        "keep_matrix_products_on_one_core()\n"
        "many = np.ones((1500, 1500), dtype=np.float32)\n"
        "import time; began = time.process_time(), time.thread_time()\n"
        "for _ in range(10): many @ many\n"
        "print(time.process_time() - began[0], time.thread_time() - began[1])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    all_threads_s, this_thread_s = map(float, answer.split())
    assert all_threads_s == pytest.approx(this_thread_s, rel=0.1)


def test_one_failure_stops_the_others_and_is_the_one_that_is_raised() -> None:
    def broken(tick: Tick) -> int:
        tick(0.0)
        raise ValueError("a broken string")

    started = time.monotonic()
    with pytest.raises(ValueError, match="a broken string"):
        run([working(1000), broken], watched()[1])  # type: ignore[list-item]
    assert time.monotonic() - started < 1.0
