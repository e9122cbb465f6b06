"""What happens to songs, as a stream of events that a listener can leave and come back to.

An event's id is ``<moment>.<step>``: which moment of the song's history it belongs to, and its number within.
Moments are kept in the manifest, so ids go on rising after a restart and a listener that comes back with its
last id misses nothing: the moments after it are told again, and what was only progress is replaced by newer.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from config.errors import NotFound
from orchestrator.manifest import Moment, Song

_ENDED_KEPT = 32  # songs whose progress can still be told again after their end
_MOST_EVENTS = 600  # of one song
_SMALLEST_STEP = 0.01
_TICK_S = 1.0
_ID = re.compile(r"(\d{1,6})\.(\d{1,6})", re.ASCII)

Mark = tuple[int, int]
Look = Callable[[str], Awaitable[dict[str, tuple[str, float]]]]


@dataclass(frozen=True)
class Event:
    """One thing that happened: a moment, or the progress of a part, or the end with the final manifest."""

    mark: Mark
    kind: Literal["status", "progress", "end"]
    moment: Moment | None = None
    song: Song | None = None
    part: str = ""
    stage: str = ""
    fraction: float = 0.0

    @property
    def id(self) -> str:
        return "{}.{}".format(*self.mark)


@dataclass
class _Track:
    """A song's events so far, and whom to wake at the next."""

    events: list[Event] = field(default_factory=list)
    told: dict[str, Event] = field(default_factory=dict)
    """The newest progress of each part."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    def add(self, event: Event) -> None:
        self.events.append(event)
        if len(self.events) > _MOST_EVENTS:
            oldest = next((e for e in self.events if e.kind == "progress"), self.events[0])
            self.events.remove(oldest)
        self.wake()

    def wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    @property
    def mark(self) -> Mark:
        return self.events[-1].mark if self.events else (0, 0)


class Feed:
    """The events of the songs this process makes, and of others by looking at their manifests. Only the event
    loop's own thread may touch it."""

    def __init__(self, load: Callable[[str], Awaitable[Song]], look: Look | None = None) -> None:
        """``look`` tells the newest progress of a song made elsewhere: by part, stage and fraction."""
        self._load = load
        self._look = look
        self._tracks: dict[str, _Track] = {}
        self._ended: OrderedDict[str, _Track] = OrderedDict()
        self._closed = False

    def update(self, song: Song) -> None:
        """Takes in a manifest: moments that are new become events, and a finished song its end."""
        track = self._tracks.setdefault(song.id, _Track())
        for event in _moments(song):
            if event.mark > track.mark:
                track.add(event)
        if song.status.finished:
            track.ended = True
            track.add(_end(song))
            self._ended[song.id] = self._tracks.pop(song.id)
            if len(self._ended) > _ENDED_KEPT:
                self._ended.popitem(last=False)

    def progress(self, song_id: str, part: str, stage: str, fraction: float) -> None:
        """Takes in how far a part is; what is too small to see is left out."""
        track = self._tracks.get(song_id)
        if track is None:
            return
        last = track.told.get(part)
        if last and last.stage == stage and 0 <= fraction - last.fraction < _SMALLEST_STEP and fraction < 1.0:
            return
        moment, step = track.mark
        event = Event((moment, step + 1), "progress", part=part, stage=stage, fraction=round(fraction, 3))
        track.told[part] = event
        track.add(event)

    def told(self, song_id: str) -> dict[str, Event]:
        """The newest progress of each part of a song that is being made."""
        track = self._tracks.get(song_id)
        return track.told if track else {}

    def forget(self, song_id: str) -> None:
        """Drops a song; whoever still listens to it is let go."""
        track = self._tracks.pop(song_id, None) or self._ended.pop(song_id, None)
        if track:
            track.ended = True
            track.wake()

    def close(self) -> None:
        """Lets every listener go, without an end: they come back to the next process."""
        self._closed = True
        for track in self._tracks.values():
            track.wake()

    async def follow(self, song_id: str, after: Mark = (0, -1)) -> AsyncIterator[Event | None]:
        """The song's events after ``after``, up to and with its end; None about once a second in between.

        Raises ``NotFound`` for a song that is not in the library.
        """
        told = False
        seen: dict[str, tuple[str, float]] = {}
        while not self._closed:
            track = self._tracks.get(song_id) or self._ended.get(song_id)
            if track is None:
                try:
                    song = await self._load(song_id)  # ended long ago, or another process makes it
                except NotFound:
                    if told:
                        return  # deleted meanwhile
                    raise
                events, changed, ended = _moments(song), None, song.status.finished
                if ended:
                    events.append(_end(song))
                elif self._look:
                    events += _news(len(song.history), after, seen, await self._look(song_id))
            else:
                events, changed, ended = track.events, track.changed, track.ended
            for event in [event for event in events if event.mark > after]:
                after, told = event.mark, True
                yield event
            if ended:
                return
            if changed is None:
                await asyncio.sleep(_TICK_S)
            else:
                try:
                    await asyncio.wait_for(changed.wait(), _TICK_S)
                    continue
                except TimeoutError:
                    pass
            yield None


def mark_of(text: str) -> Mark:
    """The mark that an event's id names; anything else is the very beginning."""
    found = _ID.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else (0, -1)


def _moments(song: Song) -> list[Event]:
    return [Event((number, 0), "status", moment) for number, moment in enumerate(song.history, 1)]


def _news(
    moment: int, after: Mark, seen: dict[str, tuple[str, float]], told: dict[str, tuple[str, float]]
) -> list[Event]:
    """What is ``told`` and was not ``seen`` yet, with ids that go on from ``after``."""
    step = after[1] if after[0] == moment else 0
    events = []
    for part, (stage, fraction) in told.items():
        if seen.get(part) != (stage, fraction):
            step += 1
            events.append(Event((moment, step), "progress", part=part, stage=stage, fraction=fraction))
    seen.update(told)
    return events


def _end(song: Song) -> Event:
    return Event((len(song.history), 1), "end", song=song)
