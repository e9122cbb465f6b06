"""A beam of light from above in a dark hall, and in it the figures with their shadow on the floor."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Pen, Plane, axes, blur, clouds, finish, glow, over
from art.sketch.stage import Painting, Stage
from art.typeset import Setting


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    x, y = axes(size)
    at = rng.uniform(0.28, 0.72)
    floor, height = rng.uniform(0.62, 0.73), rng.uniform(0.32, 0.50)
    dim = float(rng.choice([0.04, 0.14, 0.26]))
    wall = dim + 0.16 * clouds(rng, size, 3.0)
    picture = palette.at(np.asarray(wall, np.float32))
    folds = 0.5 + 0.5 * np.sin(x * rng.uniform(50, 90) + 2.0 * np.sin(x * rng.uniform(5, 11)))
    picture *= (0.65 + 0.45 * folds * (y < floor + 0.10))[..., np.newaxis].astype(np.float32)
    reach = rng.uniform(0.22, 0.38)
    source = float(at + rng.choice([-1, 1]) * rng.uniform(0.0, 0.5))
    beam = blur(Pen(size).polygon([(source - 0.02, -0.05), (source + 0.02, -0.05), (at + reach, floor + 0.04),
                                   (at - reach, floor + 0.04)]).mask(), 0.012)  # fmt: skip
    fall = np.clip(0.95 - 0.45 * y / floor, 0, 1).astype(np.float32)
    dust = 0.75 + 0.5 * clouds(rng, size, 2.2)
    pool = _pool(x, y, at, floor + 0.03, reach)
    over(picture, palette.colours[3], (beam * fall * dust).astype(np.float32) * (y < floor + 0.05), 0.92)
    over(picture, palette.colours[4], pool, 0.85)
    figures = _standing(stage, at, reach, floor + 0.05, height) if stage.cast else None
    if figures is not None:
        foot = _pool(x, y, at, floor + 0.045, reach * 0.62)
        over(picture, palette.colours[1], foot, 0.75)
        over(picture, palette.colours[0] * np.float32(0.45), figures)
        rim = np.clip(figures - np.roll(figures, max(2, size // 260), axis=0), 0, 1)
        glow(picture, palette.colours[4], rim, 0.8)
    return Painting(finish(picture, rng, 0.026, 0.4), Setting("slab", "bottom", "centre", tallest=0.18))


def _standing(stage: Stage, at: float, reach: float, foot: float, height: float) -> Plane:
    """The figures inside the pool of light, with their feet on the floor."""
    figures = stage.together(max(0.06, at - reach), foot - height, min(0.94, at + reach), foot)
    lowest = int(np.flatnonzero(figures.any(axis=1))[-1])
    return np.roll(figures, max(0, round(foot * stage.size) - lowest), axis=0)


def _pool(x: Plane, y: Plane, at: float, line: float, reach: float) -> Plane:
    away = np.sqrt(((x - at) / reach) ** 2 + ((y - line) / (reach * 0.16)) ** 2)
    return np.asarray(np.clip((1 - away) * 7 + 0.5, 0, 1), np.float32)
