"""Pressed leaves and stems around a quiet middle."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Pen, Picture, Rng, blur, clouds, grain, grid, over, vignette
from art.sketch.palettes import Palette
from art.typeset import Setting

SETTING = Setting("serif", "middle", "centre", widest=0.64)


def paint(palette: Palette, rng: Rng, size: int) -> Picture:
    x, y = grid(size)
    paper = palette.colours[4] * 0.98 + (clouds(rng, size, 1.6)[..., np.newaxis] - 0.5) * 0.06
    picture = paper * np.ones((size, size, 1), np.float32)
    stems = 17
    for n in range(stems):
        around = 2 * np.pi * (n + rng.uniform(-0.25, 0.25)) / stems
        foot = 0.5 + 0.80 * np.cos(around), 0.5 + 0.80 * np.sin(around)
        reach, bend = rng.uniform(0.30, 0.46), rng.uniform(-0.5, 0.5)
        colour = palette.at(float(rng.choice([0.05, 0.2, 0.32, 0.45, 0.62])))
        pen = Pen(size)
        spine = [
            (foot[0] - reach * t * np.cos(around + bend * t), foot[1] - reach * t * np.sin(around + bend * t))
            for t in np.linspace(0, 1.0, 26)
        ]
        pen.line([(float(a), float(b)) for a, b in spine], 0.0035)
        long, wide = rng.uniform(0.055, 0.11), rng.uniform(0.20, 0.42)
        for k in range(5, 26, int(rng.integers(2, 4))):
            heading = np.arctan2(spine[k][1] - spine[k - 1][1], spine[k][0] - spine[k - 1][0])
            for side in (-1, 1):
                _leaf(
                    pen, spine[k], heading + side * rng.uniform(0.6, 0.95), long * (1.15 - 0.6 * k / 26), wide
                )
        _leaf(
            pen,
            spine[-1],
            float(np.arctan2(spine[-1][1] - spine[-2][1], spine[-1][0] - spine[-2][0])),
            long * 0.8,
            wide,
        )
        shape = pen.mask()
        shadow = blur(
            np.repeat(np.roll(shape, (size // 150, size // 200), (0, 1))[..., np.newaxis], 3, axis=2), 0.006
        )
        picture = over(
            picture * (1 - 0.20 * shadow),
            colour + (clouds(rng, size, 2.0)[..., np.newaxis] - 0.5) * 0.10,
            shape * 0.96,
        )
    calm = np.exp(-((np.hypot((x - 0.5) / 0.40, (y - 0.5) / 0.24)) ** 4))
    picture = over(picture, paper, (0.93 * calm).astype(np.float32))
    return vignette(grain(picture, rng, 0.02), 0.15)


def _leaf(pen: Pen, foot: tuple[float, float], heading: float, length: float, width: float) -> None:
    t = np.linspace(0, 1, 12)
    half = width * length * np.sin(np.pi * t**0.85) * 0.5
    ahead = np.stack([foot[0] + t * length * np.cos(heading), foot[1] + t * length * np.sin(heading)], axis=1)
    normal = np.array([-np.sin(heading), np.cos(heading)])
    left, right = ahead + half[:, np.newaxis] * normal, ahead - half[:, np.newaxis] * normal
    pen.polygon([(float(a), float(b)) for a, b in (*left, *right[::-1])])
