"""Poured paint: folded colour with the light of a relief on it."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Picture, Plane, Rng, blur, clouds, grain, grid, vignette
from art.sketch.palettes import Palette
from art.typeset import Setting

SETTING = Setting("serif", "middle", "centre")


def paint(palette: Palette, rng: Rng, size: int) -> Picture:
    x, y = grid(size)
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
    veins = (0.5 + 0.5 * np.sin(level * 44.0)) ** 9
    picture = palette.at(level) * (1 + _relief(level, size))[..., np.newaxis] + 0.07 * veins[..., np.newaxis]
    return vignette(grain(picture, rng, 0.024), 0.35)


def _relief(level: Plane, size: int) -> Plane:
    smooth = blur(np.repeat(level[..., np.newaxis], 3, axis=2), 0.004)[..., 0]
    slope_y, slope_x = np.gradient(smooth)
    relief = (slope_x * 0.6 - slope_y * 0.8) * 0.037 * size
    return np.asarray(np.clip(relief, -0.5, 0.65), np.float32)
