"""Waiting for a song: by its events where they are to be had, else by asking again and again."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable
from typing import Any

from songwright import calls
from songwright.answers import Progress, Song, song_of
from songwright.effects import Answer, Flow, Lost, opened, read, slept
from songwright.errors import (
    ApiError,
    ClientError,
    ConnectionFailed,
    SongCancelled,
    SongFailed,
    WaitTimeout,
    refusal,
)
from songwright.events import Event, Events
from songwright.retry import Attempts, Patience, told

log = logging.getLogger("songwright.client")

OnProgress = Callable[[Progress], None]
_KNOWN = frozenset({"status", "queue", "progress", "end"})
_FRUITLESS = 3  # connections in a row that brought nothing: then the events are given up


class _NoEvents(Exception):
    """Why the events cannot be had."""


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
        self._timeout_s = timeout_s
        self._poll_s = poll_s
        self._until = None if timeout_s is None else time.monotonic() + timeout_s
        self._events = Events()
        self._status = "queued"

    def done(self) -> Flow[Song]:
        """The song, once it is done. Raises ``SongFailed``, ``SongCancelled``, ``WaitTimeout``, ``ApiError``
        and ``ConnectionFailed``."""
        try:
            song = yield from self._by_events()
        except _NoEvents as why:
            log.warning(
                "the events of song %s cannot be had (%s): asking for its state every %g s instead",
                self._song_id, why, self._poll_s,
            )  # fmt: skip
            song = yield from self._by_polling()
        if song.status == "failed":
            raise SongFailed(song)
        if song.status == "cancelled":
            raise SongCancelled(song)
        return song

    def _by_events(self) -> Flow[Song]:
        attempts = Attempts(self._patience)
        fruitless = 0
        while True:
            error: ClientError
            reached = True
            request = calls.events(self._song_id, self._events.last_id, self._left_s())
            self._events.begin()
            try:
                answer = yield from opened(request)
                if answer.status == 204:
                    break  # it has ended, and its end was told before
                if answer.status == 200:
                    _check_type(answer)
                    song = yield from self._told()
                    if song:
                        return song
                    error = ConnectionFailed(str(request), "the stream was closed before the song's end")
                else:
                    error = refusal(answer.status, answer.headers, answer.body)
                    if not error.type:  # not the service's answer, which would say what is wrong
                        if answer.status < 500:
                            raise _NoEvents(str(error))
                        error = ConnectionFailed(str(request), str(error))
            except Lost as failure:
                error, reached = ConnectionFailed(str(request), str(failure)), failure.reached
            if self._events.alive:
                attempts.progressed()
                fruitless = 0
            if reached and not isinstance(error, ApiError):  # one that is not there has no other answers
                fruitless += 1
                if fruitless >= _FRUITLESS:
                    raise _NoEvents(str(error))
            pause_s = attempts.pause_s(error)
            if self._events.alive and self._events.retry_s is not None:
                pause_s = self._events.retry_s
            yield from self._pause(pause_s)
        return (yield from self._asked())

    def _told(self) -> Flow[Song | None]:
        """The song, when its end is told; None where the stream ends without it."""
        while data := (yield from read()):
            for event in self._events.feed(data):
                if song := self._heard(event):
                    return song
            self._check_time()
        return None

    def _heard(self, event: Event) -> Song | None:
        if event.name not in _KNOWN:
            return None
        news = json.loads(event.data)
        if event.name == "end":
            return song_of(news)
        self._status = news.get("status", self._status)
        self._tell(
            Progress(
                status=self._status,
                part=news.get("part", ""),
                stage=news.get("stage", ""),
                fraction=news.get("fraction"),
                queue_position=news.get("queue_position"),
                seconds_left=news.get("seconds_left"),
            )
        )
        return None

    def _by_polling(self) -> Flow[Song]:
        told: set[Progress] = set()
        while True:
            song = yield from self._asked()
            if song.finished:
                return song
            for news in _news(song):
                if news not in told:
                    told.add(news)
                    self._tell(news)
            yield from self._pause(self._poll_s)

    def _asked(self) -> Flow[Song]:
        return (yield from told(calls.song(self._song_id), self._patience, song_of))

    def _tell(self, news: Progress) -> None:
        if self._on_progress:
            self._on_progress(news)

    def _pause(self, seconds: float) -> Flow[None]:
        yield from slept(min(seconds, self._left_s()))
        self._check_time()

    def _left_s(self) -> float:
        return math.inf if self._until is None else max(0.0, self._until - time.monotonic())

    def _check_time(self) -> None:
        if self._until is not None and self._timeout_s is not None and time.monotonic() >= self._until:
            raise WaitTimeout(self._song_id, self._timeout_s)


def _check_type(answer: Answer) -> None:
    kind = answer.headers.get("content-type", "")
    if not kind.startswith("text/event-stream"):
        raise _NoEvents(f"the answer is {kind or 'of no type'}, not text/event-stream")


def _news(song: Song) -> list[Progress]:
    parts: dict[str, dict[str, Any]] = song.manifest.get("progress") or {"": {}}
    return [
        Progress(
            status=song.status,
            part=part,
            stage=how.get("stage", ""),
            fraction=how.get("fraction"),
            queue_position=song.queue_position,
            seconds_left=song.seconds_left,
            source="polling",
        )
        for part, how in parts.items()
    ]
