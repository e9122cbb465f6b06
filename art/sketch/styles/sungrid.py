"""A striped sun over a glowing grid that runs to the horizon."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Picture, Plane, Rng, blur, clouds, disc, grain, grid, over, vignette
from art.sketch.palettes import Palette
from art.typeset import Setting

SETTING = Setting("retro", "top", "centre", tallest=0.18)
_HORIZON = 0.63


def paint(palette: Palette, rng: Rng, size: int) -> Picture:
    x, y = grid(size)
    picture = palette.at(0.04 + 0.55 * np.clip(y / _HORIZON, 0, 1) ** 2.4)
    stars = (rng.random((size, size)) < 0.0011) & (y < _HORIZON * 0.85)
    picture = picture + (stars * rng.uniform(0.2, 0.9, (size, size)))[..., np.newaxis].astype(np.float32)
    sun = disc(x, y, 0.5, 0.47, 0.2)
    cut = np.clip((np.sin((y - 0.40) * 190.0) - 0.15 + np.clip((0.47 - y) * 40, -0.35, 3)) * 5, 0, 1)
    shape = sun * cut * (y < _HORIZON)
    halo = np.exp(-((np.hypot(x - 0.5, y - 0.47) / 0.3) ** 2.0))
    picture = picture + palette.colours[2] * (0.5 * halo)[..., np.newaxis]
    picture = over(
        picture, palette.at(1.0 - 0.55 * np.clip((y - 0.27) / 0.36, 0, 1)), shape.astype(np.float32)
    )
    profile = clouds(rng, size, 2.2)[size // 2]
    hills = _HORIZON - 0.02 - 0.10 * profile[np.newaxis] * np.clip(np.abs(x - 0.5) * 3.2 - 0.25, 0, 1)
    picture = over(
        picture,
        palette.colours[0] * 0.7,
        (np.clip((y - hills) * size, 0, 1) * (y < _HORIZON)).astype(np.float32),
    )
    depth = np.clip(y - _HORIZON, 1e-4, None)
    floor = (y >= _HORIZON).astype(np.float32)
    across, distance = (x - 0.5) / depth * 1.1, 0.30 / depth
    pixel = 1.6 / size  # a line's half width on the picture, whatever its distance
    lines = np.maximum(_line(across, pixel * 1.1 / depth), _line(distance, pixel * 0.30 / depth**2))
    lines = (lines * floor * np.clip(depth * 7, 0.08, 1.0)).astype(np.float32)
    picture = over(picture, palette.colours[0] * 0.55 + palette.colours[1] * 0.1, floor)
    light = lines[..., np.newaxis] * palette.colours[3]
    picture = picture + light * 0.9 + blur(light, 0.006) * 0.8
    edge = np.exp(-np.abs(y - _HORIZON) * 90.0)[..., np.newaxis] * palette.colours[3] * 0.6
    return vignette(grain(picture + edge, rng, 0.02), 0.35)


def _line(place: Plane, width: Plane) -> Plane:
    """Bright where ``place`` is near a whole number; far away, where lines would run together, evenly dim."""
    near = np.abs(place - np.round(place))
    return np.clip(1.3 - near / np.clip(width, 1e-4, 0.45), 0.0, 1.0)
