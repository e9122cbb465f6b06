"""The sea: bands of water under a low sun, each crest lit from behind."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Picture, Rng, clouds, disc, grain, grid, over, vignette
from art.sketch.palettes import Palette
from art.typeset import Setting

SETTING = Setting("serif", "top", "centre", tallest=0.24)
_BANDS = 11


def paint(palette: Palette, rng: Rng, size: int) -> Picture:
    x, y = grid(size)
    picture = palette.at(0.98 - 0.55 * np.clip(y / 0.62, 0, 1) ** 1.5)
    picture = picture + (clouds(rng, size, 3.4, stretch_y=4.0)[..., np.newaxis] - 0.5) * 0.12
    sun_x, sun_y = rng.uniform(0.3, 0.7), rng.uniform(0.44, 0.52)
    picture = (
        picture
        + palette.colours[3]
        * (0.5 * np.exp(-((np.hypot(x - sun_x, y - sun_y) / 0.2) ** 1.3)))[..., np.newaxis]
    )
    picture = over(picture, palette.colours[4] * 1.02, disc(x, y, sun_x, sun_y, 0.105))
    for n in range(_BANDS):
        near = n / (_BANDS - 1)
        swell = 0.006 + 0.035 * near
        phase, length = rng.uniform(0, 6.28), 2.2 + 3.0 * (1 - near) + rng.uniform(-0.4, 0.4)
        line = 0.56 + 0.42 * near**1.25
        crest = line + swell * (
            np.sin(x * length * 6.28 + phase) * 0.6
            + np.sin(x * length * 2.7 * 6.28 + 2 * phase) * 0.25
            + (clouds(rng, size, 2.4)[size // 2][np.newaxis] - 0.5) * 1.2
        )
        inside = np.clip((y - crest) * size / 1.2 + 0.5, 0, 1)
        below = np.clip((y - crest) / (0.05 + 0.1 * near), 0, 1)
        water = palette.at(np.clip(0.58 - 0.5 * near, 0, 1) + 0.24 * (1 - below) * (1 - 0.5 * near))
        shine = np.exp(-(((x - sun_x) / (0.06 + 0.2 * near)) ** 2)) * (1 - below) ** 3 * 0.55
        picture = over(picture, water + palette.colours[4] * shine[..., np.newaxis], inside)
    return vignette(grain(picture, rng, 0.022), 0.25)
