"""Measures how long an engine worked on each song, when several songs share it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """The engine time of one piece of work."""

    seconds: float
    """Its share: a second in which n pieces of work ran counts 1/n for each."""
    wall_s: float
    """From its begin to its end."""
    gpu: str = ""
    """The GPU on Modal, as ``config.gpus`` writes it; empty for the user's own machine."""


class Measurement:
    """One piece of work on a ``Meter``. ``usage`` is set once the work has ended, with success or not."""

    usage: Usage


class Meter:
    """Measures the work of one engine in one process. Any number of threads may measure at once; their shares
    add up to the time in which the engine worked."""

    def __init__(self, gpu: str = "", clock: Callable[[], float] = time.perf_counter) -> None:
        """``gpu`` is the GPU that Modal bills, which is not always the one that the process sees."""
        self._gpu = gpu
        self._clock = clock
        self._guard = threading.Lock()
        self._active = 0
        self._now = clock()
        # The share of a piece of work that runs all the time. Each real piece takes the difference between
        # its end and its begin, so the others need no update when one starts or ends.
        self._share = 0.0

    @contextmanager
    def measure(self) -> Iterator[Measurement]:
        """Measures the work inside the ``with`` block."""
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
