"""Gathering, with a maker that makes nothing but counts and waits."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

from config.errors import Cancelled
from music.contract import MusicRequest
from music.variations import AllCancelled, Variation, Variations


class Maker:
    """Holds each batch at its half until ``go`` is set, or until all have left."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.started, self.go, self.deserted = threading.Event(), threading.Event(), threading.Event()
        self.failure: Exception | None = None

    def __call__(self, songs: Sequence[Variation]) -> None:
        self.batches.append([song.request.seed for song in songs])
        for song in songs:
            song.fraction = 0.5
        self.started.set()
        while not self.go.wait(0.01):
            if not any(song.wanted for song in songs):
                self.deserted.set()
                raise AllCancelled
        if self.failure:
            raise self.failure
        for song in songs:
            song.samples = np.full((2, 10), song.request.seed, np.float32)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(12) as pool:
        yield pool


@pytest.fixture
def maker() -> Iterator[Maker]:
    made = Maker()
    yield made
    made.go.set()


def request(seed: int, **more: object) -> MusicRequest:
    return MusicRequest.model_validate({"prompt": "lofi", "seed": seed} | more)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 5.0
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gathers those who come at the same time on however busy a machine."""
    monkeypatch.setattr("music.variations._GATHER_S", 0.5)


def ask(
    threads: ThreadPoolExecutor,
    variations: Variations,
    request: MusicRequest,
    reported: list[float] | None = None,
) -> "Future[np.ndarray]":  # type: ignore[type-arg]
    return threads.submit(variations.samples, request, (reported if reported is not None else []).append)


def test_those_that_wait_and_differ_only_in_the_seed_are_made_together(
    threads: ThreadPoolExecutor, maker: Maker
) -> None:
    variations = Variations(maker, most=4)
    first = ask(threads, variations, request(100))
    assert maker.started.wait(5.0)
    others = []
    for seed, title in enumerate(["", "", "another", "", "", ""]):
        others.append(ask(threads, variations, request(seed, title=title)))
        until(lambda: len(variations._waiting) == len(others))
    maker.go.set()
    songs = [future.result(5.0) for future in (first, *others)]
    assert [song[0, 0] for song in songs] == [100, *range(6)]
    assert maker.batches == [[100], [0, 1, 3, 4], [2], [5]]


@pytest.mark.usefixtures("patient")
def test_variations_asked_for_at_the_same_time_are_one_batch(
    threads: ThreadPoolExecutor, maker: Maker
) -> None:
    maker.go.set()
    variations = Variations(maker, most=4)
    list(threads.map(lambda seed: variations.samples(request(seed), lambda _: None), range(4)))
    assert sorted(maker.batches[0]) == [0, 1, 2, 3]


@pytest.mark.usefixtures("patient")
def test_each_caller_is_told_in_its_own_thread(threads: ThreadPoolExecutor, maker: Maker) -> None:
    variations = Variations(maker, most=2)
    threads_of: dict[int, set[int]] = {0: set(), 1: set()}
    fractions: list[float] = []

    def watch(seed: int) -> int:
        def report(fraction: float) -> None:
            threads_of[seed].add(threading.get_ident())
            fractions.append(fraction)
            if fraction == 0.5 and len(fractions) > 6:
                maker.go.set()

        variations.samples(request(seed), report)
        return threading.get_ident()

    idents = list(threads.map(watch, (0, 1)))
    assert [threads_of[0], threads_of[1]] == [{idents[0]}, {idents[1]}]
    assert 0.5 in fractions


@pytest.mark.usefixtures("patient")
def test_one_that_leaves_is_not_held_up_and_the_others_go_on(
    threads: ThreadPoolExecutor, maker: Maker
) -> None:
    variations = Variations(maker, most=2)
    left_at: list[float] = []

    def leave(fraction: float) -> None:
        if fraction:
            left_at.append(time.monotonic())
            raise Cancelled

    leaving = threads.submit(variations.samples, request(0), leave)
    staying = ask(threads, variations, request(1))
    with pytest.raises(Cancelled):
        leaving.result(5.0)
    assert time.monotonic() - left_at[0] < 1.0  # at once, but for a busy machine
    assert not staying.done()
    assert not maker.deserted.is_set()
    maker.go.set()
    assert staying.result(5.0)[0, 0] == 1


def test_one_that_leaves_while_it_waits_is_never_begun(threads: ThreadPoolExecutor, maker: Maker) -> None:
    variations = Variations(maker, most=1)
    first = ask(threads, variations, request(0))
    assert maker.started.wait(5.0)

    def leave(_: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        variations.samples(request(1), leave)
    maker.go.set()
    first.result(5.0)
    ask(threads, variations, request(2)).result(5.0)
    assert maker.batches == [[0], [2]]


@pytest.mark.usefixtures("patient")
def test_the_maker_stops_when_all_have_left_and_the_next_is_made(
    threads: ThreadPoolExecutor, maker: Maker
) -> None:
    variations = Variations(maker, most=2)

    def leave(fraction: float) -> None:
        if fraction:
            raise Cancelled

    for future in [threads.submit(variations.samples, request(seed), leave) for seed in (0, 1)]:
        with pytest.raises(Cancelled):
            future.result(5.0)
    assert maker.deserted.wait(5.0)
    maker.go.set()
    assert ask(threads, variations, request(3)).result(5.0)[0, 0] == 3


@pytest.mark.usefixtures("patient")
def test_an_error_reaches_every_caller_of_the_batch_and_only_those(
    threads: ThreadPoolExecutor, maker: Maker
) -> None:
    variations = Variations(maker, most=3)
    maker.failure = MemoryError("no room")
    futures = [ask(threads, variations, request(seed)) for seed in range(3)]
    assert maker.started.wait(5.0)
    maker.go.set()
    for future in futures:
        with pytest.raises(MemoryError, match="no room"):
            future.result(5.0)
    maker.failure = None
    assert ask(threads, variations, request(9)).result(5.0)[0, 0] == 9


def test_its_thread_ends_when_nothing_is_left_to_do(maker: Maker) -> None:
    maker.go.set()
    variations = Variations(maker, most=4)
    variations.samples(request(0), lambda _: None)
    until(lambda: variations._thread is None)
