"""Loud print: a burst behind a field of dots, torn across, out of register."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Picture, Rng, clouds, grain, grid, over
from art.sketch.palettes import Palette
from art.typeset import Setting

SETTING = Setting("condensed", "bottom", "left", capitals=True)


def paint(palette: Palette, rng: Rng, size: int) -> Picture:
    x, y = grid(size)
    cx, cy = rng.uniform(0.3, 0.7), rng.uniform(0.28, 0.42)
    angle = np.arctan2(y - cy, x - cx)
    rays = (np.sin(angle * int(rng.integers(11, 18)) + rng.uniform(0, 6)) > 0).astype(np.float32)
    away = np.hypot(x - cx, y - cy)
    picture = palette.colours[3] * rays[..., np.newaxis] + palette.colours[2] * (1 - rays)[..., np.newaxis]
    shade = np.clip(1.15 - away * 1.5 + (clouds(rng, size, 2.8) - 0.5) * 0.7, 0, 1)
    for colour, turn, shift in ((palette.colours[1], 0.42, 0.004), (palette.colours[0], 1.2, 0.0)):
        u = (x + shift) * np.cos(turn) + y * np.sin(turn)
        v = -(x + shift) * np.sin(turn) + y * np.cos(turn)
        pitch = 0.017
        near = np.hypot(u / pitch - np.round(u / pitch), v / pitch - np.round(v / pitch))
        dots = np.clip((np.sqrt(1 - shade) * 0.72 - near) * pitch * size / 1.2 + 0.5, 0, 1)
        picture = over(picture, colour, dots.astype(np.float32))
        shade = np.clip(shade + 0.25, 0, 1)
    rough = clouds(rng, size, 2.0)[size // 2][np.newaxis] - 0.5
    tear = 0.70 + 0.10 * (x - 0.5) * float(rng.choice([-1, 1])) + 0.07 * rough
    edge = np.clip((y - tear) * size, 0, 1).astype(np.float32)
    white = np.clip((y - tear + 0.014 + 0.02 * np.abs(rough)) * size, 0, 1).astype(np.float32)
    picture = over(over(picture, palette.colours[4], white), palette.colours[0], edge)
    scratches = np.clip((clouds(rng, size, 0.9, stretch_x=0.3) - 0.72) * 8, 0, 1)
    return grain(picture + scratches[..., np.newaxis] * 0.16, rng, 0.04)
