"""What happens to songs, as a stream of events that a listener can leave and come back to.

An event's id is ``<moment>.<step>``: which moment of the song's history it belongs to, and its number within.
Moments are kept in the manifest, so ids go on rising after a restart and a listener that comes back with its
last id misses nothing: the moments after it are told again, and what was only progress is replaced by newer.
"""

from __future__ import annotations

import asyncio
import re
from bisect import bisect_right
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from config.errors import NotFound
from orchestrator.songs.manifest import Moment, Song

_AT_ONCE = 10  # listeners that are woken before the event loop sees to anything else
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


@dataclass(frozen=True)
class _Glance:
    """What was seen of a song that is made elsewhere."""

    song: Song
    told: dict[str, tuple[str, float]]
    """The newest progress of each part: stage and fraction."""


class Listeners:
    """How many may listen at once: in all, and with one token where there are several, half of them."""

    def __init__(self, limit: int, tokens: int = 1) -> None:
        self._limit = limit
        self._limit_of_one = limit if tokens < 2 else max(limit // 2, 1)
        self._of: Counter[str] = Counter()

    @contextmanager
    def place(self, holder: str) -> Iterator[bool]:
        """Whether there is a place for one more, who has it for as long as the block runs."""
        free = self._of.total() < self._limit and self._of[holder] < self._limit_of_one
        if free:
            self._of[holder] += 1
        try:
            yield free
        finally:
            if free:
                self._of[holder] -= 1


class _Bell:
    """Wakes who waits, so many in each round of the event loop: a thousand at once would hold up the rest."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Future[bool]]] = {}
        self._ringing: deque[tuple[asyncio.Future[bool], bool]] = deque()
        self._tick: asyncio.TimerHandle | None = None

    async def wait(self, song_id: str) -> bool:
        """Waits for the song's next ``ring``, about a second at most; whether it has rung."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._waiting.setdefault(song_id, []).append(future)
        if self._tick is None:  # one for all: a timer for each would cost more than what they wait for
            self._tick = loop.call_later(_TICK_S, self._ring_all)
        return await future

    def ring(self, song_id: str, *, news: bool = True) -> None:
        """Wakes who waits for the song."""
        if waiting := self._waiting.pop(song_id, None):
            if not self._ringing:
                asyncio.get_running_loop().call_soon(self._wake)
            self._ringing.extend((future, news) for future in waiting)

    def close(self) -> None:
        """Wakes everybody."""
        if self._tick:
            self._tick.cancel()
            self._ring_all()

    def _ring_all(self) -> None:
        self._tick = None
        for song_id in list(self._waiting):
            self.ring(song_id, news=False)

    def _wake(self) -> None:
        for _ in range(min(_AT_ONCE, len(self._ringing))):
            future, news = self._ringing.popleft()
            if not future.done():  # or its listener has gone
                future.set_result(news)
        if self._ringing:
            asyncio.get_running_loop().call_soon(self._wake)


@dataclass
class _Track:
    """A song's events so far."""

    events: list[Event] = field(default_factory=list)
    told: dict[str, Event] = field(default_factory=dict)
    """The newest progress of each part."""
    ended: bool = False

    def add(self, event: Event) -> None:
        self.events.append(event)
        if len(self.events) > _MOST_EVENTS:
            oldest = next((e for e in self.events if e.kind == "progress"), self.events[0])
            self.events.remove(oldest)

    def after(self, mark: Mark) -> list[Event]:
        return self.events[bisect_right(self.events, mark, key=lambda event: event.mark) :]

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
        self._glances: dict[str, asyncio.Task[_Glance]] = {}
        self._bell = _Bell()
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
        self._bell.ring(song.id)

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
        self._bell.ring(song_id)

    def told(self, song_id: str) -> dict[str, Event]:
        """The newest progress of each part of a song that is being made."""
        track = self._tracks.get(song_id)
        return track.told if track else {}

    def forget(self, song_id: str) -> None:
        """Drops a song; whoever still listens to it is let go."""
        if self._tracks.pop(song_id, None) is None:
            self._ended.pop(song_id, None)
        self._bell.ring(song_id)

    def close(self) -> None:
        """Lets every listener go, without an end: they come back to the next process."""
        self._closed = True
        self._bell.close()

    async def end(self, song_id: str) -> Mark | None:
        """The mark of the song's end, None while it has not ended. Raises ``NotFound``."""
        if track := self._tracks.get(song_id) or self._ended.get(song_id):
            return track.mark if track.ended else None
        song = (await self._glance(song_id)).song
        return _end(song).mark if song.status.finished else None

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
                    glance = await self._glance(song_id)  # it ended long ago, or another process makes it
                except NotFound:
                    if told:
                        return  # deleted meanwhile
                    raise
                song, ended = glance.song, glance.song.status.finished
                events = [*_moments(song), _end(song)] if ended else _moments(song)
                if not ended:
                    events += _news(len(song.history), after, seen, glance.told)
                events = [event for event in events if event.mark > after]
            else:
                events, ended = track.after(after), track.ended
            for event in events:
                after, told = event.mark, True
                yield event
            if ended:
                return
            if track and events:
                continue  # for what has come meanwhile
            if not await self._bell.wait(song_id):
                yield None

    async def _glance(self, song_id: str) -> _Glance:
        """A look at a song that another process makes: one about every second, however many wait for it."""
        task = self._glances.get(song_id)
        if task is None:
            loop = asyncio.get_running_loop()
            task = self._glances[song_id] = loop.create_task(self._see(song_id))

            def seen(task: asyncio.Task[_Glance]) -> None:
                kept_s = 0.0 if task.cancelled() or task.exception() else _TICK_S * 0.9
                loop.call_later(kept_s, self._glances.pop, song_id, None)

            task.add_done_callback(seen)
        return await asyncio.shield(task)

    async def _see(self, song_id: str) -> _Glance:
        song = await self._load(song_id)
        told = await self._look(song_id) if self._look and not song.status.finished else {}
        return _Glance(song, told)


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
