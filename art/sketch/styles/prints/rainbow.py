"""Bands of colour as on records of the seventies: they rise around the figures, sweep under them, or run out
from behind them."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Plane, axes, below, clouds, disc, finish, over
from art.sketch.stage import Painting, Stage
from art.typeset import Setting

_BAND = 0.047


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    x, y = axes(size)
    picture = np.ones((size, size, 3), np.float32) * (palette.colours[4] * (1.0 - 0.12 * y)[..., np.newaxis])
    over(picture, palette.colours[3], np.ones_like(x), float(rng.choice([0.0, 0.35, 0.7])))
    kind = str(rng.choice(["arches", "sweep", "road"]))
    setting = {"arches": _arches, "sweep": _sweep, "road": _road}[kind](stage, picture, x, y)
    worn = np.clip((clouds(rng, size, 1.3) - 0.68) * 5, 0, 1)[..., np.newaxis]
    picture += (palette.colours[4] - picture) * (worn * np.float32(0.55))
    return Painting(finish(picture, rng, 0.028, 0.18), setting)


def _arches(stage: Stage, picture: Plane, x: Plane, y: Plane) -> Setting:
    palette, rng = stage.palette, stage.rng
    at, ground = rng.uniform(0.30, 0.70), rng.uniform(0.62, 0.76)
    outer = rng.uniform(0.38, 0.52)
    for n in range(4):
        over(
            picture,
            palette.colours[(0, 1, 2, 3)[n]],
            disc(x, y, at, ground, outer - n * _BAND) * (y < ground),
        )
    inner = outer - 4 * _BAND
    over(picture, palette.colours[4] * np.float32(0.98), disc(x, y, at, ground, inner) * (y < ground))
    figures = stage.scene(at, ground + 0.004, inner * 0.92, (at, ground - inner * 0.5), inner * 1.5)
    over(picture, palette.colours[0], np.maximum(figures, below(y, ground)))
    return Setting("retro", "bottom", "centre", tallest=0.18)


def _sweep(stage: Stage, picture: Plane, x: Plane, y: Plane) -> Setting:
    palette, rng = stage.palette, stage.rng
    at = float(rng.choice([-1, 1])) * rng.uniform(0.08, 0.24) + 0.5
    rise, shift = rng.uniform(0.02, 0.07) * (1 if at < 0.5 else -1), rng.uniform(0, 6.28)
    curve = rng.uniform(0.44, 0.57) - rise * (x - 0.5) * 2 + 0.05 * np.sin(x * 5.2 + shift)
    foot = float(curve[0, round(at * (stage.size - 1))])
    over(picture, palette.colours[3], disc(x, y, at, foot - 0.20, rng.uniform(0.17, 0.23)))
    figures = stage.scene(at, foot + 0.03, 0.34, (at, foot - 0.22), 0.46)
    over(picture, palette.colours[0], figures)
    for n in range(4):
        over(picture, palette.colours[(3, 2, 1, 0)[n]], below(y, curve + n * _BAND))
    over(picture, palette.colours[4], below(y, curve + 4 * _BAND))
    return Setting("retro", "bottom", "left" if at < 0.5 else "centre", tallest=0.14)


def _road(stage: Stage, picture: Plane, x: Plane, y: Plane) -> Setting:
    """Bands that turn in a quarter of a circle from below to the side, like a road out of the picture."""
    palette, rng = stage.palette, stage.rng
    side = float(rng.choice([0.0, 1.0]))
    centre, radius = (1.0 - side + rng.uniform(-0.06, 0.06), 1.02), rng.uniform(0.68, 0.90)
    for n in range(4):
        over(picture, palette.colours[(3, 2, 1, 0)[n]], disc(x, y, *centre, radius - n * _BAND * 0.95))
    inner = radius - 4 * _BAND * 0.95
    over(picture, palette.colours[4], disc(x, y, *centre, inner))
    if stage.cast:
        at = 0.27 if side == 1.0 else 0.73
        figures = stage.together(at - 0.21, 1.0 - inner * 0.80, at + 0.21, 0.95)
        over(picture, palette.colours[0], figures)
    return Setting("retro", "top", "left", tallest=0.15)
