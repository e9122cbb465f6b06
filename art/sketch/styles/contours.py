"""Fine lines of equal height, glowing, as a map of a land that nobody has seen."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Picture, Rng, blur, clouds, grain, grid, vignette
from art.sketch.palettes import Palette
from art.typeset import Setting

SETTING = Setting("sans", "bottom", "left", capitals=True)


def paint(palette: Palette, rng: Rng, size: int) -> Picture:
    x, y = grid(size)
    land = clouds(rng, size, 4.0) + 0.35 * np.exp(
        -((np.hypot(x - rng.uniform(0.3, 0.7), y - rng.uniform(0.25, 0.5)) / 0.25) ** 2)
    )
    land = (land - land.min()) / np.ptp(land)
    levels = land * rng.uniform(20, 30)
    slope_y, slope_x = np.gradient(levels)
    steep = np.hypot(slope_x, slope_y) + 1e-5
    near = np.abs(levels - np.round(levels)) / steep * (1024 / size)
    every_fifth = np.abs(np.round(levels) % 5) < 0.5
    lines = np.clip(np.where(every_fifth, 2.3, 1.15) - near, 0, 1)
    picture = palette.at(0.02 + 0.30 * land) * (0.6 + 0.5 * land)[..., np.newaxis]
    light = (lines * (0.35 + 0.65 * land))[..., np.newaxis].astype(np.float32) * palette.at(0.45 + 0.5 * land)
    picture = picture + light + blur(light, 0.006) * 0.7
    picture = picture * (1.0 - 0.55 * np.clip((y - 0.62) / 0.38, 0, 1))[..., np.newaxis]
    return vignette(grain(picture, rng, 0.018), 0.35)
