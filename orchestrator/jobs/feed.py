"""The events of songs, as streams that a listener can leave and resume.

An event's id is ``<moment>.<step>``: the moment of the song's history that it belongs to, and its number
within that moment. Moments are stored in the manifest, so ids keep rising after a restart. A listener that
resumes with its last id misses nothing: later moments are sent again, and old progress is replaced by newer.
"""

from __future__ import annotations

import asyncio
import re
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from config.errors import NotFound
from orchestrator.jobs.library.notifier import TICK_S, Notifier
from orchestrator.songs.manifest import Moment, Song, Status

_ENDED_KEPT = 32  # ended songs whose progress can still be sent again
_MOST_ELSEWHERE = 200  # songs of other processes whose progress is remembered
_MOST_EVENTS = 600  # of one song
_SMALLEST_STEP = 0.01
_ID = re.compile(r"(\d{1,6})\.(\d{1,6})", re.ASCII)

Position = tuple[int, int]
"""A place in a song's stream: the number of the moment, and of the event within it."""
OnChange = Callable[[str, Song | None], None]
"""Called with the id of a song that has changed, and with its manifest where that has."""
LoadProgress = Callable[[str], Awaitable[dict[str, tuple[str, float]]]]
"""Returns the newest progress of a song: stage and fraction, by part."""


@dataclass(frozen=True)
class Event:
    """A moment, or the progress of a part, or the end with the final manifest."""

    position: Position
    kind: Literal["status", "progress", "end"]
    moment: Moment | None = None
    song: Song | None = None
    part: str = ""
    stage: str = ""
    fraction: float = 0.0

    @property
    def id(self) -> str:
        return "{}.{}".format(*self.position)


@dataclass(frozen=True)
class _Snapshot:
    """The state of a song that another process makes."""

    song: Song
    progress: dict[str, tuple[str, float]]
    """The newest progress of each part: stage and fraction."""


@dataclass
class _Track:
    """A song's events so far."""

    events: list[Event] = field(default_factory=list)
    newest: dict[str, Event] = field(default_factory=dict)
    """The newest progress of each part."""
    ended: bool = False
    song: Song | None = None
    """The newest manifest; None while the song waits, for many may."""

    def add(self, event: Event) -> None:
        self.events.append(event)
        if len(self.events) > _MOST_EVENTS:
            oldest = next((e for e in self.events if e.kind == "progress"), self.events[0])
            self.events.remove(oldest)

    def after(self, position: Position) -> list[Event]:
        return self.events[bisect_right(self.events, position, key=lambda event: event.position) :]

    @property
    def position(self) -> Position:
        return self.events[-1].position if self.events else (0, 0)


class Feed:
    """The events of this process's songs and, by reading their manifests, of other processes' songs. Only the
    event loop's thread may use it."""

    def __init__(
        self, load: Callable[[str], Awaitable[Song]], load_progress: LoadProgress | None = None
    ) -> None:
        """``load_progress`` is called for songs that another process makes."""
        self._load = load
        self._load_progress = load_progress
        self._tracks: dict[str, _Track] = {}
        self._ended: OrderedDict[str, _Track] = OrderedDict()
        self._snapshots: dict[str, asyncio.Task[_Snapshot]] = {}
        self._elsewhere: OrderedDict[str, dict[str, Event]] = OrderedDict()  # the newest progress there
        self._notifier = Notifier()
        self._closed = False
        self.on_change: OnChange = lambda _song_id, _song: None
        """Set by whoever tells what happens in the whole library."""

    def update(self, song: Song) -> None:
        """Adds the events of a manifest: its new moments and, if the song has finished, its end."""
        track = self._tracks.setdefault(song.id, _Track())
        track.song = None if song.status is Status.QUEUED else song
        for event in _moments(song):
            if event.position > track.position:
                track.add(event)
        if song.status.finished:
            track.ended = True
            track.add(_end(song))
            self._ended[song.id] = self._tracks.pop(song.id)
            if len(self._ended) > _ENDED_KEPT:
                self._ended.popitem(last=False)
        self._notifier.notify(song.id)
        self.on_change(song.id, song)

    def amend(self, song: Song) -> None:
        """Takes a manifest in which a user has changed something: nothing happened to the song itself."""
        track = self._tracks.get(song.id) or self._ended.get(song.id)
        if track and track.song:
            track.song = song
            if track.ended:
                track.events[-1] = _end(song)
        self.on_change(song.id, song)

    def progress(self, song_id: str, part: str, stage: str, fraction: float) -> None:
        """Adds the progress of a part, unless the step is too small to see."""
        track = self._tracks.get(song_id)
        if track is None:
            return
        last = track.newest.get(part)
        if last and last.stage == stage and 0 <= fraction - last.fraction < _SMALLEST_STEP and fraction < 1.0:
            return
        moment, step = track.position
        event = Event((moment, step + 1), "progress", part=part, stage=stage, fraction=round(fraction, 3))
        track.newest[part] = event
        track.add(event)
        self._notifier.notify(song_id)
        self.on_change(song_id, None)

    def progress_of(self, song_id: str) -> dict[str, Event]:
        """The newest progress of each part of a song that is being made: where another process makes it, as
        it was when the song was last read."""
        track = self._tracks.get(song_id)
        return track.newest if track else self._elsewhere.get(song_id, {})

    async def song(self, song_id: str) -> Song:
        """The newest state of any song. Raises as ``load`` does."""
        song = self.newest(await self._load(song_id))
        if song_id not in self._tracks:
            await self._progress_elsewhere(song)
        return song

    def newest(self, song: Song) -> Song:
        """The newest state of a song that was read from the store: what this process makes of it may be
        written a little later."""
        track = self._tracks.get(song.id) or self._ended.get(song.id)
        known = track.song if track else None
        return known if known and known.updated_at > song.updated_at else song

    def forget(self, song_id: str) -> None:
        """Removes a song; its listeners' streams end."""
        self._elsewhere.pop(song_id, None)
        if self._tracks.pop(song_id, None) is None:
            self._ended.pop(song_id, None)
        self._notifier.notify(song_id)

    def close(self) -> None:
        """Closes every stream without an end event: listeners reconnect to the next process."""
        self._closed = True
        self._notifier.close()

    async def end(self, song_id: str) -> Position | None:
        """The position of the song's end; None while it has not ended. Raises ``NotFound``."""
        if track := self._tracks.get(song_id) or self._ended.get(song_id):
            return track.position if track.ended else None
        return _end(song).position if (song := await self.stored(song_id)).status.finished else None

    async def stored(self, song_id: str) -> Song:
        """Another process's song, read about once a second for all callers. Raises as ``load`` does."""
        return (await self._snapshot(song_id)).song

    async def follow(self, song_id: str, after: Position = (0, -1)) -> AsyncIterator[Event | None]:
        """The song's events after ``after``, up to its end; None about once a second in between.

        Raises ``NotFound`` for a song that is not in the library.
        """
        sent = False
        seen: dict[str, tuple[str, float]] = {}
        while not self._closed:
            track = self._tracks.get(song_id) or self._ended.get(song_id)
            if track is None:
                try:
                    snapshot = await self._snapshot(song_id)  # an old song, or one of another process
                except NotFound:
                    if sent:
                        return  # deleted meanwhile
                    raise
                song, ended = snapshot.song, snapshot.song.status.finished
                events = [*_moments(song), _end(song)] if ended else _moments(song)
                if not ended:
                    events += _new_progress(len(song.history), after, seen, snapshot.progress)
                events = [event for event in events if event.position > after]
            else:
                events, ended = track.after(after), track.ended
            for event in events:
                after, sent = event.position, True
                yield event
            if ended:
                return
            if track and events:
                continue  # more events may have come meanwhile
            if not await self._notifier.wait(song_id):
                yield None

    async def _snapshot(self, song_id: str) -> _Snapshot:
        """The state of another process's song, read about once a second for all of its listeners."""
        task = self._snapshots.get(song_id)
        if task is None:
            loop = asyncio.get_running_loop()
            task = self._snapshots[song_id] = loop.create_task(self._take_snapshot(song_id))

            def expire(task: asyncio.Task[_Snapshot]) -> None:
                kept_s = 0.0 if task.cancelled() or task.exception() else TICK_S * 0.9
                loop.call_later(kept_s, self._snapshots.pop, song_id, None)

            task.add_done_callback(expire)
        return await asyncio.shield(task)

    async def _take_snapshot(self, song_id: str) -> _Snapshot:
        song = await self._load(song_id)
        return _Snapshot(song, await self._progress_elsewhere(song))

    async def _progress_elsewhere(self, song: Song) -> dict[str, tuple[str, float]]:
        """The progress of another process's song, which ``progress_of`` has from now on."""
        if self._load_progress is None or song.status.finished:
            self._elsewhere.pop(song.id, None)
            return {}
        progress = await self._load_progress(song.id)
        self._elsewhere[song.id] = {
            part: Event((0, 0), "progress", part=part, stage=stage, fraction=fraction)
            for part, (stage, fraction) in progress.items()
        }
        self._elsewhere.move_to_end(song.id)
        if len(self._elsewhere) > _MOST_ELSEWHERE:
            self._elsewhere.popitem(last=False)
        return progress


def position_of(text: str) -> Position:
    """The position that an event's id names; the beginning for any other text."""
    found = _ID.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else (0, -1)


def _moments(song: Song) -> list[Event]:
    return [Event((number, 0), "status", moment) for number, moment in enumerate(song.history, 1)]


def _new_progress(
    moment: int, after: Position, seen: dict[str, tuple[str, float]], progress: dict[str, tuple[str, float]]
) -> list[Event]:
    """Events of the ``progress`` that was not ``seen`` yet, with ids that follow ``after``. Updates
    ``seen``."""
    step = after[1] if after[0] == moment else 0
    events = []
    for part, (stage, fraction) in progress.items():
        if seen.get(part) != (stage, fraction):
            step += 1
            events.append(Event((moment, step), "progress", part=part, stage=stage, fraction=fraction))
    seen.update(progress)
    return events


def _end(song: Song) -> Event:
    return Event((len(song.history), 1), "end", song=song)
