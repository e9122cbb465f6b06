"""A dark room with a window: the figures stand outside in the evening, and their shadow lies on the floor."""

from __future__ import annotations

import numpy as np
from PIL import Image

from art.sketch.canvas import Pen, Plane, axes, below, blur, clouds, disc, finish, glow, halo, over, profile
from art.sketch.stage import Painting, Stage
from art.typeset import Setting


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    x, y = axes(size)
    kind = str(rng.choice(["arch", "round", "panes", "wide"]))
    half_w, half_h = {
        "arch": (0.21, 0.29),
        "round": (0.27, 0.27),
        "panes": (0.25, 0.28),
        "wide": (0.38, 0.20),
    }[kind]
    scale = rng.uniform(0.80, 1.08)
    half_w, half_h = half_w * scale, half_h * scale
    cx = 0.5 + (0.44 - half_w) * rng.uniform(-1, 1)
    cy = 0.07 + half_h + rng.uniform(0.0, max(0.01, 0.66 - 2 * half_h))
    left, top, right, bottom = cx - half_w, cy - half_h, cx + half_w, cy + half_h
    outside = np.repeat(palette.at(0.55 + 0.43 * np.clip((y - top) / (bottom - top), 0, 1)), size, axis=1)
    sun = cx + rng.uniform(-0.5, 0.5) * half_w, cy + rng.uniform(-0.1, 0.3) * half_h
    glow(outside, palette.colours[3], halo(size, *sun, 0.18, 1.4), 0.3)
    over(outside, palette.colours[4] * np.float32(1.05), disc(x, y, *sun, rng.uniform(0.07, 0.12)))
    ground = bottom - rng.uniform(0.05, 0.09)
    hill = ground + 0.05 * (profile(rng, size, 2.8) - 0.6)
    over(outside, palette.at(0.42), below(y, hill - 0.05 - 0.06 * profile(rng, size, 2.4)))
    figures = np.maximum(_outside(stage, cx, cy, half_w, half_h, ground), below(y, ground))
    over(outside, palette.colours[0] * np.float32(0.55), figures)
    frame, bars = _opening(stage, kind, cx, cy, half_w, half_h)
    shade = float(rng.choice([0.06, 0.14, 0.26]))
    wall = palette.at(np.asarray(shade + 0.10 * clouds(rng, size, 2.6), np.float32))
    picture = wall * (0.75 + 0.5 * halo(size, cx, cy, 0.6, 2.0))[..., np.newaxis]
    sill = Pen(size).box(left - 0.03, bottom, right + 0.03, bottom + 0.022).mask()
    floor = 0.755
    over(picture, palette.colours[0] * np.float32(0.55), below(y, floor))
    over(picture, palette.colours[1], np.clip(blur(frame, 0.012) * 1.8, 0, 1))
    over(picture, outside, frame)
    over(picture, palette.at(0.16), np.maximum(sill, bars))
    patch = np.asarray(frame * (1 - bars) * (1 - 0.85 * figures), np.float32)
    glow(picture, palette.colours[3], _cast(patch, bottom, floor, (0.5 - sun[0]) * 1.2), 0.30)
    return Painting(finish(picture, rng, 0.022, 0.35), Setting("serif", "bottom", "centre", tallest=0.14))


def _outside(stage: Stage, cx: float, cy: float, half_w: float, half_h: float, ground: float) -> Plane:
    if not stage.cast:
        return np.zeros((stage.size, stage.size), np.float32)
    top = cy - half_h * 0.62
    if stage.flies:
        return stage.together(cx - half_w * 0.7, top, cx + half_w * 0.7, ground - 0.06)
    figures = stage.together(cx - half_w * 0.8, top, cx + half_w * 0.8, ground)
    foot = int(np.flatnonzero(figures.any(axis=1))[-1]) if figures.any() else 0
    return np.roll(figures, max(0, round(ground * stage.size) - foot), axis=0)


def _opening(
    stage: Stage, kind: str, cx: float, cy: float, half_w: float, half_h: float
) -> tuple[Plane, Plane]:
    """The masks of the window and of the bars in it."""
    left, top, right, bottom = cx - half_w, cy - half_h, cx + half_w, cy + half_h
    pane, bars, thick = Pen(stage.size), Pen(stage.size), 0.007
    if kind == "round":
        pane.circle(cx, cy, half_w)
    elif kind == "arch":
        pane.circle(cx, top + half_w, half_w).box(left, top + half_w, right, bottom)
    else:
        pane.box(left, top, right, bottom)
    if kind in ("arch", "panes"):
        bars.box(cx - thick / 2, top, cx + thick / 2, bottom)
        bars.box(left, top + half_h * 0.7 - thick / 2, right, top + half_h * 0.7 + thick / 2)
    frame = pane.mask()
    if kind == "wide":
        for n in (1, 2):
            bars.box(left + n * half_w / 1.5 - thick / 2, top, left + n * half_w / 1.5 + thick / 2, bottom)
    return frame, bars.mask() * frame


def _cast(patch: Plane, bottom: float, floor: float, lean: float) -> Plane:
    """The light of the window on the floor: mirrored at the wall's foot, flattened and sheared."""
    size = patch.shape[0]
    image = Image.fromarray((patch * 255).astype(np.uint8))
    flat = 3.4
    edge, foot = bottom * size, floor * size
    shear = (1.0, lean * flat, -lean * flat * foot, 0.0, -flat, edge + flat * foot)
    cast = image.transform((size, size), Image.Transform.AFFINE, shear, Image.Resampling.BILINEAR)
    lit = np.asarray(cast, np.float32) / np.float32(255.0)
    return blur(np.asarray(lit * (np.arange(size) >= foot)[:, np.newaxis], np.float32), 0.002)
