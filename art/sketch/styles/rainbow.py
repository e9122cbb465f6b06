"""Bands of colour that swing across a warm ground, as on records of the seventies."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Pen, Picture, Rng, clouds, disc, grain, grid, over, vignette
from art.sketch.palettes import Palette
from art.typeset import Setting

SETTING = Setting("retro", "bottom", "left", tallest=0.20)


def paint(palette: Palette, rng: Rng, size: int) -> Picture:
    x, y = grid(size)
    picture = palette.colours[4] * (1.0 - 0.12 * y)[..., np.newaxis]
    cx, cy = float(rng.choice([0.16, 0.84])), rng.uniform(0.18, 0.30)
    picture = over(picture, palette.colours[3], disc(x, y, cx, cy, 0.12))
    rise = rng.uniform(0.10, 0.22) * (1 if cx < 0.5 else -1)
    shift = rng.uniform(0, 6.28)
    for n in range(4):
        top, bottom = Pen(size), 0.075
        at = 0.40 + n * bottom
        curve = [
            (float(u), float(at - rise * (u - 0.5) * 2 + 0.11 * np.sin(u * 5.2 + shift)))
            for u in np.linspace(-0.02, 1.02, 90)
        ]
        lower = [(u, v + bottom + 0.002) for u, v in reversed(curve)]
        top.polygon([*curve, *lower])
        picture = over(picture, palette.colours[(3, 2, 1, 0)[n]], top.mask())
    worn = clouds(rng, size, 1.3)
    picture = (
        picture + (palette.colours[4] - picture) * (0.55 * np.clip((worn - 0.68) * 5, 0, 1))[..., np.newaxis]
    )
    return vignette(grain(picture, rng, 0.03), 0.18)
