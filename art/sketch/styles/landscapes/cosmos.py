"""Stars, mist and a great planet; the figures stand on the edge of a small world, or drift before the
great one."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Plane, axes, blur, clouds, disc, finish, glow, over
from art.sketch.stage import Painting, Stage
from art.typeset import Setting


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    x, y = axes(size)
    slope, start = rng.uniform(-0.9, 0.9), rng.uniform(0.1, 0.5)
    warp = clouds(rng, size, 3.6) - 0.5
    band = np.exp(-(((y - start - slope * (x - 0.3) + warp * 0.9) / 0.26) ** 2))
    mist = (band * clouds(rng, size, 2.6) * 1.2).astype(np.float32)
    picture = palette.at(np.clip(mist, 0, 0.85)) * (0.15 + 0.85 * mist)[..., np.newaxis]
    picture += palette.colours[0] * np.float32(0.35)
    _stars(stage, picture)
    adrift = all(subject.place == "air" for subject in stage.cast)
    low = adrift or bool(rng.random() < 0.6)
    at = rng.uniform(0.27, 0.73)
    if adrift:
        px, py, radius = at, rng.uniform(0.34, 0.44), rng.uniform(0.20, 0.30)
    else:
        px, py, radius = at + rng.uniform(-0.10, 0.10), rng.uniform(0.42, 0.52), rng.uniform(0.22, 0.32)
    _planet(stage, picture, px, py, radius)
    if adrift:
        figures = (
            stage.scene(px, py, radius * 1.25, (px, py), 0.5) if stage.cast else np.zeros((1, 1), np.float32)
        )
    else:
        ground = rng.uniform(0.70, 0.78)
        bow = rng.uniform(0.7, 1.6)
        figures = np.maximum(
            stage.scene(at, ground + 0.006, rng.uniform(0.26, 0.34), (px, py)),
            disc(x, y, at, ground + bow, bow),
        )
    if figures.size > 1:
        rim = np.clip(blur(figures, 0.006) * (1 - figures) * 2.2, 0, 1)
        glow(picture, palette.colours[3], rim, 0.55)
        over(picture, palette.colours[0] * np.float32(0.45), figures)
    setting = Setting(
        "sans", "bottom" if low else "top", "centre" if at == px else "left", capitals=True, tallest=0.18
    )
    return Painting(finish(picture, rng, 0.018, 0.3), setting)


def _stars(stage: Stage, picture: Plane) -> None:
    rng, size = stage.rng, stage.size
    count = int(900 * (size / 1024) ** 0.5)
    picture[rng.integers(0, size, count), rng.integers(0, size, count)] += (
        0.9 * rng.uniform(0.15, 1.0, (count, 1)) ** 3
    ).astype(np.float32)
    bright = np.zeros((size, size), np.float32)
    few = rng.integers(int(0.03 * size), int(0.97 * size), (14, 2))
    bright[few[:, 0], few[:, 1]] = 1.0
    glow(picture, stage.palette.colours[4], blur(bright, 0.0035) * 60 + bright, 1.0)


def _planet(stage: Stage, picture: Plane, px: float, py: float, radius: float) -> None:
    palette, rng, size = stage.palette, stage.rng, stage.size
    x, y = axes(size)
    dx, dy = (x - px) / radius, (y - py) / radius
    away = np.hypot(dx, dy).astype(np.float32)
    inside = disc(x, y, px, py, radius)
    side = float(rng.choice([-1, 1]))
    sun = 0.62 * side * dx - 0.45 * dy + 0.55 * np.sqrt(np.clip(1 - away**2, 0, 1))
    stripes = clouds(rng, size, 2.6, stretch_x=0.35, stretch_y=2.6)
    surface = palette.at(0.25 + 0.65 * stripes) * np.clip(sun * 1.3 + 0.22, 0.10, 1.25)[..., np.newaxis]
    air = np.exp(-np.clip(away - 1.0, 0, None) * 9.0) * np.clip(0.35 + 0.5 * side * dx - 0.4 * dy, 0, 1)
    glow(picture, palette.colours[3], (air * (1 - inside)).astype(np.float32), 0.7)
    over(picture, surface.astype(np.float32), inside)
    if rng.random() < 0.6:
        lean = rng.uniform(-0.5, 0.5)
        across, along = dx * np.cos(lean) + dy * np.sin(lean), dy * np.cos(lean) - dx * np.sin(lean)
        ring = np.hypot(across, along * 4.2)
        share = np.clip((ring - 1.32) * 30, 0, 1) * np.clip((2.0 - ring) * 12, 0, 1)
        share = share * (0.55 + 0.45 * np.sin(ring * 46.0)) * np.where((along < 0) & (inside > 0.5), 0.0, 0.8)
        over(picture, palette.colours[4], share.astype(np.float32))
