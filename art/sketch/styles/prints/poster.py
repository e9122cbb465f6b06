"""A poster of two halves: the figures, very large, change colour where the ground does."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Plane, Rng, axes, band, disc, finish, over, paper
from art.sketch.stage import Painting, Stage
from art.typeset import Setting

_CAPTION = 0.245
"""The part of the height that is left to the title."""


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    x, y = axes(size)
    low = bool(rng.random() < 0.5)
    first, second = stage.contrast(
        (4, 0), (3, 0), (0, 2), (1, 4), (2, 4), (0, 3), (4, 1), (2, 0), (4, 2), (1, 3)
    )
    picture = np.ones((size, size, 3), np.float32) * palette.colours[first]
    half = _half(rng, x, y)
    half = half * (1 - band(y, _CAPTION, top=low))
    over(picture, palette.colours[second], half)
    top, bottom = (0.28, 0.97) if low else (0.03, 0.72)
    wide = rng.uniform(0.66, 0.96)
    bleed = -0.04 if len(stage.cast) < 2 else 0.04
    left = bleed + rng.random() * max(0.0, 1 - 2 * bleed - wide)
    figures = stage.group(left, top, min(left + wide, 1 - bleed), bottom)
    for n, figure in enumerate(figures):
        other = (
            palette.colours[first] * half[..., np.newaxis]
            + palette.colours[second] * (1 - half)[..., np.newaxis]
        )
        accent = palette.colours[stage.apart(first, second)]
        over(picture, other if n == 0 else accent, figure)
    paper(picture, rng, 0.09, stretch_x=0.7)
    return Painting(
        finish(picture, rng, 0.024, 0.0),
        Setting("condensed", "top" if low else "bottom", "left", capitals=True, tallest=0.20),
    )


def _half(rng: Rng, x: Plane, y: Plane) -> Plane:
    """One half of the picture: beside a line of some slope, or in a circle."""
    if rng.random() < 0.3:
        return disc(x, y, rng.uniform(0.3, 0.7), rng.uniform(0.35, 0.65), rng.uniform(0.30, 0.42))
    turn = rng.uniform(0, np.pi)
    away = (x - rng.uniform(0.42, 0.58)) * np.float32(np.cos(turn)) + (y - 0.5) * np.float32(np.sin(turn))
    return np.asarray(np.clip(away * x.shape[1] + 0.5, 0, 1), np.float32)
