"""Waiting for a song: by its events, or where these are not available by asking for its state; and listening
to it meanwhile."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable
from typing import Any

from songwright import calls
from songwright.answers import Progress, Song, song_of
from songwright.checks import checked_wait
from songwright.effects import Flow, Hand, Lost, Response, open_stream, read, send, sleep
from songwright.errors import (
    ApiError,
    ClientError,
    ConnectionFailed,
    NotFound,
    SongCancelled,
    SongFailed,
    WaitTimeout,
    error_of,
)
from songwright.events import Event, Events
from songwright.retry import NOT_OURS, Attempts, Patience, request_json

log = logging.getLogger("songwright.client")

OnProgress = Callable[[Progress], None]
_EVENT_NAMES = frozenset({"status", "queue", "progress", "end"})
_SHORTEST_LOOK_S = 1.0
_LISTEN_AGAIN_S = 0.5
_MOST_FRUITLESS = 3  # connections in a row that bring nothing; after them, the events are given up


class _EventsUnavailable(Exception):
    """The events cannot be had; the message says why."""


class Wait:
    """One wait for one song."""

    def __init__(
        self,
        song_id: str,
        patience: Patience,
        on_progress: OnProgress | None,
        timeout_s: float | None,
        poll_s: float,
    ) -> None:
        self._song_id = song_id
        self._patience = patience
        self._on_progress = on_progress
        self._timeout_s = timeout_s = checked_wait(timeout_s)
        self._poll_s = poll_s
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s
        self._events = Events()
        self._status = "queued"

    def result(self) -> Flow[Song]:
        """The song, once it is done. Raises ``SongFailed``, ``SongCancelled``, ``WaitTimeout``, ``ApiError``
        and ``ConnectionFailed``."""
        song = yield from self._if_ended()
        if song is None:
            self._check_deadline()
            try:
                song = yield from self._by_events()
            except _EventsUnavailable as reason:
                log.warning(
                    "the events of song %s cannot be had (%s): asking for its state every %g s instead",
                    self._song_id, reason, self._poll_s,
                )  # fmt: skip
                song = yield from self._by_polling()
        if song.status == "failed":
            raise SongFailed(song)
        if song.status == "cancelled":
            raise SongCancelled(song)
        return song

    def _if_ended(self) -> Flow[Song | None]:
        """The song, if it has ended already. Raises ``ApiError`` where there is none, or none for this token.
        Of whatever else goes wrong here, the events tell again."""
        silence_s = min(self._patience.timeout_s, max(_SHORTEST_LOOK_S, self._left_s()))
        try:
            response = yield from send(calls.song(self._song_id, silence_s))
        except Lost:
            return None
        if response.status in (401, 403, 404):
            refusal = error_of(response.status, response.headers, response.body)
            if refusal.type:  # the service's own problem document
                raise refusal
        if response.status != 200:
            return None
        try:
            song = song_of(json.loads(response.body))
        except NOT_OURS:
            return None
        return song if song.finished else None

    def _by_events(self) -> Flow[Song]:
        attempts = Attempts(self._patience)
        fruitless = 0
        while True:
            error: ClientError
            reached = True
            request = calls.events(self._song_id, self._events.last_id, self._left_s())
            self._events.begin()
            try:
                response = yield from open_stream(request)
                if response.status == 204:
                    break  # the song has ended, and an earlier connection brought the event of its end
                if response.status == 200:
                    _check_type(response)
                    song = yield from self._read_events()
                    if song:
                        return song
                    error = ConnectionFailed(str(request), "the stream was closed before the song's end")
                else:
                    error = _error_of_stream(str(request), response)
            except Lost as failure:
                error, reached = failure.error(request), failure.reached
            if self._events.alive:
                attempts.reset()
                fruitless = 0
            # Where there was no connection, asking for the state would do no better.
            if reached and not isinstance(error, ApiError):
                fruitless += 1
                if fruitless >= _MOST_FRUITLESS:
                    raise _EventsUnavailable(str(error))
            pause_s = attempts.pause_s(error)
            if self._events.alive and self._events.retry_s is not None:
                pause_s = self._events.retry_s
            yield from self._sleep(pause_s)
        return (yield from self._fetch_song())

    def _read_events(self) -> Flow[Song | None]:
        """The song from the event of its end; None where the stream ends without one."""
        while data := (yield from read()):
            for event in self._events.feed(data):
                if song := self._handle(event):
                    return song
            self._check_deadline()
        return None

    def _handle(self, event: Event) -> Song | None:
        """The song, if this is the event of its end."""
        if event.name not in _EVENT_NAMES:
            return None
        try:
            document = json.loads(event.data)
            if event.name == "end":
                return song_of(document)
            status = document.get("status", self._status)
            progress = Progress(
                status=status,
                part=document.get("part", ""),
                stage=document.get("stage", ""),
                fraction=document.get("fraction"),
                queue_position=document.get("queue_position"),
                seconds_left=document.get("seconds_left"),
            )
        except NOT_OURS as error:
            raise _EventsUnavailable(f"the event {event.name!r} is not one of Songwright's") from error
        self._status = status
        self._report(progress)
        return None

    def _by_polling(self) -> Flow[Song]:
        reported: set[Progress] = set()
        while True:
            song = yield from self._fetch_song()
            if song.finished:
                return song
            for progress in _progress_of(song):
                if progress not in reported:
                    reported.add(progress)
                    self._report(progress)
            yield from self._sleep(self._poll_s)

    def _fetch_song(self) -> Flow[Song]:
        return (yield from request_json(calls.song(self._song_id), self._patience, song_of))

    def _report(self, progress: Progress) -> None:
        if self._on_progress:
            self._on_progress(progress)

    def _sleep(self, seconds: float) -> Flow[None]:
        yield from sleep(min(seconds, self._left_s()))
        self._check_deadline()

    def _left_s(self) -> float:
        return math.inf if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _check_deadline(self) -> None:
        if self._timeout_s is not None and self._left_s() == 0.0:
            raise WaitTimeout(self._song_id, self._timeout_s)


def listen(song_id: str, patience: Patience) -> Flow[None]:
    """Hand over the bytes of the song's sound, as they come. Raises ``SongFailed`` and ``SongCancelled``,
    also in the midst of the song, ``ApiError`` and ``ConnectionFailed``."""
    attempts, begun, done = Attempts(patience), False, False
    while True:
        error: ClientError
        request = calls.sound(song_id)
        try:
            response = yield from open_stream(request)
            if response.status == 200:
                while data := (yield from read()):
                    begun = True
                    yield Hand(data)
                return
            error = error_of(response.status, response.headers, response.body)
        except Lost as failure:
            error = failure.error(request)
        song = yield from request_json(calls.song(song_id), patience, song_of)
        if song.status == "failed":
            raise SongFailed(song) from error
        if song.status == "cancelled":
            raise SongCancelled(song) from error
        if begun:  # what was heard cannot be taken back
            raise error
        # Until its turn comes, or if its engine does not begin early, there is nothing to hear.
        early = isinstance(error, NotFound) and not done
        done = song.finished
        yield from sleep(_LISTEN_AGAIN_S if early else attempts.pause_s(error))


def _check_type(response: Response) -> None:
    kind = response.headers.get("content-type", "")
    if not kind.startswith("text/event-stream"):
        raise _EventsUnavailable(f"the answer is {kind or 'of no type'}, not text/event-stream")


def _error_of_stream(request: str, response: Response) -> ClientError:
    """The error of a response other than 200 and 204. Raises ``_EventsUnavailable`` where it comes from a
    proxy, which does not let the events through."""
    error = error_of(response.status, response.headers, response.body)
    if error.type:  # the service's own problem document
        return error
    if response.status < 500:
        raise _EventsUnavailable(str(error))
    return ConnectionFailed(request, str(error))


def _progress_of(song: Song) -> list[Progress]:
    parts: dict[str, dict[str, Any]] = song.manifest.get("progress") or {"": {}}
    return [
        Progress(
            status=song.status,
            part=part,
            stage=news.get("stage", ""),
            fraction=news.get("fraction"),
            queue_position=song.queue_position,
            seconds_left=song.seconds_left,
            source="polling",
        )
        for part, news in parts.items()
    ]
