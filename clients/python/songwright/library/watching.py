"""What happens in the library, through broken connections and restarts of the service."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from songwright.answers import Summary, summary_of
from songwright.effects import Flow, Hand, Lost, open_stream, read, sleep
from songwright.errors import ClientError, ConnectionFailed, error_of
from songwright.events import Event, Events
from songwright.library import calls
from songwright.retry import NOT_OURS, Attempts, Patience


@dataclass(frozen=True)
class LibraryEvent:
    """Something that happened in the library."""

    kind: Literal["song", "deleted", "reset"]
    """"song": one is new, or something of it has changed; "deleted"; "reset": read the list anew, for what
    happened before is not known."""
    id: str = ""
    """The song's."""
    song: Summary | None = None
    """The song as it is now; None unless ``kind`` is "song"."""


def watch(patience: Patience) -> Flow[None]:
    """Hand over each ``LibraryEvent``. Ends only by an error: ``ApiError`` or ``ConnectionFailed``."""
    attempts, events = Attempts(patience), Events()
    while True:
        error: ClientError
        request = calls.events(events.last_id)
        events.begin()
        try:
            response = yield from open_stream(request)
            if response.status == 200:
                kind = response.headers.get("content-type", "")
                if not kind.startswith("text/event-stream"):
                    raise ConnectionFailed(str(request), f"the answer is {kind or 'of no type'}", retry=False)
                while data := (yield from read()):
                    for event in events.feed(data):
                        if told := _event_of(event, str(request)):
                            yield Hand(told)
                error = ConnectionFailed(str(request), "the stream was closed")
            else:
                error = error_of(response.status, response.headers, response.body)
        except Lost as failure:
            error = failure.error(request)
        if events.alive:
            attempts.reset()
        pause_s = attempts.pause_s(error)
        if events.alive and events.retry_s is not None:
            pause_s = events.retry_s
        yield from sleep(pause_s)


def _event_of(event: Event, request: str) -> LibraryEvent | None:
    """The event; None for one of a newer service."""
    try:
        if event.name == "reset":
            return LibraryEvent("reset")
        if event.name == "deleted":
            return LibraryEvent("deleted", str(json.loads(event.data)["id"]))
        if event.name == "song":
            song = summary_of(json.loads(event.data))
            return LibraryEvent("song", song.id, song)
    except NOT_OURS as error:
        what = f"the event {event.name!r} is not one of Songwright's"
        raise ConnectionFailed(request, what, retry=False) from error
    return None
