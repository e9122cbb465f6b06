"""A city at night over wet streets: towers with lit windows, and in the street the figures before the moon,
all in the mirror of the rain."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Pen, Picture, Plane, Rng, axes, blur, clouds, disc, finish, glow, halo, over
from art.sketch.stage import Painting, Stage
from art.typeset import Setting


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    x, y = axes(size)
    horizon = rng.uniform(0.58, 0.68)
    at = rng.uniform(0.27, 0.73)
    height = rng.uniform(0.24, 0.36)
    picture = np.repeat(palette.at(np.clip(y / horizon, 0, 1) ** 1.4 * 0.72), size, axis=1)
    picture *= (0.8 + 0.4 * clouds(rng, size, 3.2, stretch_y=3.0))[..., np.newaxis]
    moon = at + rng.uniform(-0.06, 0.06), horizon - height * rng.uniform(0.8, 1.1), rng.uniform(0.12, 0.20)
    glow(picture, palette.colours[3], halo(size, moon[0], moon[1], moon[2] * 2.2, 1.4), 0.45)
    over(picture, palette.colours[4], disc(x, y, *moon), 0.95)
    lights = _towers(stage, picture, horizon, at)
    figures = stage.scene(at, horizon + 0.012, height, moon[:2])
    rim = np.clip(blur(figures, 0.004) * (1 - figures) * 2.0, 0, 1)
    glow(picture, palette.colours[3], rim, 0.5)
    over(picture, palette.colours[0] * np.float32(0.4), figures)
    lights *= 1 - figures
    _reflect(picture, lights, rng, horizon)
    picture += blur(lights, 0.008)[..., np.newaxis] * palette.colours[4] * np.float32(0.6)
    rain = Pen(size)
    for _ in range(int(rng.integers(120, 420))):
        rx, ry, length = rng.uniform(-0.05, 1.05), rng.uniform(-0.05, 1.0), rng.uniform(0.012, 0.05)
        rain.line([(rx, ry), (rx - 0.16 * length, ry + length)], 0.0011, int(rng.uniform(30, 100)))
    picture += rain.mask()[..., np.newaxis] * np.float32(0.5)
    return Painting(
        finish(picture, rng, 0.018, 0.4), Setting("condensed", "bottom", "left", capitals=True, tallest=0.24)
    )


def _towers(stage: Stage, picture: Picture, horizon: float, at: float) -> Plane:
    """Draws three rows of towers, lower where the figures stand, and returns the light of their windows."""
    palette, rng, size = stage.palette, stage.rng, stage.size
    lights = np.zeros((size, size), np.float32)
    for depth, (low, high, count) in enumerate(((0.12, 0.32, 20), (0.10, 0.36, 13), (0.05, 0.28, 9))):
        towers, windows, left = Pen(size), Pen(size), -0.03
        while left < 1.0:
            width = rng.uniform(0.6, 1.5) / count
            aside = float(np.clip(abs(left + width / 2 - at) * 3.0, 0.25, 1.1))
            top = horizon - rng.uniform(low, high) * aside
            towers.box(left, top, left + width, horizon)
            if rng.random() < 0.35:
                towers.box(
                    left + width / 2 - 0.001, top - rng.uniform(0.01, 0.06), left + width / 2 + 0.001, top
                )
            if depth:
                _windows(windows, rng, left, top, width, horizon, 0.011 if depth == 1 else 0.015)
            left += width + rng.uniform(0.0, 0.006)
        mask = towers.mask()
        body = palette.colours[0] * np.float32(0.95 - 0.3 * depth) + palette.colours[2] * np.float32(
            0.28 - 0.13 * depth
        )
        over(picture, body, mask)
        lights = np.maximum(lights * (1.0 - mask), windows.mask())
    glow(picture, palette.at(0.88), lights, 0.9)
    return lights


def _windows(pen: Pen, rng: Rng, left: float, top: float, width: float, horizon: float, step: float) -> None:
    for row in np.arange(top + step, horizon - step, step * 1.35):
        for column in np.arange(left + step * 0.6, left + width - step, step):
            if rng.random() < 0.24:
                pen.box(column, row, column + step * 0.5, row + step * 0.6, int(rng.uniform(120, 255)))


def _reflect(picture: Picture, lights: Plane, rng: Rng, horizon: float) -> None:
    size, line = picture.shape[0], int(horizon * picture.shape[0])
    rows = np.clip(line - 1 - (np.arange(size - line) * 1.35).astype(int), 0, None)
    depth = np.linspace(0.2, 1.3, len(rows))[:, np.newaxis]
    ripple = (clouds(rng, size, 1.6, stretch_x=0.25, stretch_y=2.0)[: len(rows)] - 0.5) * 0.09 * size * depth
    columns = (np.arange(size)[np.newaxis] + ripple.astype(int)) % size
    shade = np.linspace(0.72, 0.2, len(rows), dtype=np.float32)[:, np.newaxis, np.newaxis]
    glints = blur(np.ascontiguousarray(lights[rows[:, np.newaxis], columns]), 0.006)[..., np.newaxis]
    picture[line:] = picture[rows[:, np.newaxis], columns] * shade + glints * np.float32(0.9)
