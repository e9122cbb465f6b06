"""Cut paper in the manner of mid-century posters: shapes on a grid, with the figures in one large field and
again in small ones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from art.sketch.canvas import Pen, Picture, Plane, finish, over, paper, shadow
from art.sketch.stage import Painting, Stage
from art.typeset import Setting

_CELLS = 4
_MARGIN = 0.07
_STEP = (1.0 - 2 * _MARGIN) / _CELLS


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    dark = bool(rng.random() < 0.35)
    picture = np.ones((size, size, 3), np.float32) * palette.colours[0 if dark else 4]
    wide = int(rng.choice([2, 2, 3]))
    column, row = int(rng.integers(0, _CELLS - wide + 1)), int(rng.integers(0, max(1, _CELLS - wide)))
    title_above = bool(rng.random() < 0.35)
    base = _MARGIN + (0.22 if title_above else 0.0)
    taken = {(column + n % wide, row + n // wide) for n in range(wide * wide)} if stage.cast else set()
    for tone, mask in _cells(stage, base, taken, [n for n in range(5) if n != (0 if dark else 4)]):
        lift = shadow(mask, 0.005, 1 / 220, 1 / 150) * (1 - mask)
        over(picture, palette.colours[0] * np.float32(0.3), lift, 0.35)
        over(picture, palette.colours[tone], mask)
    if stage.cast:
        left, top = _MARGIN + column * _STEP, base + row * _STEP * 0.95
        high = min(wide, _CELLS - 1)
        _field(
            stage,
            picture,
            left,
            top,
            left + (wide - 0.06) * _STEP,
            top + (high * 0.95 - 0.01) * _STEP,
            dark=dark,
        )
    paper(picture, rng, 0.09, stretch_x=0.6)
    setting = Setting("sans", "top" if title_above else "bottom", "left", tallest=0.18)
    return Painting(finish(picture, rng, 0.018, 0.0), setting)


def _cells(
    stage: Stage, base: float, taken: set[tuple[int, int]], tones: list[int]
) -> Iterator[tuple[int, Plane]]:
    """By tone, the mask of the shapes and small figures in the cells that are not taken."""
    rng = stage.rng
    pens = {tone: Pen(stage.size) for tone in tones}
    small: list[tuple[int, Plane, float, float]] = []
    side = _STEP * 0.82
    for across, down in product(range(_CELLS), range(_CELLS - 1)):
        if (across, down) in taken:
            continue
        left, top = _MARGIN + across * _STEP, base + down * _STEP * 0.95
        tone = int(rng.choice(tones))
        if stage.cast and rng.random() < 0.22:
            figure = stage.shape(int(rng.integers(0, 3)), side, side)
            small.append((tone, figure, left + _STEP * 0.47, top + _STEP * 0.88))
        else:
            _shape(pens[tone], int(rng.integers(0, 6)), left, top, _STEP * 0.94, int(rng.integers(0, 4)))
    for tone, pen in pens.items():
        mask = pen.mask()
        for its_tone, figure, middle, foot in small:
            if its_tone == tone:
                stage.laid(figure, middle, foot, mask)
        yield tone, mask


def _field(
    stage: Stage, picture: Picture, left: float, top: float, right: float, bottom: float, *, dark: bool
) -> None:
    """The large square or disc with the figures."""
    pairs = ((4, 1), (4, 0)) if dark else ((0, 3), (0, 4))
    ground, ink = stage.contrast((1, 4), (2, 0), (3, 0), (2, 4), *pairs)
    field = Pen(stage.size)
    if stage.rng.random() < 0.5:
        field.box(left, top, right, bottom)
    else:
        field.circle((left + right) / 2, (top + bottom) / 2, (right - left) / 2)
    over(picture, stage.palette.colours[ground], field.mask())
    inset = 0.17 * (right - left)
    figures = stage.together(left + inset, top + inset, right - inset, bottom - inset)
    over(picture, stage.palette.colours[ink], figures)


def _shape(pen: Pen, kind: int, left: float, top: float, side: float, turn: int) -> None:
    right, bottom, middle = left + side, top + side, side / 2
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    if kind == 0:
        pen.circle(left + middle, top + middle, middle)
    elif kind == 1:  # a quarter of a circle in one corner
        cx, cy = corners[turn]
        start = turn * np.pi / 2
        arc = [
            (cx + side * float(np.cos(a)), cy + side * float(np.sin(a)))
            for a in np.linspace(start, start + np.pi / 2, 24)
        ]
        pen.polygon([(cx, cy), *arc])
    elif kind == 2:
        for n in range(4):
            pen.box(left, top + side * n / 4, right, top + side * (n + 0.5) / 4)
    elif kind == 3:
        pen.polygon([point for n, point in enumerate(corners) if n != turn])
    elif kind == 4:
        pen.circle(left + middle, top + middle, middle)
        pen.circle(left + middle, top + middle, middle * 0.62, 0)
        pen.circle(left + middle, top + middle, middle * 0.32)
    else:
        for n in range(9):
            pen.circle(left + side * (n % 3 + 0.5) / 3, top + side * (n // 3 + 0.5) / 3, side * 0.105)
