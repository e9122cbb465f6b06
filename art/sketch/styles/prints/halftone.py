"""Loud print: the figures, large, before a burst of rays, in dots and misaligned colours over a torn edge."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Plane, axes, below, blur, clouds, finish, over, profile
from art.sketch.stage import Painting, Stage
from art.typeset import Setting


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    x, y = axes(size)
    cx, cy = rng.uniform(0.3, 0.7), rng.uniform(0.26, 0.46)
    angle = np.arctan2(y - cy, x - cx)
    rays = (np.sin(angle * int(rng.integers(9, 20)) + rng.uniform(0, 6)) > 0).astype(np.float32)
    low, high = ((2, 3), (3, 4))[int(rng.integers(0, 2))]
    picture = np.where(rays[..., np.newaxis] > 0, palette.colours[high], palette.colours[low]).astype(
        np.float32
    )
    away = np.hypot(x - cx, y - cy)
    shade = np.clip(1.15 - away * 1.5 + (clouds(rng, size, 2.8) - 0.5) * 0.7, 0, 1)
    over(picture, palette.colours[low - 1], _dots(x, y, shade, 0.42, 0.017))
    wide = rng.uniform(0.60, 0.86)
    left = rng.uniform(0.07, 0.93 - wide)
    above = bool(rng.random() < 0.7)
    top = 0.08 if above else 0.30
    figures = stage.group(left, top, left + wide, top + 0.62) if stage.cast else []
    shift = round(float(rng.choice([-1, 1])) * 0.014 * size)
    for n, figure in enumerate(figures):
        over(picture, palette.colours[4], _grown(figure))
        over(picture, palette.colours[high - 1 if n % 2 else 1], np.roll(figure, (shift, shift), (0, 1)), 0.9)
        body = np.clip(0.62 - (y - top) * 1.5 + 0.3 * (x - 0.5), 0, 1) * np.ones_like(x)
        over(picture, palette.colours[0], figure * _dots(x, y, body, 1.2, 0.013))
    rough = profile(rng, size, 2.0) - 0.5
    lean = 0.10 * (x - 0.5) * float(rng.choice([-1, 1]))
    tear = (0.76 if above else 0.24) + lean + 0.06 * rough
    side = 1.0 if above else -1.0
    over(picture, palette.colours[4], below(y * side, (tear - side * (0.014 + 0.02 * np.abs(rough))) * side))
    over(picture, palette.colours[0], below(y * side, tear * side))
    scratches = np.clip((clouds(rng, size, 0.9, stretch_x=0.3) - 0.72) * 8, 0, 1)
    picture += scratches[..., np.newaxis] * np.float32(0.16)
    setting = Setting("condensed", "bottom" if above else "top", "left", capitals=True, tallest=0.20)
    return Painting(finish(picture, rng, 0.035, 0.0), setting)


def _dots(x: Plane, y: Plane, light: Plane, turn: float, pitch: float) -> Plane:
    """Dots on a turned grid, the larger the darker."""
    u = (x * np.float32(np.cos(turn)) + y * np.float32(np.sin(turn))) / np.float32(pitch)
    v = (y * np.float32(np.cos(turn)) - x * np.float32(np.sin(turn))) / np.float32(pitch)
    near = np.sqrt((u - np.round(u)) ** 2 + (v - np.round(v)) ** 2)
    size = near.shape[0]
    dots = np.clip((np.sqrt(1 - light) * 0.72 - near) * pitch * size / 1.2 + 0.5, 0, 1)
    return np.asarray(dots, np.float32)


def _grown(figure: Plane) -> Plane:
    return np.clip(blur(figure, 0.007) * 5, 0, 1)
