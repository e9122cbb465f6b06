"""Mountains one behind another into the haze; on the nearest hill the figures stand before the sun."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Pen, axes, below, clouds, disc, finish, glow, halo, over, profile
from art.sketch.stage import Painting, Stage
from art.typeset import Setting

_LAYERS = 5


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    x, y = axes(size)
    low = bool(rng.random() < 0.55)  # the title is then in the sky, else on the dark hill
    ground = rng.uniform(0.80, 0.87) if low else rng.uniform(0.60, 0.67)
    height = rng.uniform(0.26, 0.36) if low else rng.uniform(0.30, 0.40)
    at = rng.uniform(0.27, 0.73)
    far = ground - rng.uniform(0.10, 0.20)
    picture = np.repeat(palette.at(0.45 + 0.5 * np.clip(y / ground, 0, 1)), size, axis=1)
    picture += (clouds(rng, size, 3.4, stretch_y=5.0)[..., np.newaxis] - 0.5) * np.float32(0.12)
    radius = rng.uniform(0.10, 0.23)
    sun = at + rng.uniform(-0.07, 0.07), ground - height * 0.72
    glow(picture, palette.colours[3], halo(size, *sun, radius * 2.2, 1.3), 0.35)
    over(picture, palette.colours[4] * np.float32(1.03), disc(x, y, *sun, radius))
    for n in range(_LAYERS):
        near = n / _LAYERS
        top = (
            far
            + (ground - far) * near * 1.05
            - (0.15 - 0.012 * n) * (profile(rng, size, 2.6 - 0.3 * near) - 0.25)
        )
        rows = slice(max(0, int((top.min() - 0.01) * size)), size)
        haze = np.clip((y[rows] - top) / 0.16, 0, 1)[..., np.newaxis] * np.float32(0.45 * (1 - near))
        body = palette.at(0.62 - 0.50 * near)
        over(picture[rows], body + (palette.colours[4] - body) * haze, below(y, top)[rows])
    curve = ground + rng.uniform(0.05, 0.22) * (x - at) ** 2 + 0.006 * (profile(rng, size, 2.0) - 0.5)
    front = below(y, curve)
    figures = stage.scene(at, ground + 0.006, height, sun)
    dark = palette.colours[0] * np.float32(0.62)
    over(picture, dark, np.maximum(front, figures))
    birds = Pen(size)
    for _ in range(int(rng.integers(0, 7))):
        bx, by, wing = rng.uniform(0.1, 0.9), sun[1] + rng.uniform(-0.14, 0.08), rng.uniform(0.007, 0.014)
        birds.line([(bx - wing, by - wing * 0.5), (bx - wing * 0.4, by - wing * 0.55), (bx, by),
                    (bx + wing * 0.4, by - wing * 0.55), (bx + wing, by - wing * 0.45)], 0.0022)  # fmt: skip
    over(picture, palette.colours[0], birds.mask(), 0.8)
    setting = Setting("hand", "top" if low else "bottom", "centre", tallest=0.24)
    return Painting(finish(picture, rng, 0.024), setting)
