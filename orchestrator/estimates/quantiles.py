"""How far measured figures lie apart, and how they grow with the length of a song."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Literal

from pydantic import Field

from orchestrator.songs.manifest import Frozen

_FEW = 8
_FITTED = 60  # of the newest points: their slopes, which grow with the square, take a millisecond
_WIDE = 1.5  # times the shortest: lengths that lie closer together tell nothing of how time grows with them


class Spread(Frozen):
    """The middle of some figures and what a tenth of them lies below and above."""

    p10: float = Field(ge=0.0)
    p50: float = Field(ge=0.0)
    p90: float = Field(ge=0.0)


def spread_of(values: Sequence[float], digits: int) -> Spread:
    """Of one figure or more, rounded to ``digits``."""
    return Spread(**{f"p{q}": round(percentile(values, q), digits) for q in (10, 50, 90)})


def percentile(values: Sequence[float], q: float) -> float:
    """The ``q``-th percentile, 0..100, of one value or more, in a straight line between two of them."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * q / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


@dataclass(frozen=True)
class Growth:
    """What a figure is for a song of some length: ``at_zero + per_second * duration_s``."""

    kind: Literal["line", "ratio", "same"]
    """A line through figures of many lengths; in proportion to the length; alike for any length."""
    at_zero: float
    per_second: float

    def at(self, duration_s: float) -> float:
        return self.at_zero + self.per_second * duration_s


def growth_of(points: Sequence[tuple[float, float]], *, grows: bool) -> Growth:
    """How a figure grows, from one or more ``(duration_s, figure)``, the newest first; the length is above 0,
    the figure 0 or more.

    The line is that of Theil and Sen (the median of all slopes), which a third of outliers does not move. It
    wants eight points or more, the longest at least half as long again as the shortest; fewer are taken in
    proportion to the length where the figure ``grows`` with it, else as they are.
    """
    points = points[:_FITTED]
    lengths = [length for length, _ in points]
    if len(points) >= _FEW and max(lengths) >= _WIDE * min(lengths):
        slope = median((b - a) / (y - x) for (x, a), (y, b) in combinations(points, 2) if x != y)
        at_zero = median(figure - slope * length for length, figure in points)
        if slope > 0 and at_zero >= 0:
            return Growth("line", at_zero, slope)
        grows = slope > 0  # a line that begins below nothing: in proportion is the nearest that does not
    ratio = median(figure / length for length, figure in points)
    if grows and ratio > 0:
        return Growth("ratio", 0.0, ratio)
    return Growth("same", median(figure for _, figure in points), 0.0)


def scaled(points: Sequence[tuple[float, float]], growth: Growth, duration_s: float) -> list[float]:
    """Each point's figure had its song been of ``duration_s`` seconds: as far above or below ``growth``, in
    proportion, as it was."""
    if growth.kind == "same":
        return [figure for _, figure in points]
    return [figure * growth.at(duration_s) / growth.at(length) for length, figure in points]
