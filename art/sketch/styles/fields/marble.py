"""Poured paint: the figures are a window into it, or lie plain upon it."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Plane, axes, band, blur, clouds, finish, over, shadow, spread
from art.sketch.stage import Painting, Stage
from art.typeset import Setting


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    _, y = axes(size)
    coarse = min(size, 512)
    level = _poured(stage, coarse)
    poured = np.asarray(palette.at(level) * (1 + _relief(level, coarse))[..., np.newaxis], np.float32)
    poured += 0.07 * ((0.5 + 0.5 * np.sin(level * 44.0)) ** 9)[..., np.newaxis]
    picture = spread(poured, size)
    low = bool(rng.random() < 0.5)
    if not stage.cast:
        return Painting(finish(picture, rng, 0.024, 0.35), Setting("serif", "middle", "centre"))
    top, bottom = (0.28, 0.92) if low else (0.07, 0.71)
    wide = rng.uniform(0.56, 0.84)
    left = rng.uniform(0.06, 0.94 - wide)
    figures = stage.together(left, top, left + wide, bottom)
    plain = palette.colours[0 if float(picture.mean()) > 0.45 else 4]
    if rng.random() < 0.6:  # the paint is in the figures
        flat = np.ones_like(picture) * plain
        depth = shadow(1 - figures, 0.008, 1 / 150, 1 / 110)
        picture *= 1 - np.float32(0.5) * (depth * figures)[..., np.newaxis]
        picture = over(flat, picture, figures)
    else:
        over(picture, palette.colours[0] * np.float32(0.3), shadow(figures, 0.010, 0.0, 1 / 90), 0.5)
        over(picture, plain, figures)
        over(picture, plain, band(y, 0.26, top=low))
    return Painting(
        finish(picture, rng, 0.024, 0.2), Setting("serif", "top" if low else "bottom", "centre", tallest=0.18)
    )


def _poured(stage: Stage, size: int) -> Plane:
    rng = stage.rng
    x, y = axes(size)
    warp_x, warp_y = clouds(rng, size, 4.2) - 0.5, clouds(rng, size, 4.2) - 0.5
    base = clouds(rng, size, 4.4)
    for turn in range(3):
        column = ((x + warp_x * 0.30 * (turn + 1)) * (size - 1)).astype(int) % size
        row = ((y + warp_y * 0.30 * (turn + 1)) * (size - 1)).astype(int) % size
        base = 0.5 * base + 0.5 * base[row, column]
        warp_x, warp_y = warp_x[row, column], warp_y[row, column]
    order = np.empty(base.size, np.float32)
    order[np.argsort(base.ravel(), kind="stable")] = np.linspace(0, 1, base.size, dtype=np.float32)
    level = 0.4 * (base - base.min()) / np.ptp(base) + 0.6 * order.reshape(base.shape)
    return np.asarray(level, np.float32)


def _relief(level: Plane, size: int) -> Plane:
    slope_y, slope_x = np.gradient(blur(level, 0.004))
    relief = (slope_x * 0.6 - slope_y * 0.8) * 0.037 * size
    return np.asarray(np.clip(relief, -0.5, 0.65), np.float32)
