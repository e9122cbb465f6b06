"""Songs of several callers in one decoding loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from models.together import Together
from music.musicgen.decoder import Decoder, Track
from music.musicgen.slots import Slots

_MOST = 8
T = TypeVar("T")


class Batch:
    """Tracks of any prompts, lengths and ages, all of them a column further with each step."""

    def __init__(self, decoder: Decoder, most: int = _MOST) -> None:
        self._decoder = decoder
        self._slots = Slots(decoder, most) if decoder.slotted else None
        self._loop = Together[Track](self, most, "musicgen")

    def run(self, track: Track, report: Callable[[float], None]) -> None:
        """Until ``track`` is done; ``report`` is told the fraction in the caller's own thread. What it raises
        takes the track out before the next step."""
        self._loop.run(track, lambda: report(track.position / track.steps))

    def do(self, work: Callable[[], T], report: Callable[[], None]) -> T:
        """``work`` in the thread that decodes; see ``Together``."""
        return self._loop.do(work, report)

    def join(self, track: Track) -> None:
        """On a CPU it brings its own cache with it."""
        if self._slots:
            self._slots.join(track)

    def step(self, tracks: Sequence[Track]) -> Mapping[int, Exception]:
        if self._slots:
            self._slots.step(tracks)
        else:
            self._decoder.step(tracks)
        return {}

    def done(self, track: Track) -> bool:
        return track.done

    def leave(self, track: Track) -> None:
        """And takes it along."""
        if self._slots:
            self._slots.leave(track)
