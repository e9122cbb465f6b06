"""The sea under a low sun: the figures at the waterline, and their reflection in the swell."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Picture, axes, below, clouds, disc, finish, glow, halo, over, profile
from art.sketch.stage import Painting, Stage
from art.typeset import Setting


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    x, y = axes(size)
    low = bool(rng.random() < 0.5)
    horizon = rng.uniform(0.66, 0.74) if low else rng.uniform(0.44, 0.52)
    height = rng.uniform(0.26, 0.34)
    at = rng.uniform(0.27, 0.73)
    sun = float(at + rng.choice([-0.1, 0.0, 0.12])), horizon - rng.uniform(0.02, 0.16)
    radius = rng.uniform(0.13, 0.24)
    picture = np.repeat(palette.at(0.98 - 0.5 * np.clip(y / horizon, 0, 1) ** 1.5), size, axis=1)
    picture += (clouds(rng, size, 3.4, stretch_y=4.0)[..., np.newaxis] - 0.5) * np.float32(0.12)
    glow(picture, palette.colours[3], halo(size, *sun, radius * 1.9, 1.3), 0.45)
    over(picture, palette.colours[4] * np.float32(1.03), disc(x, y, *sun, radius))
    figures = stage.scene(at, horizon + 0.004, height, sun)
    over(picture, palette.colours[0] * np.float32(0.7), figures)
    _water(stage, picture, horizon)
    for n in range(int(rng.integers(2, 5))):  # swells in front, one darker than the other
        line = horizon + 0.10 + 0.10 * n + 0.02 * rng.random()
        crest = (
            line
            + (0.012 + 0.012 * n) * np.sin(x * rng.uniform(9, 20) + rng.uniform(0, 6.28))
            + 0.02 * (profile(rng, size, 2.6) - 0.5)
        )
        foam = np.clip(1 - (y - crest) / (0.006 + 0.004 * n), 0, 1) * below(y, crest)
        over(picture, palette.at(0.26 - 0.06 * n), below(y, crest), 0.8)
        over(picture, palette.colours[3], foam.astype(np.float32), 0.35)
    setting = Setting("serif", "top" if low else "bottom", "centre", tallest=0.22)
    return Painting(finish(picture, rng, 0.022), setting)


def _water(stage: Stage, picture: Picture, horizon: float) -> None:
    """What is above the horizon, mirrored under it: darker, and torn by ripples that grow with nearness."""
    rng, size = stage.rng, stage.size
    line = int(horizon * size)
    rows = np.clip(line - 1 - (np.arange(size - line) * 1.15).astype(int), 0, None)
    depth = np.linspace(0.1, 1.0, len(rows))[:, np.newaxis]
    ripple = (clouds(rng, size, 1.7, stretch_x=0.3, stretch_y=3.0)[: len(rows)] - 0.5) * 0.11 * size * depth
    columns = np.clip(np.arange(size)[np.newaxis] + ripple.astype(int), 0, size - 1)
    shade = np.linspace(0.86, 0.42, len(rows), dtype=np.float32)[:, np.newaxis, np.newaxis]
    tint = stage.palette.colours[1] * (1 - shade)
    picture[line:] = picture[rows[:, np.newaxis], columns] * shade + tint * np.float32(0.7)
