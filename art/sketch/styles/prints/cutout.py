"""A box of cut paper: sheet behind sheet, each with a wider hole around the figures, lit from one side."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt

from art.sketch.canvas import Plane, clouds, finish, over, paper, resize, shadow
from art.sketch.stage import Painting, Stage
from art.typeset import Setting

_COARSE = 256
_SHEETS = 6


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    low = bool(rng.random() < 0.5)
    cx, cy = rng.uniform(0.32, 0.68), rng.uniform(0.56, 0.62) if low else rng.uniform(0.36, 0.44)
    reach = rng.uniform(0.20, 0.26)
    figures = stage.together(cx - reach, cy - reach, cx + reach, cy + reach)
    small = figures[:: size // _COARSE or 1, :: size // _COARSE or 1] > 0.5
    away = distance_transform_edt(~small) / small.shape[0]
    wobble = (clouds(rng, small.shape[0], 4.2) - 0.5) * rng.uniform(0.12, 0.24)
    line = (np.arange(small.shape[0]) / small.shape[0])[:, np.newaxis]
    caption = (
        np.clip((0.24 - line) if low else (line - 0.76), 0, 1) * 4
    )  # one sheet alone lies under the title
    depth = resize(np.asarray(away + wobble * np.clip(away * 7, 0, 1) + caption, np.float32), size)
    rising = bool(rng.random() < 0.5)  # light in the depth, or dark
    picture = np.ones((size, size, 3), np.float32) * palette.at(0.98 if rising else 0.04)
    ink = palette.colours[0] * np.float32(0.8) if rising else palette.colours[4]
    side = 0.006 * float(rng.choice([-1, 1]))  # where the light does not come from
    over(
        picture,
        palette.colours[0] * np.float32(0.3),
        shadow(figures, 0.006, side, 0.006),
        0.5,
    )
    over(picture, ink, figures)
    edge = 0.035 + rng.uniform(0.0, 0.015)
    width = rng.uniform(0.05, 0.08)
    for n in range(_SHEETS):
        sheet = _above(depth, edge + n * width, size)
        tone = 0.86 - 0.80 * n / (_SHEETS - 1) if rising else 0.14 + 0.80 * n / (_SHEETS - 1)
        dark = shadow(sheet, 0.009, 2 * side, 0.012) * (1 - sheet)
        over(picture, palette.colours[0] * np.float32(0.25), dark, 0.55)
        over(picture, palette.at(tone), sheet)
    paper(picture, rng, 0.05)
    setting = Setting("sans", "top" if low else "bottom", "left" if cx > 0.5 else "centre", tallest=0.17)
    return Painting(finish(picture, rng, 0.016, 0.12), setting)


def _above(depth: Plane, level: float, size: int) -> Plane:
    return np.asarray(np.clip((depth - np.float32(level)) * size + 0.5, 0, 1), np.float32)
