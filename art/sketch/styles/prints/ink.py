"""The figures in brush and ink on wet paper: in a circle of one stroke, or alone with a red sun."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Plane, Rng, axes, blur, clouds, disc, finish, over
from art.sketch.stage import Painting, Stage
from art.typeset import Setting


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    x, y = axes(size)
    picture = palette.colours[4] * (0.96 + 0.05 * clouds(rng, size, 1.4))[..., np.newaxis]
    over(picture, palette.colours[3], np.clip(clouds(rng, size, 3.4) * 1.7 - 0.75, 0, 1), 0.55)
    high = bool(rng.random() < 0.5)
    cx, cy = rng.uniform(0.34, 0.66), 0.42 if high else 0.56
    radius = rng.uniform(0.26, 0.32)
    edge = clouds(rng, size, 1.8)
    if rng.random() < 0.55 or not stage.cast:
        over(picture, palette.colours[2], disc(x, y, cx + 0.05, cy - 0.03, radius * 0.6, 0.05), 0.35)
        over(picture, palette.colours[0], _stroke(rng, x, y, cx, cy, radius))
        reach = radius * 0.62
    else:
        sun = cx + float(rng.choice([-1, 1])) * rng.uniform(0.10, 0.18), cy - rng.uniform(0.08, 0.18)
        over(picture, palette.colours[2], _bled(disc(x, y, *sun, rng.uniform(0.13, 0.20)), edge), 0.85)
        reach = radius * 1.08
    if stage.cast:
        figures = stage.together(cx - reach, cy - reach, cx + reach, cy + reach)
        dry = np.clip(1.25 - 0.5 * clouds(rng, size, 1.5, stretch_y=3.0), 0.55, 1)
        over(picture, palette.colours[1], np.clip(blur(figures, 0.012) * 1.1, 0, 1), 0.28)
        over(picture, palette.colours[0], _bled(figures, edge) * dry)
    for _ in range(7):
        drop = disc(x, y, rng.uniform(0.15, 0.85), rng.uniform(0.15, 0.85), rng.uniform(0.002, 0.006))
        over(picture, palette.colours[1], drop, 0.8)
    return Painting(
        finish(picture, rng, 0.02, 0.18),
        Setting("serif", "bottom" if high else "top", "centre", tallest=0.17),
    )


def _bled(mask: Plane, edge: Plane) -> Plane:
    """The mask with an edge that runs into the paper."""
    return np.clip((blur(mask, 0.0035) + (edge - 0.5) * 0.5 - 0.42) * 9 + 0.5, 0, 1)


def _stroke(rng: Rng, x: Plane, y: Plane, cx: float, cy: float, radius: float) -> Plane:
    """A circle that is drawn with one turn of a brush, which runs dry."""
    size = x.shape[1]
    angle = (np.arctan2(y - cy, x - cx) + rng.uniform(0, 6.28)) % (2 * np.pi) / (2 * np.pi)
    away = np.hypot(x - cx, (y - cy) * 1.02)
    width = 0.034 * (1.15 - 0.75 * angle) * np.clip(angle * 30, 0.3, 1) * np.clip((0.94 - angle) * 25, 0, 1)
    bristles = 0.62 + 0.6 * rng.random(256)[(away * 3000).astype(np.int32) % 256]
    dry = np.clip(1.35 - angle * 0.9 * bristles - 0.5 * clouds(rng, size, 1.5) * angle, 0, 1)
    line = np.abs(away - radius + (clouds(rng, size, 3.0) - 0.5) * 0.02)
    return np.asarray(np.clip(np.clip((width - line) * size / 2.0, 0, 1) * dry * 1.15, 0, 1), np.float32)
