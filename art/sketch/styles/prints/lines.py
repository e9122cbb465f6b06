"""Fine lines across a plain ground, which rise over the figures as over hills."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from art.sketch.canvas import blur, clouds, finish, over
from art.sketch.stage import Painting, Stage
from art.typeset import Setting


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    dark = bool(rng.random() < 0.6)
    ground, ink = (0.03, 0.62) if dark else (0.97, 0.45)
    picture = np.ones((size, size, 3), np.float32) * palette.at(ground)
    low = bool(rng.random() < 0.5)
    top, bottom = (0.30, 0.93) if low else (0.07, 0.70)
    cx, half = rng.uniform(0.38, 0.62), rng.uniform(0.22, 0.36)
    figures = stage.together(cx - half, top + 0.06, cx + half, bottom - 0.04)
    count = int(rng.integers(38, 64))
    swell = clouds(rng, size, 2.2)
    lift = blur(figures, 0.004) * rng.uniform(0.020, 0.034) + (swell - 0.5) * 0.02 * rng.random()
    inside = Image.new("RGB", (2 * size, 2 * size), tuple(round(255 * float(c)) for c in palette.at(ground)))
    draw = ImageDraw.Draw(inside)
    columns = np.arange(0, size, max(1, size // 340))
    light, warm = palette.at(ink), palette.at(0.80 if dark else 0.20)
    margin = float(rng.choice([-0.01, 0.07, 0.12]))
    for n in range(count):
        base = top + (bottom - top) * (n + 0.5) / count
        row = min(size - 1, int(base * size))
        line = base * size - lift[row, columns] * size * 1.6
        over_figure = figures[row, columns] > 0.5
        spans = np.flatnonzero(np.diff(over_figure.astype(np.int8))) + 1
        keep = (columns / size > margin) & (columns / size < 1 - margin)
        for part in np.split(np.arange(columns.size), spans):
            part = part[keep[part]]
            if part.size > 1:
                colour = warm if over_figure[part[0]] else light
                width = 7.0 if over_figure[part[0]] else 1.6
                points = [(float(2 * columns[k]), float(2 * line[k])) for k in part]
                draw.line(
                    points,
                    fill=tuple(round(255 * float(c)) for c in colour),
                    width=max(1, round(width * size / 1024)),
                    joint="curve",
                )
    picture = np.asarray(inside.reduce(2), np.float32) / np.float32(255.0)
    over(picture, palette.at(ink), blur(figures, 0.03), 0.10)
    setting = Setting(
        "condensed" if dark else "sans", "top" if low else "bottom", "centre", capitals=dark, tallest=0.16
    )
    return Painting(finish(picture, rng, 0.016, 0.0), setting)
