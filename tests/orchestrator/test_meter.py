import threading
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.estimates.meter import Meter, Usage


class Clock:
    """Shows what it is set to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_alone_the_share_is_the_whole_time() -> None:
    clock = Clock()
    meter = Meter("L40S", clock)
    clock.now += 5
    with meter.measure() as measured:
        clock.now += 2.5
    assert measured.usage == Usage(seconds=2.5, wall_s=2.5, gpu="L40S")


def test_eight_songs_in_one_batch_cost_an_eighth_each() -> None:
    clock = Clock()
    meter = Meter(clock=clock)
    with ExitStack() as together:
        songs = [together.enter_context(meter.measure()) for _ in range(8)]
        clock.now += 16
    assert [song.usage for song in songs] == [Usage(seconds=2.0, wall_s=16.0)] * 8


def test_who_comes_later_pays_for_what_it_shared() -> None:
    clock = Clock()
    meter = Meter(clock=clock)
    with meter.measure() as first:
        clock.now += 4
        with meter.measure() as second:
            clock.now += 2
        clock.now += 1
    assert (first.usage.seconds, second.usage.seconds) == (4 + 1 + 1, 1)
    assert (first.usage.wall_s, second.usage.wall_s) == (7, 2)


@given(
    spans=st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)).map(sorted), min_size=1, max_size=8)
)
def test_the_shares_of_all_add_up_to_the_time_in_which_there_was_work(spans: list[list[int]]) -> None:
    clock = Clock()
    meter = Meter(clock=clock)
    busy = {second for begin, end in spans for second in range(begin, end)}
    running = {number: meter.measure() for number in range(len(spans))}
    begins = [(begin, 0, number) for number, (begin, _) in enumerate(spans)]
    ends = [(end, 1, number) for number, (_, end) in enumerate(spans)]
    measured = {}
    for when, is_end, number in sorted(begins + ends):
        clock.now = when
        if is_end:
            running[number].__exit__(None, None, None)
        else:
            measured[number] = running[number].__enter__()
    usages = [measured[number].usage for number in range(len(spans))]
    assert sum(usage.seconds for usage in usages) == pytest.approx(len(busy))
    for usage, (begin, end) in zip(usages, spans, strict=True):
        assert usage.wall_s == pytest.approx(end - begin)
        assert usage.wall_s / len(spans) - 1e-6 <= usage.seconds <= usage.wall_s + 1e-6


def test_eight_threads_share_a_real_clock() -> None:
    meter = Meter()
    gate = threading.Barrier(8)
    found: list[Usage] = []

    def work() -> None:
        with meter.measure() as measured:
            gate.wait(5)
            threading.Event().wait(0.05)
        found.append(measured.usage)

    with meter.measure() as whole:  # a ninth, from before the first to after the last
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    shares = whole.usage.seconds + sum(usage.seconds for usage in found)
    assert shares == pytest.approx(whole.usage.wall_s)
    assert all(usage.seconds < usage.wall_s / 2 for usage in found)
