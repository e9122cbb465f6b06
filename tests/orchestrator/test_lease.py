"""The lease of a bucket, renewed and watched by clocks that the tests move."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.errors import Conflict, StoreUnavailable
from orchestrator.jobs.lease import KEY, Holder, LeaseClient, is_leased, leased
from storage.local import LocalStore


class Clock:
    """Goes on when it is moved."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Faulty(LocalStore):
    """Does what it is to do, and loses the answer."""

    lost = 0

    def put_if(self, key: str, data: bytes, content_type: str, *, etag: str | None) -> str:
        answer = super().put_if(key, data, content_type, etag=etag)
        if self.lost:
            self.lost -= 1
            raise StoreUnavailable("the answer was lost", "ask again")
        return answer


def service(name: str, renewal_s: float = 45.0) -> Holder:
    return Holder(f"{name} id", f"the service {name}", renewal_s)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Faulty:
    return Faulty(tmp_path)


def test_a_lease_that_is_renewed_is_never_taken(store: Faulty, clock: Clock) -> None:
    first, second = LeaseClient(store, service("a")), LeaseClient(store, service("b"), clock)
    assert not is_leased(store)
    assert first.acquire() is None
    assert is_leased(store)
    for renewals in range(5):
        other = second.acquire()
        assert other
        assert other.name == "the service a"
        assert second.changes == renewals
        clock.now_s += 89.0
        assert first.renew() is None


def test_a_silent_holder_loses_it_after_two_renewals_and_finds_that(store: Faulty, clock: Clock) -> None:
    first, second = LeaseClient(store, service("a")), LeaseClient(store, service("b"), clock)
    assert first.acquire() is None
    for now_s, taken in ((0.0, False), (50.0, False), (89.9, False), (90.0, True)):
        clock.now_s = now_s
        assert (second.acquire() is None) == taken
    lost_to = first.renew()
    assert lost_to
    assert lost_to.name == "the service b"
    assert second.renew() is None
    first.release()  # which is not its to let go any more
    assert is_leased(store)


def test_the_same_holder_and_whoever_follows_a_stop_have_it_at_once(store: Faulty, clock: Clock) -> None:
    assert LeaseClient(store, service("a")).acquire() is None
    again = LeaseClient(store, service("a"), clock)
    assert again.acquire() is None
    again.release()
    assert not is_leased(store)
    assert LeaseClient(store, service("b"), clock).acquire() is None


def test_a_copy_of_a_holder_is_found_out_at_the_next_renewal(store: Faulty) -> None:
    """As where a virtual machine was cloned with its folder: the copy that starts last has it."""
    one, copy = LeaseClient(store, service("a")), LeaseClient(store, service("a"))
    assert one.acquire() is None
    assert copy.acquire() is None
    assert one.renew()
    assert copy.renew() is None


def test_a_standing_lease_does_not_lapse_and_is_not_written_again(store: Faulty, clock: Clock) -> None:
    deployment = LeaseClient(store, service("a", 0.0))
    assert deployment.acquire() is None
    before = store.version(KEY)
    assert LeaseClient(store, service("a", 0.0)).acquire() is None
    assert store.version(KEY) == before
    other = LeaseClient(store, service("b"), clock)
    for _ in range(3):
        assert other.acquire()
        clock.now_s += 1e6
    refusal = "the bucket is that of the service a, which makes its songs - stop"
    with pytest.raises(Conflict, match=refusal), leased(store, service("b"), lambda _line: None):
        pytest.fail("it was given")
    with leased(store, service("b"), lambda _line: None, take_over=True) as tenure:
        tenure.check()
        stands = deployment.other()
        assert stands
        assert stands.name == "the service b"
    assert deployment.other() is None


def test_a_renewal_whose_answer_was_lost_loses_nothing(store: Faulty) -> None:
    lessee = LeaseClient(store, service("a"))
    assert lessee.acquire() is None
    for lost in (1, 3):
        store.lost = lost
        for _ in range(lost):
            with pytest.raises(StoreUnavailable):
                lessee.renew()
        assert lessee.renew() is None
        assert lessee.renew() is None


def test_a_lease_that_was_deleted_is_made_again_by_its_holder(store: Faulty) -> None:
    lessee = LeaseClient(store, service("a"))
    assert lessee.acquire() is None
    store.delete(KEY)
    assert lessee.renew() is None
    assert lessee.renew() is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"holder": "x"}',
        b'{"holder":"x","name":"x","renewal_s":1e9,"version":"","at":0}',
    ],
)
def test_a_lease_that_cannot_be_read_is_somebodys_until_it_has_been_silent(
    store: Faulty, clock: Clock, data: bytes
) -> None:
    store.put(KEY, data, "application/json")
    lessee = LeaseClient(store, service("a"), clock)
    other = lessee.acquire()
    assert other
    assert other.name == "a service whose lease cannot be read"
    clock.now_s += 90.0
    assert lessee.acquire() is None


def test_of_services_that_start_together_one_has_the_bucket(store: Faulty) -> None:
    together = threading.Barrier(8)

    def begin(number: int) -> bool:
        together.wait()
        return LeaseClient(store, service(str(number))).acquire() is None

    with ThreadPoolExecutor(8) as services:
        assert sum(services.map(begin, range(8))) == 1
