"""Runs pieces of work on threads while the caller's thread reports progress.

Only the caller's thread ever calls its ``Report``. When the report raises (the caller has gone) or a
piece fails, the other pieces stop at their next tick. No thread outlives ``run``.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np

from config.engine import Report
from config.errors import Cancelled

MOST_THREADS = 4
THREADS = min(MOST_THREADS, max(2, os.cpu_count() or 1))
"""More would wait for the singer, who is one piece of work. The results do not depend on it."""
POLL_S = 0.1

T = TypeVar("T")
Tick = Callable[[float], None]
"""``tick(fraction)``: a piece of work reports its progress. Raises ``Cancelled`` when it should stop."""


@dataclass(frozen=True)
class Span:
    """The part of the whole progress that some work covers, ``start`` to ``end`` in 0..1, and its stage."""

    report: Report
    stage: str
    start: float
    end: float

    def at(self, fraction: float) -> None:
        """Report ``fraction`` (0..1) of this span."""
        self.report(self.stage, self.start + (self.end - self.start) * min(max(fraction, 0.0), 1.0))


def run(pieces: Sequence[Callable[[Tick], T]], span: Span, weights: Sequence[float] | None = None) -> list[T]:
    """The results of ``pieces`` in their order. Pieces start in order, at most ``THREADS`` at a time."""
    shares = [1.0] * len(pieces) if weights is None else list(weights)
    done = [0.0] * len(pieces)
    stop = threading.Event()

    def ticker(index: int) -> Tick:
        def tick(fraction: float) -> None:
            if stop.is_set():
                raise Cancelled
            done[index] = max(done[index], fraction)

        return tick

    def progress() -> float:
        return sum(s * d for s, d in zip(shares, done, strict=True)) / max(sum(shares), 1e-9)

    keep_matrix_products_on_one_core()
    with ThreadPoolExecutor(THREADS) as pool:
        futures: list[Future[T]] = [pool.submit(piece, ticker(i)) for i, piece in enumerate(pieces)]
        try:
            waiting = set(futures)
            while waiting:
                finished, waiting = wait(waiting, timeout=POLL_S, return_when=FIRST_EXCEPTION)
                for future in finished:
                    future.result()
                for index, future in enumerate(futures):
                    if future.done():
                        done[index] = 1.0
                span.at(progress())
        finally:
            # On success this stops nothing. After a failure the pool does not wait for long work.
            stop.set()
            for future in futures:
                future.cancel()
    return [future.result() for future in futures]


@cache
def keep_matrix_products_on_one_core() -> None:
    """Tells numpy's OpenBLAS to use no threads of its own, in this process.

    The pieces of work are on all cores already. OpenBLAS's threads only wait for each other, at full speed: a
    fifth of a song's processor time. A numpy with another BLAS (Apple's) has no such threads."""
    # The extension module is linked with OpenBLAS, so its symbols are found through it.
    core = "numpy._core" if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else "numpy.core"
    library = ctypes.CDLL(importlib.import_module(core + "._multiarray_umath").__file__)
    for name in ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_"):
        if hasattr(library, name):
            getattr(library, name)(1)
