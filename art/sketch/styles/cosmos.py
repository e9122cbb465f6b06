"""A planet in its own light among stars and a nebula."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Picture, Rng, blur, clouds, disc, grain, grid, over, vignette
from art.sketch.palettes import Palette
from art.typeset import Setting

SETTING = Setting("sans", "bottom", "centre", capitals=True)


def paint(palette: Palette, rng: Rng, size: int) -> Picture:
    x, y = grid(size)
    warp = clouds(rng, size, 3.6) - 0.5
    band = np.exp(-(((y - 0.2 - 0.55 * x * rng.uniform(0.4, 1.0) + warp * 0.9) / 0.26) ** 2))
    mist = band * clouds(rng, size, 2.6) * 1.2
    picture = (
        palette.colours[0] * 0.35 + palette.at(np.clip(mist, 0, 0.85)) * (0.15 + 0.85 * mist)[..., np.newaxis]
    )
    stars = np.zeros((size, size), np.float32)
    count = int(900 * (size / 1024) ** 0.5)
    stars[rng.integers(0, size, count), rng.integers(0, size, count)] = rng.uniform(0.15, 1.0, count) ** 3
    few = rng.integers(int(0.03 * size), int(0.97 * size), (14, 2))
    bright = np.zeros_like(stars)
    bright[few[:, 0], few[:, 1]] = 1.0
    light = np.repeat((stars + bright)[..., np.newaxis], 3, axis=2)
    halo = blur(np.repeat(np.clip(bright * 40, 0, 1)[..., np.newaxis], 3, axis=2), 0.0035)
    picture = picture + light * 0.9 + halo * 14.0 * palette.colours[4]
    px, py, radius = rng.uniform(0.36, 0.64), rng.uniform(0.34, 0.44), rng.uniform(0.19, 0.25)
    dx, dy = (x - px) / radius, (y - py) / radius
    inside = disc(x, y, px, py, radius)
    height = np.sqrt(np.clip(1 - dx**2 - dy**2, 0, 1))
    sun = -0.62 * dx - 0.45 * dy + 0.55 * height
    stripes = clouds(rng, size, 2.6, stretch_x=0.35, stretch_y=2.6)
    surface = palette.at(0.25 + 0.65 * stripes) * np.clip(sun * 1.25 + 0.06, 0.02, 1.2)[..., np.newaxis]
    atmosphere = np.exp(-np.clip(np.hypot(dx, dy) - 1.0, 0, None) * 9.0) * np.clip(
        0.35 - 0.5 * dx - 0.4 * dy, 0, 1
    )
    picture = picture + palette.colours[3] * (0.7 * atmosphere * (1 - inside))[..., np.newaxis]
    picture = over(picture, surface, inside)
    if rng.random() < 0.7:
        across, along = dx * 0.94 + dy * 0.34, -dx * 0.34 + dy * 0.94
        ring = np.hypot(across, along * 4.2)
        lines = 0.55 + 0.45 * np.sin(ring * 46.0)
        share = np.clip((ring - 1.32) * 30, 0, 1) * np.clip((2.0 - ring) * 12, 0, 1) * lines
        share = share * np.where((along < 0) & (inside > 0.5), 0.0, 1.0) * 0.8
        picture = over(picture, palette.colours[4], share.astype(np.float32))
    return vignette(grain(picture, rng, 0.018), 0.35)
