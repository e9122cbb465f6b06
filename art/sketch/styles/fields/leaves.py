"""Pressed leaves and stems around the figures: from all sides, from below, or from two corners."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Pen, Plane, Rng, axes, clouds, finish, over, paper, shadow
from art.sketch.stage import Painting, Stage
from art.typeset import Setting

_TONES = (0.05, 0.2, 0.32, 0.45, 0.62)


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    dark = bool(rng.random() < 0.3)
    sheet = palette.colours[0] if dark else palette.colours[4]
    picture = sheet * np.float32(0.98) + (
        clouds(rng, size, 1.6)[..., np.newaxis] - np.float32(0.5)
    ) * np.float32(0.06)
    kind = str(rng.choice(["wreath", "meadow", "corners"])) if stage.cast else "wreath"
    pens = [Pen(size) for _ in _TONES]
    for foot, heading in _feet(rng, kind):
        _stem(
            pens[int(rng.integers(0, len(_TONES)))],
            rng,
            foot,
            heading,
            rng.uniform(0.24, 0.42) * (0.9 if kind == "corners" else 1.0),
        )
    masks = [pen.mask() for pen in pens]
    box = {
        "wreath": (0.25, 0.17, 0.75, 0.66),
        "meadow": (0.20, 0.24, 0.80, 0.76),
        "corners": (0.18, 0.12, 0.82, 0.70),
    }[kind]
    if stage.cast:
        figures = stage.together(*box)
        tone = palette.colours[4] * np.float32(0.98) if dark else palette.colours[int(rng.choice([0, 1]))]
        over(picture, tone, figures)
    calm = _calm(size, kind, figures=bool(stage.cast))
    masks = [mask * (1 - calm) for mask in masks]
    every = np.asarray(np.maximum.reduce(masks), np.float32)
    over(
        picture,
        palette.colours[0] * np.float32(0.3),
        shadow(every, 0.006, 1 / 200, 1 / 150),
        0.25,
    )
    for tone_at, mask in zip(_TONES, masks, strict=True):
        over(picture, palette.at(min(1.0, tone_at + (0.28 if dark else 0.0))), mask, 0.96)
    paper(picture, rng, 0.08, 2.0)
    setting = {
        "wreath": Setting("serif", "middle", "centre", widest=0.64)
        if not stage.cast
        else Setting("serif", "bottom", "centre", widest=0.6, tallest=0.14),
        "meadow": Setting("serif", "top", "centre", tallest=0.17),
        "corners": Setting("serif", "bottom", "centre", widest=0.72, tallest=0.15),
    }[kind]
    return Painting(finish(picture, rng, 0.02, 0.15), setting)


def _calm(size: int, kind: str, *, figures: bool) -> Plane:
    """Where no leaves lie: around the figures in a wreath, and under the title."""
    x, y = axes(size)
    calm = np.zeros((size, size), np.float32)
    spots = []
    if kind == "wreath":
        spots.append((0.5, 0.34, 0.36) if figures else (0.5, 0.40, 0.24))
    if figures and kind != "meadow":
        spots.append((0.86, 0.36 if kind == "wreath" else 0.41, 0.10))
    for middle, wide, high in spots:
        away = np.sqrt(((x - 0.5) / wide) ** 2 + ((y - middle) / high) ** 2)
        calm = np.maximum(calm, np.exp(-(away**6)))
    return calm


def _feet(rng: Rng, kind: str) -> list[tuple[tuple[float, float], float]]:
    """Where the stems begin, and where they lead."""
    feet = []
    if kind == "wreath":
        for n in range(17):
            around = 2 * np.pi * (n + rng.uniform(-0.25, 0.25)) / 17
            feet.append(((0.5 + 0.80 * np.cos(around), 0.5 + 0.80 * np.sin(around)), around + np.pi))
    elif kind == "meadow":
        for n in range(15):
            x = (n + rng.uniform(0.2, 0.8)) / 15
            feet.append(((x, 1.06), -np.pi / 2 + rng.uniform(-0.35, 0.35)))
    else:
        side = int(rng.choice([0, 1]))
        for corner in (0, 1):
            cx, cy = (float(corner), float(corner) if side else 1.0 - corner)
            inward = float(np.arctan2(0.5 - cy, 0.5 - cx))
            for n in range(9):
                turn = (n - 4) * 0.20 + rng.uniform(-0.06, 0.06)
                feet.append(((cx - 0.10 * np.cos(inward), cy - 0.10 * np.sin(inward)), inward + turn))
    return [((float(x), float(y)), float(heading)) for (x, y), heading in feet]


def _stem(pen: Pen, rng: Rng, foot: tuple[float, float], heading: float, reach: float) -> None:
    bend = rng.uniform(-0.5, 0.5)
    t = np.linspace(0, 1.0, 26)
    across = foot[0] + reach * t * np.cos(heading + bend * t)
    down = foot[1] + reach * t * np.sin(heading + bend * t)
    spine = [(float(a), float(b)) for a, b in zip(across, down, strict=True)]
    pen.line(spine, 0.0035)
    long, wide = rng.uniform(0.055, 0.11), rng.uniform(0.20, 0.42)
    for k in range(5, 26, int(rng.integers(2, 4))):
        ahead = float(np.arctan2(spine[k][1] - spine[k - 1][1], spine[k][0] - spine[k - 1][0]))
        for side in (-1, 1):
            _leaf(pen, spine[k], ahead + side * rng.uniform(0.6, 0.95), long * (1.15 - 0.6 * k / 26), wide)
    _leaf(
        pen,
        spine[-1],
        float(np.arctan2(spine[-1][1] - spine[-2][1], spine[-1][0] - spine[-2][0])),
        long * 0.8,
        wide,
    )


def _leaf(pen: Pen, foot: tuple[float, float], heading: float, length: float, width: float) -> None:
    t = np.linspace(0, 1, 12)
    half = width * length * np.sin(np.pi * t**0.85) * 0.5
    ahead = np.stack([foot[0] + t * length * np.cos(heading), foot[1] + t * length * np.sin(heading)], axis=1)
    normal = np.array([-np.sin(heading), np.cos(heading)])
    left, right = ahead + half[:, np.newaxis] * normal, ahead - half[:, np.newaxis] * normal
    pen.polygon([(float(a), float(b)) for a, b in (*left, *right[::-1])])
