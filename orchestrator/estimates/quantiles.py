"""How much measured figures vary, and how they grow with the length of a song."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median, quantiles
from typing import Literal

from pydantic import Field

from orchestrator.songs.facts.frozen import Frozen

_FEW = 8
_FITTED = 60  # of the newest points: their slopes, which grow with the square, take a millisecond
_WIDE = 1.5  # the longest over the shortest: closer lengths do not show how time grows with them


class Spread(Frozen):
    """The 10th, 50th and 90th percentile of some figures."""

    p10: float = Field(ge=0.0)
    p50: float = Field(ge=0.0)
    p90: float = Field(ge=0.0)


def quantiles_of(values: Sequence[float], digits: int) -> Spread:
    """The quantiles of one value or more, rounded to ``digits``."""
    return Spread(**{f"p{q}": round(percentile(values, q), digits) for q in (10, 50, 90)})


def percentile(values: Sequence[float], q: int) -> float:
    """The ``q``-th percentile, 0 to 100, of one value or more; linear between two neighbours."""
    if len(values) == 1:
        return values[0]  # which ``quantiles`` refuses before Python 3.13
    return (min(values), *quantiles(values, n=100, method="inclusive"), max(values))[q]


@dataclass(frozen=True)
class Growth:
    """How a figure depends on a song's length: ``at_zero + per_second * duration_s``."""

    kind: Literal["line", "ratio", "same"]
    """``line``: fitted to figures of many lengths. ``ratio``: proportional to the length. ``same``:
    constant."""
    at_zero: float
    per_second: float

    def at(self, duration_s: float) -> float:
        return self.at_zero + self.per_second * duration_s


def growth_of(points: Sequence[tuple[float, float]], *, grows: bool) -> Growth:
    """How a figure grows, from one or more points ``(duration_s, figure)``, the newest first. A length is
    above 0, a figure 0 or more.

    The line is the Theil-Sen estimate (the median of all slopes), which is robust while fewer than a third of
    the points are outliers. It needs eight points or more, and the longest length at least 1.5 times the
    shortest. Otherwise the figure is proportional to the length if it ``grows`` with it, and constant if not.
    """
    points = points[:_FITTED]
    lengths = [length for length, _ in points]
    if len(points) >= _FEW and max(lengths) >= _WIDE * min(lengths):
        slope = median((b - a) / (y - x) for (x, a), (y, b) in combinations(points, 2) if x != y)
        at_zero = median(figure - slope * length for length, figure in points)
        if slope > 0 and at_zero >= 0:
            return Growth("line", at_zero, slope)
        grows = slope > 0  # the line is negative at 0: proportional is the nearest that is not
    ratio = median(figure / length for length, figure in points)
    if grows and ratio > 0:
        return Growth("ratio", 0.0, ratio)
    return Growth("same", median(figure for _, figure in points), 0.0)


def scaled(points: Sequence[tuple[float, float]], growth: Growth, duration_s: float) -> list[float]:
    """Each point's figure, brought to a song of ``duration_s`` seconds: its ratio to ``growth`` stays."""
    if growth.kind == "same":
        return [figure for _, figure in points]
    return [figure * growth.at(duration_s) / growth.at(length) for length, figure in points]
