"""Fine, glowing contour lines, like the map of an unknown land: the figures are its island, and the lines
keep their form into the sea."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt

from art.sketch.canvas import Plane, axes, blur, clouds, finish, over, resize
from art.sketch.stage import Painting, Stage
from art.typeset import Setting

_COARSE = 512


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    _, y = axes(size)
    low = bool(rng.random() < 0.4)
    cx, cy = rng.uniform(0.34, 0.66), rng.uniform(0.56, 0.64) if low else rng.uniform(0.36, 0.46)
    reach = rng.uniform(0.20, 0.32)
    figures = stage.together(cx - reach, cy - reach, cx + reach, cy + reach) if stage.cast else None
    land = _land(stage, cx, cy, figures)
    levels = land * rng.uniform(16, 28)
    slope_y, slope_x = np.gradient(levels)
    steep = np.hypot(slope_x, slope_y) + 1e-5
    near = np.abs(levels - np.round(levels)) / steep * (1024 / size)
    every_fifth = np.abs(np.round(levels) % 5) < 0.5
    lines = np.clip(np.where(every_fifth, 2.3, 1.15) - near, 0, 1)
    picture = palette.at(0.02 + 0.26 * land) * (0.6 + 0.5 * land)[..., np.newaxis]
    light = np.asarray(lines * (0.35 + 0.65 * land), np.float32)
    ink = palette.at(0.45 + 0.5 * land)
    picture += light[..., np.newaxis] * ink + blur(light, 0.006)[..., np.newaxis] * ink * np.float32(0.7)
    if figures is not None:
        over(picture, palette.colours[3], blur(figures, 0.02), 0.30)
        over(
            picture,
            palette.at(np.asarray(np.clip(0.98 - 0.5 * (y - cy + reach), 0.55, 1), np.float32)).repeat(
                size, 1
            ),
            figures,
        )
    fade = np.clip((0.38 - y) / 0.38, 0, 1) if low else np.clip((y - 0.62) / 0.38, 0, 1)
    picture *= (1.0 - 0.5 * fade)[..., np.newaxis]
    setting = Setting("sans", "top" if low else "bottom", "left", capitals=True, tallest=0.18)
    return Painting(finish(picture, rng, 0.018, 0.3), setting)


def _land(stage: Stage, cx: float, cy: float, figures: Plane | None) -> Plane:
    """Heights in 0..1: they fall away from the figures, or from a hill."""
    rng, size = stage.rng, stage.size
    noise = clouds(rng, size, 4.0)
    x, y = axes(size)
    if figures is None:
        land = noise + 0.35 * np.exp(-((np.hypot(x - cx, y - cy) / 0.25) ** 2))
    else:
        step = max(1, size // _COARSE)
        small = figures[::step, ::step] > 0.5
        away = resize(np.asarray(distance_transform_edt(~small) / small.shape[0], np.float32), size)
        land = 1.0 - np.clip(away / 0.75, 0, 1) ** 0.8 + 0.42 * (noise - 0.5) * np.clip(away * 6, 0, 1)
    return np.asarray((land - land.min()) / np.ptp(land), np.float32)
