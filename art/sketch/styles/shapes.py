"""Cut paper in the manner of mid-century posters: quarter circles, bars and discs on a grid."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Pen, Picture, Rng, blur, clouds, grain, over
from art.sketch.palettes import Palette
from art.typeset import Setting

SETTING = Setting("sans", "bottom", "left", tallest=0.20)
_CELLS = 4


def paint(palette: Palette, rng: Rng, size: int) -> Picture:
    paper = palette.colours[4] * 0.99
    picture = np.ones((size, size, 3), np.float32) * paper
    step = (1.0 - 0.14) / _CELLS
    order = rng.permutation(_CELLS * (_CELLS - 1))
    for n, cell in enumerate(order):
        left, top = 0.07 + (cell % _CELLS) * step, 0.07 + (cell // _CELLS) * step * 0.95
        kind = int(rng.integers(0, 6)) if n else 0
        colour = palette.colours[int(rng.choice([0, 1, 1, 2, 2, 3]))]
        turn = int(rng.integers(0, 4))
        shadow = _shape(Pen(size), kind, left + 0.004, top + 0.006, step * 0.94, turn)
        picture = picture * (1 - 0.22 * blur(np.repeat(shadow[..., np.newaxis], 3, axis=2), 0.006))
        picture = over(picture, colour, _shape(Pen(size), kind, left, top, step * 0.94, turn))
    fibre = clouds(rng, size, 1.2, stretch_x=0.6)[..., np.newaxis] - 0.5
    return grain(picture * (1 + 0.09 * fibre), rng, 0.018)


def _shape(pen: Pen, kind: int, left: float, top: float, side: float, turn: int) -> Picture:
    right, bottom, middle = left + side, top + side, side / 2
    corner = [(left, top), (right, top), (right, bottom), (left, bottom)][turn % 4]
    if kind == 0:
        pen.circle(left + middle, top + middle, middle)
    elif kind == 1:  # a quarter of a circle in one corner
        pen.circle(*corner, side)
        around = [
            (left + dx * side, top + dy * side)
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            if (dx, dy) != (0, 0)
        ]
        for x, y in around:
            pen.box(x, y, x + side, y + side, 0)
    elif kind == 2:
        for n in range(4):
            pen.box(left, top + side * n / 4, right, top + side * (n + 0.5) / 4)
    elif kind == 3:
        points = [(left, top), (right, top), (right, bottom), (left, bottom)]
        pen.polygon([p for n, p in enumerate(points) if n != turn % 4])
    elif kind == 4:
        pen.circle(left + middle, top + middle, middle)
        pen.circle(left + middle, top + middle, middle * 0.62, 0)
        pen.circle(left + middle, top + middle, middle * 0.32)
    else:
        for n in range(9):
            pen.circle(left + side * (n % 3 + 0.5) / 3, top + side * (n // 3 + 0.5) / 3, side * 0.105)
    return pen.mask()
