"""A city at night over wet streets: towers with lit windows, their reflections, rain."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Pen, Picture, Rng, blur, clouds, disc, grain, grid, over, vignette
from art.sketch.palettes import Palette
from art.typeset import Setting

SETTING = Setting("condensed", "bottom", "left", capitals=True)
_HORIZON = 0.64


def paint(palette: Palette, rng: Rng, size: int) -> Picture:
    x, y = grid(size)
    sky = palette.at(np.clip(y / _HORIZON, 0, 1) ** 1.4 * 0.72)
    sky = sky * (0.8 + 0.4 * clouds(rng, size, 3.2, stretch_y=3.0))[..., np.newaxis]
    moon_x, moon_y = rng.uniform(0.25, 0.75), rng.uniform(0.22, 0.4)
    halo = np.exp(-((np.hypot(x - moon_x, y - moon_y) / 0.22) ** 1.4))
    picture = sky + palette.colours[3] * (0.45 * halo)[..., np.newaxis]
    picture = over(picture, palette.colours[4], disc(x, y, moon_x, moon_y, 0.085) * 0.95)
    lights = np.zeros_like(picture)
    for depth, (low, high, count) in enumerate(((0.12, 0.30, 22), (0.10, 0.40, 15), (0.05, 0.30, 10))):
        towers, windows, left = Pen(size), Pen(size), -0.03
        while left < 1.0:
            width = rng.uniform(0.6, 1.5) / count
            top = _HORIZON - rng.uniform(low, high) * (0.6 + 0.5 * abs(left + width / 2 - 0.5) * 2)
            towers.box(left, top, left + width, _HORIZON)
            if rng.random() < 0.35:
                towers.box(
                    left + width / 2 - 0.001, top - rng.uniform(0.01, 0.06), left + width / 2 + 0.001, top
                )
            if depth:
                _windows(windows, rng, left, top, width, depth)
            left += width + rng.uniform(0.0, 0.006)
        body = palette.colours[0] * (0.95 - 0.3 * depth) + palette.colours[2] * (0.28 - 0.13 * depth)
        picture = over(picture, body, towers.mask())
        lit = windows.mask()[..., np.newaxis] * palette.at(rng.uniform(0.75, 1.0, (1, 1)).astype(np.float32))
        lights = np.maximum(lights * (1.0 - towers.mask())[..., np.newaxis], lit)
    picture = picture + lights * 0.9
    picture = _reflect(picture, lights, rng)
    picture = picture + blur(lights, 0.008) * 0.6
    rain = Pen(size)
    for _ in range(420):
        rx, ry, length = rng.uniform(-0.05, 1.05), rng.uniform(-0.05, 1.0), rng.uniform(0.012, 0.05)
        rain.line([(rx, ry), (rx - 0.16 * length, ry + length)], 0.0011, int(rng.uniform(30, 100)))
    return vignette(grain(picture + rain.mask()[..., np.newaxis] * 0.55, rng, 0.018), 0.4)


def _windows(pen: Pen, rng: Rng, left: float, top: float, width: float, depth: int) -> None:
    step = 0.010 if depth == 1 else 0.013
    for row in np.arange(top + step, _HORIZON - step, step * 1.35):
        for column in np.arange(left + step * 0.6, left + width - step, step):
            if rng.random() < 0.24:
                pen.box(column, row, column + step * 0.5, row + step * 0.6, int(rng.uniform(120, 255)))


def _reflect(picture: Picture, lights: Picture, rng: Rng) -> Picture:
    size = picture.shape[0]
    horizon = int(_HORIZON * size)
    rows = np.clip(horizon - 1 - (np.arange(size - horizon) * 1.35).astype(int), 0, None)
    depth = np.linspace(0.2, 1.3, len(rows))[:, np.newaxis]
    ripple = (clouds(rng, size, 1.6, stretch_x=0.25, stretch_y=2.0)[: len(rows)] - 0.5) * 0.09 * size * depth
    columns = (np.arange(size)[np.newaxis] + ripple.astype(int)) % size
    mirrored, glints = (
        layer[rows][np.arange(len(rows))[:, np.newaxis], columns] for layer in (picture, lights)
    )
    shade = np.linspace(0.72, 0.2, len(rows))[:, np.newaxis, np.newaxis]
    out = picture.copy()
    out[horizon:] = mirrored * shade + blur(np.ascontiguousarray(glints), 0.006) * 0.9
    return out
