"""Measures of a photo: colour, light, contrast, texture and composition.

All are taken from the photo at 192 pixels, so a scene has the same measures in any size. Most use V and C of
the hexcone model (Smith, "Color Gamut Transform Pairs", 1978): V is the maximum of R, G and B; C (chroma, S
times V) is the maximum minus the minimum. Unlike lightness, V does not fall when a colour gets purer; unlike
S, C does not rise in the dark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.pixels import Pixels

SIDE = 192
HUES = (
    "red",
    "orange",
    "yellow",
    "lime",
    "green",
    "mint",
    "cyan",
    "azure",
    "blue",
    "violet",
    "magenta",
    "rose",
)
"""Twelve bins of 30 degrees, the first around 0."""

_BLOCK = 8  # width and height of a block for texture, in pixels
_DARK, _LIGHT = 0.22, 0.85
_COLOURED = 0.12  # from this chroma on, people name a hue
_GLARING = 0.45  # V of a light in the dark

Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Measures:
    """The measures, in 0..1 unless stated otherwise."""

    brightness: float
    """The mean V."""
    colour: float
    """The mean C."""
    contrast: float
    """The standard deviation of V, 0.5 at the most."""
    texture: float
    """The mean standard deviation of V within blocks of 8 pixels."""
    edges: float
    """The mean difference of V between neighbours."""
    lightness: float
    """The mean L* of CIE Lab, over 100."""
    warmth: float
    """-1, all blue, to 1, all orange: the mean of b* and half of a*, over 50."""
    hues: tuple[float, ...]
    """The part of the colour in each of ``HUES``; all 0 if there is nearly no colour."""
    dark: float
    """The part of the picture that is nearly black."""
    light: float
    """The part that is nearly white: light and colourless."""
    lights: float
    """In a dark picture, the part that is bright; else 0."""
    symmetry: float
    """Left-right symmetry: the correlation of V with its mirror image, at least 0; 0 for a plain surface."""
    horizon: float
    """The part of the changes of V between rows that lies at one line: 1 for a sharp horizon."""
    horizon_at: float
    """The height of that line, from the top."""
    focus: float
    """The part of the edges in the middle ninth: 0.11 if they are spread evenly."""
    above: tuple[float, float, float]
    """V, C and the hue (in turns) of the upper third's mean colour."""
    below: tuple[float, float, float]
    """The same for the lower third."""


def measure(pixels: Pixels) -> Measures:
    """The measures of ``pixels (height, width, 3)``, uint8 RGB."""
    image = Image.fromarray(pixels)
    image.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    rgb = np.asarray(image, np.float32) / np.float32(255.0)
    value, chroma, hue = hexcone(rgb)
    lab = lab_of(rgb[::2, ::2])  # for a mean, a quarter of the pixels is enough
    down, right = np.abs(np.diff(value, axis=0)), np.abs(np.diff(value, axis=1))
    strengths = down[:, :-1] + right[:-1]
    dark = float((value < _DARK).mean())
    horizon, horizon_at = _horizon(value)
    warm = lab[..., 2] + 0.5 * lab[..., 1]
    return Measures(
        brightness=float(value.mean()),
        colour=float(chroma.mean()),
        contrast=float(value.std()),
        texture=_texture(value),
        edges=float(strengths.mean() / 2.0) if strengths.size else 0.0,
        lightness=float(np.clip(lab[..., 0].mean() / 100.0, 0.0, 1.0)),
        warmth=float(np.clip(warm.mean() / 50.0, -1.0, 1.0)),
        hues=_hues(hue, chroma),
        dark=dark,
        light=float(((value > _LIGHT) & (chroma < _COLOURED)).mean()),
        lights=float((value > _GLARING).mean()) if dark > 0.5 else 0.0,
        symmetry=_symmetry(value),
        horizon=horizon,
        horizon_at=horizon_at,
        focus=_focus(strengths),
        above=_band(rgb[: max(1, len(rgb) // 3)]),
        below=_band(rgb[-max(1, len(rgb) // 3) :]),
    )


def hexcone(rgb: Plane) -> tuple[Plane, Plane, Plane]:
    """V, C and the hue (in turns), each ``(height, width)``, of ``rgb (height, width, 3)``; all in 0..1."""
    value, low = rgb.max(-1), rgb.min(-1)
    chroma = value - low
    red, green, blue = (rgb[..., n] for n in range(3))
    safe = np.where(chroma > 0.0, chroma, 1.0)
    turn = np.where(
        value == red,
        (green - blue) / safe % 6.0,
        np.where(value == green, (blue - red) / safe + 2.0, (red - green) / safe + 4.0),
    )
    return value, chroma, (np.where(chroma > 0.0, turn, 0.0) / 6.0).astype(np.float32)


def lab_of(rgb: Plane) -> Plane:
    """CIE L*a*b* (D65) on the last axis, from sRGB in 0..1 (IEC 61966-2-1; CIE 15:2004)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], np.float32
    )
    xyz = linear @ matrix.T / np.array([0.9505, 1.0, 1.0890], np.float32)
    bent = np.where(xyz > 216.0 / 24389.0, np.cbrt(xyz), (24389.0 / 27.0 * xyz + 16.0) / 116.0)
    x, y, z = (bent[..., n] for n in range(3))
    found: Plane = np.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], -1).astype(np.float32)
    return found


def _texture(value: Plane) -> float:
    rows, columns = (max(1, size // _BLOCK) for size in value.shape)
    height, width = (size // count for size, count in zip(value.shape, (rows, columns), strict=True))
    blocks = value[: rows * height, : columns * width].reshape(rows, height, columns, width)
    return float(blocks.std(axis=(1, 3)).mean())


def _hues(hue: Plane, chroma: Plane) -> tuple[float, ...]:
    count = len(HUES)
    weights = np.where(chroma > _COLOURED, chroma, 0.0)
    places = np.floor(hue * count + 0.5).astype(np.int64) % count
    sums = np.bincount(places.ravel(), weights.ravel(), count)
    total = float(sums.sum())
    return tuple(float(part) / total if total else 0.0 for part in sums)


def _symmetry(value: Plane) -> float:
    centred = value - value.mean()
    variance = float((centred**2).mean())
    return max(0.0, float((centred * centred[:, ::-1]).mean()) / variance) if variance > 1e-6 else 0.0


def _horizon(value: Plane) -> tuple[float, float]:
    """``horizon`` and ``horizon_at`` of ``Measures``, looked for in the middle three fifths. Whole rows
    count, so a slope is not a horizon."""
    steps = np.diff(value.mean(1))
    total = float(np.abs(steps).sum())
    if total < 0.05:  # nearly one shade from top to bottom
        return 0.0, 0.5
    first, last = len(steps) // 5, max(len(steps) // 5 + 1, len(steps) * 4 // 5)
    middle = np.abs(steps[first:last])
    place = int(middle.argmax())
    return float(middle[place]) / total, (first + place + 1) / len(value)


def _focus(strengths: Plane) -> float:
    total = float(strengths.sum())
    height, width = strengths.shape
    middle = strengths[height // 3 : height - height // 3, width // 3 : width - width // 3]
    return float(middle.sum()) / total if total > 0.0 else 0.0


def _band(rgb: Plane) -> tuple[float, float, float]:
    value, chroma, hue = hexcone(rgb.mean((0, 1), keepdims=True))
    return float(value[0, 0]), float(chroma[0, 0]), float(hue[0, 0])
