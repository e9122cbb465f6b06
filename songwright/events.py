"""Server-sent events (HTML standard, section 9.2), read from bytes as they come."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_LINE_END = re.compile("\r\n|\n|\r")


@dataclass(frozen=True)
class Event:
    """One event: its name, and its data."""

    name: str
    data: str


class Events:
    """Takes a stream's bytes in pieces of any size, and those of the connections after the first."""

    def __init__(self) -> None:
        self.last_id = ""
        """The id of the last event, to come back with."""
        self.retry_s: float | None = None
        """How long the service wants to be left alone before the next connection."""
        self.begin()

    def begin(self) -> None:
        """What comes next is from a new connection: a line or an event that was broken off is dropped."""
        self.alive = False
        """Whether an event or a comment has come, so that the stream is more than a connection."""
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._rest = ""
        self._name = ""
        self._data: list[str] = []
        self._id = self.last_id

    def feed(self, data: bytes) -> list[Event]:
        """The events that ``data`` completes."""
        text = self._rest + self._decoder.decode(data)
        # A carriage return at the end may be half of a line's end.
        held = text[-1:] if text.endswith("\r") else ""
        *lines, rest = _LINE_END.split(text[: len(text) - len(held)])
        self._rest = rest + held
        return [event for line in lines if (event := self._line(line))]

    def _line(self, line: str) -> Event | None:
        if not line:
            return self._dispatched()
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

    def _dispatched(self) -> Event | None:
        self.last_id = self._id or self.last_id
        event = Event(self._name or "message", "\n".join(self._data)) if self._data else None
        self.alive = self.alive or event is not None
        self._name, self._data = "", []
        return event
