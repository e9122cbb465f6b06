"""Server-sent events, whatever the pieces they come in."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from songwright.events import Event, Events

STREAM = (
    "\ufeffretry: 1500\n\n: keep-alive\n\n"
    "id: 1.0\nevent: status\ndata: {\"a\": 1}\n\n"
    "id: 2.0\r\nevent: progress\r\ndata:first\r\ndata: second – 雨\r\n\r\n"
    "data\n\nevent: nothing\n\nid: 3.0\rdata: end\r\r"
    "data: not finished\n"
).encode()  # fmt: skip
EVENTS = [
    Event("status", '{"a": 1}'),
    Event("progress", "first\nsecond – 雨"),
    Event("message", ""),
    Event("message", "end"),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_a_stream_is_read_alike_in_pieces_of_any_size(cuts: list[int]) -> None:
    events = Events()
    places = [0, *sorted(cuts), len(STREAM)]
    read = [event for start, end in itertools.pairwise(places) for event in events.feed(STREAM[start:end])]
    assert read == EVENTS
    assert (events.last_id, events.retry_s, events.alive) == ("3.0", 1.5, True)


def test_what_one_connection_broke_off_is_no_part_of_the_next() -> None:
    events = Events()
    [first] = events.feed(b'id: 1.0\ndata: one\n\nid: 1.1\ndata: {"pa')
    events.begin()
    assert events.last_id == "1.0"
    assert [first, *events.feed(b"retry: 2000\n\ndata: two\n\n")] == [
        Event("message", "one"),
        Event("message", "two"),
    ]
    assert events.last_id == "1.0"


def test_a_stream_that_only_names_a_pause_is_not_alive() -> None:
    events = Events()
    assert events.feed(b"retry: 2000\n\n") == []
    assert not events.alive
    events.feed(b": keep-alive\n\n")
    assert events.alive
