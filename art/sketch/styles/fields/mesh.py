"""Soft lights that flow into each other behind coarse grain; the figures glow in them, and leave a trail."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Picture, Plane, axes, blur, clouds, finish, over, spread
from art.sketch.stage import Painting, Stage
from art.typeset import Setting

_COARSE = 256


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    picture = _lights(stage)
    if stage.cast:
        low = bool(rng.random() < 0.5)
        top, bottom = (0.30, 0.92) if low else (0.08, 0.68)
        cx = rng.uniform(0.36, 0.64)
        figures = stage.together(cx - 0.30, top, cx + 0.30, bottom)
        light = bool(picture.mean() < 0.5)
        picture *= np.float32(0.78 if light else 1.0)
        colour = palette.at(1.0 if light else 0.0)
        step = int(rng.choice([-1, 1])) * round(rng.uniform(0.03, 0.06) * size)
        rise = round(rng.uniform(-0.03, 0.03) * size)
        for n in (4, 3, 2, 1):
            over(picture, colour, blur(_moved(figures, step * n, rise * n), 0.003 * n), 0.34 / n)
        over(picture, colour, blur(figures, 0.03), 0.5)
        over(picture, colour, figures)
        setting = Setting("sans", "top" if low else "bottom", "left", tallest=0.18)
    else:
        setting = Setting("sans", "middle", "left")
    return Painting(finish(picture, rng, 0.05, 0.0), setting)


def _moved(plane: Plane, across: int, down: int) -> Plane:
    """The mask moved over, with nothing coming in at the other side."""
    moved = np.roll(plane, (down, across), (0, 1))
    if across > 0:
        moved[:, :across] = 0
    elif across < 0:
        moved[:, across:] = 0
    return moved


def _lights(stage: Stage) -> Picture:
    palette, rng, size = stage.palette, stage.rng, stage.size
    coarse = min(size, _COARSE)
    x, y = axes(coarse)
    u = x + (clouds(rng, coarse, 4.0) - 0.5) * 0.5
    v = y + (clouds(rng, coarse, 4.0) - 0.5) * 0.5
    colours = np.zeros((coarse, coarse, 3), np.float32)
    weights = np.full((coarse, coarse), 1e-4, np.float32)
    for n, tone in enumerate((0.0, 0.28, 0.5, 0.75, 0.55, 0.12, 0.9)):
        cx, cy = rng.uniform(0.0, 1.0), rng.uniform(0.0, 1.0)
        weight = np.exp(-(((u - cx) ** 2 + (v - cy) ** 2) / rng.uniform(0.035, 0.09))) * (
            0.8 if n == 6 else 1.0
        )
        colours += palette.at(tone) * weight[..., np.newaxis].astype(np.float32)
        weights += weight
    small = colours / weights[..., np.newaxis] * (0.88 + 0.24 * clouds(rng, coarse, 3.2))[..., np.newaxis]
    return spread(np.asarray(small, np.float32), size)
