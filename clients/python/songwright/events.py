"""Server-sent events (HTML standard, section 9.2), parsed from bytes as they come."""

# Not httpx-sse 0.4.3, which loses three things that tests/songwright/test_events.py holds. It drops comments,
# so a stream that only keeps alive looks dead (test_a_stream_that_only_names_a_pause_is_not_alive). It makes
# events of blocks without data, and drops the first line after a byte order mark
# (test_a_stream_is_read_alike_in_pieces_of_any_size). It also wants an open response of httpx, which would
# take the logic of reconnecting out of the flows, where both clients share it.

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_LINE_END = re.compile("\r\n|\n|\r")


@dataclass(frozen=True)
class Event:
    """One event: its name and its data."""

    name: str
    data: str


class Events:
    """Parses a stream, whose bytes come in pieces of any size, over one connection after another."""

    def __init__(self) -> None:
        self.last_id = ""
        """The id of the last event: the next request's ``Last-Event-ID``."""
        self.retry_s: float | None = None
        """How many seconds the service wants to pass before the next connection; None until it says so."""
        self.begin()

    def begin(self) -> None:
        """Start with a new connection. A line or an event that the old one broke off is dropped."""
        self.alive = False
        """Whether this connection has brought an event or a comment."""
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._rest = ""
        self._name = ""
        self._data: list[str] = []
        self._id = self.last_id

    def feed(self, data: bytes) -> list[Event]:
        """The events that ``data`` completes."""
        text = self._rest + self._decoder.decode(data)
        # A carriage return at the end may be the first half of a line end.
        held = text[-1:] if text.endswith("\r") else ""
        *lines, rest = _LINE_END.split(text[: len(text) - len(held)])
        self._rest = rest + held
        return [event for line in lines if (event := self._parse(line))]

    def _parse(self, line: str) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "":
            self.alive = True
        elif name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_s = int(value) / 1000
        return None

    def _dispatch(self) -> Event | None:
        self.last_id = self._id or self.last_id
        event = Event(self._name or "message", "\n".join(self._data)) if self._data else None
        self.alive = self.alive or event is not None
        self._name, self._data = "", []
        return event
