"""Whose webhook is called next: no clock and no network, so that each rule is seen alone."""

from collections import deque

import pytest

from orchestrator.server.webhooks import receivers
from orchestrator.server.webhooks.receivers import CALLS, CALLS_OF_GROUP, CALLS_OF_RECEIVER, Call, Turns

FAILURES = receivers._FAILURES


def taken(turns: Turns[int], now_s: float = 0.0) -> list[Call[int]]:
    calls = []
    while call := turns.take(now_s):
        calls.append(call)
    return calls


def test_a_receiver_has_few_calls_at_once_and_the_next_when_one_ends() -> None:
    turns: Turns[int] = Turns()
    for item in range(200):
        turns.add("https://slow.example/hook", item)
    turns.add("https://other.example/", 1000)
    calls = taken(turns)
    assert [call.item for call in calls] == [0, 1000, 1, 2, 3]
    assert CALLS_OF_RECEIVER == 4
    turns.ended(calls[0], 0.0, answered=True)
    assert [call.item for call in taken(turns)] == [4]


def test_receivers_take_turns_whoever_came_first() -> None:
    turns: Turns[int] = Turns()
    for item in range(3):
        for name in ("a", "b", "c"):
            turns.add(f"http://{name}{item}.{name}/", item)
    names = [call.receiver.name[0] for call in taken(turns)]
    assert len(names) == len(set(names)) == 9


@pytest.mark.parametrize(
    "urls",
    [
        [f"https://n{number}.wild.example/" for number in range(300)],
        [f"http://203.0.113.9:{port}/" for port in range(1000, 1300)],
        [f"https://r{number}.a.b.c.wild.example./" for number in range(300)],
    ],
    ids=["names of one site", "ports of one address", "deep names"],
)
def test_a_site_or_an_address_of_many_receivers_cannot_take_every_call(urls: list[str]) -> None:
    turns: Turns[int] = Turns()
    for url in urls:
        turns.add(url, 1)
    turns.add("https://other.example2/", 2)
    calls = taken(turns)
    assert len(calls) == CALLS_OF_GROUP + 1 < CALLS
    assert calls[-1].item == 2
    for call in calls[:3]:
        turns.ended(call, 0.0, answered=True)
    assert len(taken(turns)) == 3


def test_sites_that_lead_to_one_address_share_its_calls_and_none_of_them_is_forgotten() -> None:
    turns: Turns[int] = Turns()
    for number in range(100):
        turns.add(f"https://site{number}.example{number}/", number)
    waiting, ended = deque(taken(turns)), []
    assert len(waiting) == 100
    inside = [call for call in waiting if turns.enter(call, ["198.51.100.7", "2001:db8:7::1"])]
    assert len(inside) == CALLS_OF_GROUP
    while inside:
        call = inside.pop(0)
        turns.ended(call, 0.0, answered=True)
        ended.append(call.item)
        again = taken(turns)
        assert len(again) <= CALLS_OF_GROUP  # the address is known by now: no call begins in vain
        inside += [call for call in again if turns.enter(call, ["198.51.100.7", "2001:db8:7::2"])]
    assert sorted(ended) == list(range(100))


def test_an_address_that_is_called_by_itself_counts_once() -> None:
    turns: Turns[int] = Turns()
    for port in range(1000, 1100):
        turns.add(f"http://198.51.100.7:{port}/", port)
    calls = taken(turns)
    assert all(turns.enter(call, ["198.51.100.7"]) for call in calls)
    assert len(calls) == CALLS_OF_GROUP


def test_a_name_that_has_moved_is_counted_where_it_is_now() -> None:
    turns: Turns[int] = Turns()
    turns.add("https://moving.example/", 0)
    (call,) = taken(turns)
    assert turns.enter(call, ["198.51.100.7"])
    turns.ended(call, 0.0, answered=True)
    turns.add("https://moving.example/", 1)
    (call,) = taken(turns)
    assert turns.enter(call, ["198.51.100.8"])
    turns.ended(call, 0.0, answered=True)
    assert not turns._groups
    assert not turns._receivers


def test_a_receiver_that_is_dead_is_called_once_in_a_while_for_all_that_wait() -> None:
    turns: Turns[int] = Turns()
    url = "https://dead.example/hook"
    for item in range(1000):
        turns.add(url, item)
    now_s, pause_s, called, failed = 0.0, 0.0, 0, 0
    while failed < 1000:
        for call in taken(turns, now_s):
            called += 1
            paused_s, with_it = turns.ended(call, now_s, answered=False)
            pause_s = pause_s or paused_s
            failed += 1 + len(with_it)
    assert FAILURES <= called < FAILURES + CALLS_OF_RECEIVER
    for item in range(1000):
        turns.add(url, item)
    assert taken(turns, now_s + 1.0) == []
    receiver = call.receiver
    turns.offer(receiver)
    (probe,) = taken(turns, now_s + pause_s)
    pause_s, with_it = turns.ended(probe, now_s + pause_s, answered=False)
    assert len(with_it) == 999
    assert 8.0 <= pause_s <= 12.0
    turns.add(url, 7)
    turns.offer(receiver)
    (probe,) = taken(turns, now_s + 1000.0)
    turns.ended(probe, now_s + 1000.0, answered=True)
    for item in range(10):
        turns.add(url, item)
    assert len(taken(turns, now_s + 1000.0)) == CALLS_OF_RECEIVER


def test_an_answer_of_any_status_is_one_and_a_refused_address_tells_nothing() -> None:
    turns: Turns[int] = Turns()
    for answered in (True, None):
        for _ in range(3 * FAILURES):
            turns.add("https://r.example/", 1)
            (call,) = taken(turns)
            assert turns.ended(call, 0.0, answered=answered) == (0.0, [])


def test_what_is_taken_back_is_not_called_and_dead_receivers_are_not_kept_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(receivers, "_RECEIVERS_KNOWN", 10)
    turns: Turns[int] = Turns()
    turns.add("https://r.example/", 1)
    turns.remove("https://r.example/", 1)
    turns.remove("https://nobody.example/", 1)
    assert taken(turns) == []
    for number in range(100):
        turns.add(f"https://r{number}.dead/", 1)
        for call in taken(turns):
            turns.ended(call, 0.0, answered=False)
    assert len(turns._receivers) <= 12
