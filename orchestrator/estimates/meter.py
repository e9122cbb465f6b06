"""How long an engine was busy with each song, when several songs have it together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """What one piece of work used of an engine."""

    seconds: float
    """Its share: a second in which n pieces of work had the engine counts 1/n for each."""
    wall_s: float
    """From its begin to its end."""
    gpu: str = ""
    """On which of Modal's GPUs, as ``config.gpus`` writes them; empty: a machine of one's own."""


class Measurement:
    """One piece of work on a ``Meter``. ``usage`` is known once it has ended, however it ended."""

    usage: Usage


class Meter:
    """Measures the work of one engine in one process. Any number of threads may measure at once; the shares
    of all add up to the time in which there was work."""

    def __init__(self, gpu: str = "", clock: Callable[[], float] = time.perf_counter) -> None:
        """``gpu`` is told, not found out: what this process runs on is what it was rented as."""
        self._gpu = gpu
        self._clock = clock
        self._guard = threading.Lock()
        self._active = 0
        self._now = clock()
        # What a piece of work that was always there would have had: each takes the difference between its
        # end and its begin, and nobody has to be told when others come and go.
        self._share = 0.0

    @contextmanager
    def measure(self) -> Iterator[Measurement]:
        """Measures what is done inside it."""
        measurement = Measurement()
        with self._guard:
            self._advance()
            began, share = self._now, self._share
            self._active += 1
        try:
            yield measurement
        finally:
            with self._guard:
                self._advance()
                self._active -= 1
                measurement.usage = Usage(self._share - share, self._now - began, self._gpu)

    def _advance(self) -> None:
        before, self._now = self._now, self._clock()
        if self._active:
            self._share += (self._now - before) / self._active
