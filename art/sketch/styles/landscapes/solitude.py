"""A small figure with a long shadow in a wide, empty land, under a sky that is most of the picture."""

from __future__ import annotations

import numpy as np
from PIL import Image

from art.sketch.canvas import Plane, axes, below, blur, clouds, disc, finish, halo, over
from art.sketch.stage import Painting, Stage
from art.typeset import Setting


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    x, y = axes(size)
    horizon = rng.uniform(0.60, 0.74)
    ground = horizon + rng.uniform(0.02, 0.07)
    at = float(rng.choice([0.22, 0.38, 0.62, 0.78]) + rng.uniform(-0.03, 0.03))
    tones = [(0.95, 0.50, 0.30), (0.30, 0.72, 0.12), (0.62, 0.98, 0.45)][int(rng.integers(0, 3))]
    fade = np.clip(y / horizon, 0, 1) ** rng.uniform(0.8, 1.8)
    picture = np.repeat(palette.at(tones[0] + (tones[1] - tones[0]) * fade), size, axis=1)
    sun = (
        float(np.clip(at + rng.choice([-0.34, 0.30, 0.0]), 0.15, 0.85)),
        rng.uniform(0.30, 0.52),
        rng.uniform(0.05, 0.22),
    )
    over(picture, palette.colours[4], halo(size, sun[0], sun[1], sun[2] * 2.6, 1.2), 0.35)
    over(picture, palette.at(1.0 if tones[1] < 0.9 else 0.62), disc(x, y, *sun))
    land = palette.at(tones[2] + 0.16 * np.clip((y - horizon) / 0.3, 0, 1))
    worn = (clouds(rng, size, 1.7, stretch_x=0.25, stretch_y=2.5) - 0.5)[..., np.newaxis] * np.float32(0.10)
    over(picture, (land + worn).astype(np.float32), below(y, horizon))
    figures = stage.scene(at, ground, rng.uniform(0.15, 0.22), (at, rng.uniform(0.36, 0.46)), 0.4)
    over(
        picture,
        palette.colours[0] * np.float32(0.5),
        _shadow(figures, ground, (at - sun[0]) * 2.6 + 0.5 * (1 if at < 0.5 else -1)),
        0.6,
    )
    over(picture, palette.colours[0] * np.float32(0.6), figures)
    return Painting(
        finish(picture, rng, 0.03, 0.2),
        Setting("serif", "top", "left" if at > 0.5 else "centre", tallest=0.18),
    )


def _shadow(figures: Plane, ground: float, lean: float) -> Plane:
    """The figures, mirrored at the ground, stretched and sheared away from the sun."""
    size = figures.shape[0]
    line = ground * size
    stretch = 0.5
    image = Image.fromarray((figures * 255).astype(np.uint8))
    # Pillow asks where each pixel of the result comes from: up from the line by a part of its depth below it.
    shear = (1.0, -lean * stretch, lean * stretch * line, 0.0, -stretch, line * (1 + stretch))
    cast = image.transform((size, size), Image.Transform.AFFINE, shear, Image.Resampling.BILINEAR)
    plane = np.asarray(cast, np.float32) / np.float32(255.0)
    below_line = (np.arange(size) >= line)[:, np.newaxis]
    fade = np.clip(1.15 - (np.arange(size) - line) / (0.35 * size), 0, 1)[:, np.newaxis]
    return blur(np.asarray(plane * below_line * fade, np.float32), 0.0016)
