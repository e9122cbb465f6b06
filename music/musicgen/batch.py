"""Songs of several callers in one decoding loop: a new one joins between two steps, a finished one leaves."""

from __future__ import annotations

import threading
from collections.abc import Callable

from music.musicgen.decoder import Decoder, Track

_LOOK_S = 0.05
_MOST = 16


class Batch:
    """Runs tracks together in a thread of its own, which ends when nothing is left to do."""

    def __init__(self, decoder: Decoder, most: int = _MOST) -> None:
        self._decoder = decoder
        self._most = most
        self._changed = threading.Condition()
        self._waiting: list[Track] = []
        self._running: list[Track] = []
        self._left: set[Track] = set()
        self._failures: dict[Track, BaseException] = {}
        self._thread: threading.Thread | None = None

    def run(self, track: Track, report: Callable[[float], None]) -> None:
        """Until ``track`` is done; ``report`` is told the fraction in the caller's own thread. What it raises
        takes the track out before the next step."""
        with self._changed:
            self._waiting.append(track)
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="musicgen", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        try:
            while self._works_on(track):
                report(track.position / track.steps)
        except BaseException:
            with self._changed:
                self._left.add(track)
            raise
        failure = self._failures.pop(track, None)
        if failure is not None:
            raise failure

    def _works_on(self, track: Track) -> bool:
        with self._changed:
            self._changed.wait(_LOOK_S)
            return track in self._running or track in self._waiting

    def _loop(self) -> None:
        while True:
            with self._changed:
                self._running = [
                    track for track in self._running if not track.done and track not in self._left
                ]
                self._waiting = [track for track in self._waiting if track not in self._left]
                self._left.clear()
                free = self._most - len(self._running)
                self._running += self._waiting[:free]
                self._waiting = self._waiting[free:]
                self._changed.notify_all()
                if not self._running:
                    self._thread = None
                    return
            try:
                self._decoder.step(self._running)
            except Exception as error:  # noqa: BLE001 - it is raised again where each song is waited for
                with self._changed:
                    self._failures |= dict.fromkeys(self._running, error)
                    self._running = []
