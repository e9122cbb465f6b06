"""Two pairs of hands: runs pieces of work on threads while the caller's thread reports progress.

Only the caller's thread ever calls its ``Report``. When that raises (the caller has gone) or a piece fails,
the others stop at their next tick, and no thread is left behind.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

from config.engine import Report
from config.errors import Cancelled

HANDS = 2
POLL_S = 0.1

T = TypeVar("T")
Tick = Callable[[float], None]
"""``tick(fraction)``: a piece of work says how far it is, and learns by ``Cancelled`` that it should stop."""


@dataclass(frozen=True)
class Span:
    """The stretch of the whole job's progress, and its stage name, that some work fills."""

    report: Report
    stage: str
    start: float
    end: float

    def at(self, fraction: float) -> None:
        """Report ``fraction`` (0..1) of this span."""
        self.report(self.stage, self.start + (self.end - self.start) * min(max(fraction, 0.0), 1.0))


def run(pieces: Sequence[Callable[[Tick], T]], span: Span, weights: Sequence[float] | None = None) -> list[T]:
    """The results of ``pieces`` in their order. Pieces start in order, at most ``HANDS`` at a time."""
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

    with ThreadPoolExecutor(HANDS) as hands:
        futures: list[Future[T]] = [hands.submit(piece, ticker(i)) for i, piece in enumerate(pieces)]
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
            # On success this stops nothing; on any way out it keeps the pool's exit from waiting for long
            # work.
            stop.set()
            for future in futures:
                future.cancel()
    return [future.result() for future in futures]
