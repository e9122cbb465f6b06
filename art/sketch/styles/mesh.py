"""Soft lights that flow into each other behind coarse grain."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Picture, Rng, clouds, grain, grid
from art.sketch.palettes import Palette
from art.typeset import Setting

SETTING = Setting("sans", "middle", "left")


def paint(palette: Palette, rng: Rng, size: int) -> Picture:
    x, y = grid(size)
    u = x + (clouds(rng, size, 4.0) - 0.5) * 0.5
    v = y + (clouds(rng, size, 4.0) - 0.5) * 0.5
    colours = np.zeros((size, size, 3), np.float32)
    weights = np.full((size, size), 1e-4, np.float32)
    for n, tone in enumerate((0.0, 0.28, 0.5, 0.75, 0.55, 0.12, 0.9)):
        cx, cy = rng.uniform(0.0, 1.0), rng.uniform(0.0, 1.0)
        weight = np.exp(-(((u - cx) ** 2 + (v - cy) ** 2) / rng.uniform(0.035, 0.09))) * (
            0.8 if n == 6 else 1.0
        )
        colours += palette.at(tone) * weight[..., np.newaxis]
        weights += weight
    picture = colours / weights[..., np.newaxis]
    picture = picture * (0.88 + 0.24 * clouds(rng, size, 3.2))[..., np.newaxis]
    return grain(picture, rng, 0.055)
