"""A brush circle in one stroke on wet paper, mist around it."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Picture, Rng, clouds, disc, grain, grid, over, vignette
from art.sketch.palettes import Palette
from art.typeset import Setting

SETTING = Setting("serif", "bottom", "centre", tallest=0.20)


def paint(palette: Palette, rng: Rng, size: int) -> Picture:
    x, y = grid(size)
    wash = clouds(rng, size, 3.4)
    picture = palette.colours[4] * (0.96 + 0.05 * clouds(rng, size, 1.4))[..., np.newaxis]
    picture = over(picture, palette.colours[3], (0.55 * np.clip(wash * 1.7 - 0.75, 0, 1)).astype(np.float32))
    cx, cy, radius = 0.5, 0.42, rng.uniform(0.24, 0.28)
    picture = over(picture, palette.colours[2], 0.35 * disc(x, y, cx + 0.05, cy - 0.03, radius * 0.55, 0.05))
    angle = (np.arctan2(y - cy, x - cx) + rng.uniform(0, 6.28)) % (2 * np.pi) / (2 * np.pi)
    wobble = (clouds(rng, size, 3.0) - 0.5) * 0.02
    away = np.abs(np.hypot(x - cx, (y - cy) * 1.02) - radius + wobble)
    width = 0.034 * (1.15 - 0.75 * angle) * np.clip(angle * 30, 0.3, 1) * np.clip((0.94 - angle) * 25, 0, 1)
    bristles = 0.62 + 0.6 * np.interp(
        (np.hypot(x - cx, y - cy) * 3000).ravel() % 256, np.arange(256), rng.random(256)
    ).reshape(x.shape)
    dry = np.clip(1.35 - angle * 0.9 * bristles - 0.5 * clouds(rng, size, 1.5) * angle, 0, 1)
    stroke = np.clip((width - away) * size / 2.0, 0, 1) * dry
    picture = over(picture, palette.colours[0], np.clip(stroke * 1.15, 0, 1).astype(np.float32))
    drops = rng.uniform(0.15, 0.85, (7, 2))
    for dx, dy in drops:
        picture = over(
            picture, palette.colours[1], 0.8 * disc(x, y, dx, dy, rng.uniform(0.002, 0.006), 0.002)
        )
    return vignette(grain(picture, rng, 0.02), 0.18)
