"""A striped sun over a glowing grid that runs to the horizon, where the figures stand in neon."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Plane, axes, below, blur, disc, finish, glow, halo, over, profile
from art.sketch.stage import Painting, Stage
from art.typeset import Setting


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    x, y = axes(size)
    horizon, vanish = rng.uniform(0.64, 0.74), rng.uniform(0.3, 0.7)
    sun_x, radius = float(np.clip(vanish + rng.uniform(-0.1, 0.1), 0.3, 0.7)), rng.uniform(0.17, 0.27)
    sun_y = horizon - radius * rng.uniform(0.5, 0.95)
    picture = np.repeat(palette.at(0.04 + 0.55 * np.clip(y / horizon, 0, 1) ** 2.4), size, axis=1)
    stars = (rng.random((size, size), dtype=np.float32) < 0.0011) & (y < horizon * 0.85)
    picture[stars] += rng.uniform(0.2, 0.9, (int(stars.sum()), 1)).astype(np.float32)
    glow(picture, palette.colours[2], halo(size, sun_x, sun_y, radius * 1.5, 2.0), 0.5)
    gaps = (np.sin((y - sun_y) * 190.0) - 0.15 + np.clip((sun_y - y) * 40, -0.35, 3)) * 5
    shape = disc(x, y, sun_x, sun_y, radius) * np.clip(gaps, 0, 1) * (y < horizon)
    over(
        picture,
        np.repeat(palette.at(1.0 - 0.55 * np.clip((y - sun_y + radius) / (2 * radius), 0, 1)), size, 1),
        shape,
    )
    ends = np.clip(np.abs(x - vanish) * 3.2 - 0.35, 0, 1)
    hills = horizon - 0.015 - rng.uniform(0.06, 0.16) * profile(rng, size, 2.2) * ends
    over(picture, palette.colours[0] * np.float32(0.7), below(y, hills) * (y < horizon))
    at = float(np.clip(sun_x + rng.uniform(-0.06, 0.06), 0.3, 0.7))
    figures = stage.scene(at, horizon + 0.002, rng.uniform(0.26, 0.34), (sun_x, sun_y))
    rim = np.clip(blur(figures, 0.004) * (1 - figures) * 2.6, 0, 1)
    over(picture, palette.colours[0] * np.float32(0.35), figures)
    glow(picture, palette.colours[3], rim + 0.5 * blur(figures, 0.02) * (1 - figures), 0.85)
    floor = _floor(stage, x, y, horizon, vanish)
    over(
        picture,
        palette.colours[0] * np.float32(0.55) + palette.colours[1] * np.float32(0.1),
        below(y, horizon),
    )
    glow(picture, palette.colours[3], floor + blur(floor, 0.006), 0.85)
    glow(picture, palette.colours[3], np.exp(-np.abs(y - horizon) * 90.0) * np.ones_like(x), 0.6)
    return Painting(finish(picture, rng, 0.02, 0.35), Setting("retro", "top", "centre", tallest=0.18))


def _floor(stage: Stage, x: Plane, y: Plane, horizon: float, vanish: float) -> Plane:
    depth = np.clip(y - horizon, 1e-4, None)
    pixel = 1.6 / stage.size  # a line's half width on the picture, whatever its distance
    across, distance = (x - vanish) / depth * 1.1, 0.30 / depth
    lines = np.maximum(_line(across, pixel * 1.1 / depth), _line(distance, pixel * 0.30 / depth**2))
    return np.asarray(lines * (y >= horizon) * np.clip(depth * 7, 0.08, 1.0), np.float32)


def _line(place: Plane, width: Plane) -> Plane:
    """Bright where ``place`` is near a whole number; evenly dim in the distance, where lines would merge."""
    near = np.abs(place - np.round(place))
    return np.clip(1.3 - near / np.clip(width, 1e-4, 0.45), 0.0, 1.0)
