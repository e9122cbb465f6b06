"""Requests from several threads that differ only in their seed become one batch in one thread. Each caller
follows the progress of its own song."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from music.contract import MusicRequest, Samples

_LOOK_S = 0.05
_GATHER_S = 0.05
"""How long the first variation waits for the others, whose threads start a little later."""


class AllCancelled(Exception):
    """Every caller has gone: ``make`` raises it to stop."""


@dataclass(eq=False)
class Variation:
    """One caller's song; ``make`` fills it in."""

    request: MusicRequest
    given: Any = None
    """What else ``make`` is given of it; songs of different ones are not made together."""
    fraction: float = 0.0
    """Progress in 0..1."""
    samples: Samples | None = None
    wanted: bool = True
    """Whether its caller is still there."""
    done: bool = False
    failure: BaseException | None = None


Make = Callable[[Sequence[Variation]], None]
"""Makes songs whose requests differ only in the seed. It updates each ``fraction``, and sets ``samples`` of
songs that are ``wanted``. What it raises is raised in every caller."""


class Variations:
    """Runs ``make`` for up to ``most`` songs, oldest first, in its own thread, which ends when nothing is
    left to do."""

    def __init__(self, make: Make, most: int) -> None:
        self._make = make
        self._most = most
        self._changed = threading.Condition()
        self._waiting: list[Variation] = []
        self._thread: threading.Thread | None = None

    def samples(self, request: MusicRequest, report: Callable[[float], None], given: Any = None) -> Samples:
        """Blocks until the song is made. ``report`` gets the fraction in the caller's thread, at least every
        0.05 s. If it raises, this caller leaves at once, and the other songs continue. Raises what ``make``
        raised."""
        song = Variation(request, given)
        with self._changed:
            self._waiting.append(song)
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="variations", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        try:
            while not self._is_done(song):
                report(song.fraction)
        except BaseException:
            song.wanted = False
            raise
        if song.failure is not None:
            raise song.failure
        assert song.samples is not None  # ``make`` sets it for wanted songs
        return song.samples

    def _is_done(self, song: Variation) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: song.done, _LOOK_S)

    def _loop(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: len(self._alike()) == self._most, _GATHER_S)
                songs = self._alike()
                if not songs:
                    self._thread = None
                    return
                self._waiting = [song for song in self._waiting if song not in songs]
            failure: BaseException | None = None
            try:
                self._make(songs)
            except BaseException as error:  # noqa: BLE001 - raised again in each caller
                failure = error
            with self._changed:
                for song in songs:
                    song.failure, song.done = failure, True
                self._changed.notify_all()

    def _alike(self) -> list[Variation]:
        """The first waiting song, and those that differ from it only in the seed."""
        self._waiting = [song for song in self._waiting if song.wanted]
        return [song for song in self._waiting if _but_seed(song, self._waiting[0])][: self._most]


def _but_seed(one: Variation, other: Variation) -> bool:
    alike = one.request.model_copy(update={"seed": other.request.seed}) == other.request
    return alike and one.given is other.given
