"""The tools of the styles: axes, noise, blur, light, grain, shapes. Pictures are ``(size, size, 3)`` float32
in 0..1, and most tools change them in place: a cover is a hundred passes over three million numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Picture = NDArray[np.float32]
Plane = NDArray[np.float32]
"""``(size, size)`` float32, or what broadcasts to it."""
Rng = np.random.Generator
_OVERSAMPLING = 2
_COARSE = 256
"""Noise and light have no detail that a quarter of a cover's pixels would not show."""


def axes(size: int) -> tuple[Plane, Plane]:
    """``x (1, size)`` and ``y (size, 1)`` of the pixels, in 0..1."""
    axis = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
    return axis[np.newaxis], axis[:, np.newaxis]


def clouds(
    rng: Rng, size: int, roughness: float = 2.2, stretch_x: float = 1.0, stretch_y: float = 1.0
) -> Plane:
    """Fractal noise in 0..1 by spectral synthesis (power falls as frequency ** -roughness); larger is
    smoother."""
    base = min(size, _COARSE if roughness > 2.0 else 2 * _COARSE)
    fy = np.fft.fftfreq(base)[:, np.newaxis] * stretch_y
    fx = np.fft.rfftfreq(base)[np.newaxis] * stretch_x
    frequency = np.hypot(fy, fx)
    frequency[0, 0] = 1.0
    phases = rng.normal(size=(2, *frequency.shape))
    field = np.fft.irfft2((phases[0] + 1j * phases[1]) * frequency ** (-roughness / 2), s=(base, base))
    field -= field.min()
    return resize((field / field.max()).astype(np.float32), size)


def profile(rng: Rng, size: int, roughness: float = 2.2) -> Plane:
    """Fractal noise along ``x``: ``(1, size)`` in 0..1."""
    base = min(size, 2 * _COARSE)
    frequency = np.fft.rfftfreq(base)
    frequency[0] = 1.0
    phases = rng.normal(size=(2, frequency.size))
    line = np.fft.irfft((phases[0] + 1j * phases[1]) * frequency ** (-roughness / 2), base)
    line = (line - line.min()) / np.ptp(line)
    spread = np.interp(np.linspace(0, base - 1, size), np.arange(base), line)
    return np.asarray(spread[np.newaxis], np.float32)


def resize(plane: Plane, size: int) -> Plane:
    if plane.shape[0] == size:
        return plane
    return np.asarray(Image.fromarray(plane, "F").resize((size, size), Image.Resampling.BICUBIC), np.float32)


def spread(picture: Picture, size: int) -> Picture:
    """A picture, smoothly enlarged."""
    return np.stack([resize(np.ascontiguousarray(picture[..., n]), size) for n in range(3)], axis=-1)


def blur(picture: Picture, radius: float) -> Picture:
    """Gaussian blur of a picture or a mask; ``radius`` is a fraction of the picture's width."""
    image = Image.fromarray((np.clip(picture, 0.0, 1.0) * 255).astype(np.uint8))
    size, pixels = picture.shape[1], radius * picture.shape[1]
    if pixels > 6:  # nothing finer is left: blur it small
        small = image.reduce(4).filter(ImageFilter.GaussianBlur(pixels / 4))
        image = small.resize((size, picture.shape[0]), Image.Resampling.BICUBIC)
    else:
        image = image.filter(ImageFilter.GaussianBlur(pixels))
    return np.asarray(image, np.float32) / np.float32(255.0)


def over(picture: Picture, colour: NDArray[np.float32] | Picture, mask: Plane, share: float = 1.0) -> Picture:
    """Lays ``colour`` over the picture, in place, where ``mask`` (0..1) says. Returns the picture."""
    rows, columns = _where(mask, picture.shape[0])
    part = picture[rows, columns]
    own = colour[rows, columns] if colour.shape == picture.shape else colour
    weight = np.broadcast_to(mask, picture.shape[:2])[rows, columns, np.newaxis]
    part += (own - part) * (weight if share == 1.0 else weight * np.float32(share))
    return picture


def _where(mask: Plane, size: int) -> tuple[slice, slice]:
    """The rows and columns in which the mask is not empty."""
    if mask.shape != (size, size):
        return slice(None), slice(None)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return slice(0, 0), slice(0, 0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def glow(picture: Picture, colour: NDArray[np.float32], light: Plane, amount: float) -> Picture:
    """Adds light of a colour, in place. Returns the picture."""
    picture += light[..., np.newaxis] * (colour * np.float32(amount))
    return picture


def disc(x: Plane, y: Plane, cx: float, cy: float, radius: float, softness: float = 0.002) -> Plane:
    """A filled circle with an edge of ``softness``."""
    away = np.sqrt((x - np.float32(cx)) ** 2 + (y - np.float32(cy)) ** 2)
    return np.asarray(np.clip((radius - away) / softness + 0.5, 0.0, 1.0), np.float32)


def halo(size: int, cx: float, cy: float, radius: float, power: float = 1.5) -> Plane:
    """Light that falls off around a point."""
    x, y = axes(min(size, _COARSE))
    away = np.hypot(x - cx, y - cy) / radius
    return resize(np.asarray(np.exp(-(away**power)), np.float32), size)


def below(y: Plane, line: NDArray[np.floating] | float) -> Plane:
    """All that lies under ``line``, with a smooth edge."""
    return np.asarray(np.clip((y - line) * np.float32(y.shape[0]) + 0.5, 0.0, 1.0), np.float32)


def paper(picture: Picture, rng: Rng, amount: float, roughness: float = 1.2, stretch_x: float = 1.0) -> None:
    """The fibre of paper: the picture lighter here and darker there, in place."""
    fibre = clouds(rng, picture.shape[0], roughness, stretch_x=stretch_x)[..., np.newaxis]
    picture *= np.float32(1.0) + np.float32(amount) * (fibre - np.float32(0.5))


def shadow(mask: Plane, radius: float, across: float, down: float) -> Plane:
    """The soft shadow of a cut shape that lies ``across`` and ``down`` from it. Lengths are fractions of the
    width."""
    size = mask.shape[0]
    return np.roll(blur(mask, radius), (round(down * size), round(across * size)), (0, 1))


def band(y: Plane, height: float, *, top: bool) -> Plane:
    """The upper or the lower part of the picture, ``height`` high, where a title stands alone."""
    return np.asarray(y < height if top else y > 1 - height, np.float32)


def finish(picture: Picture, rng: Rng, grain: float = 0.022, vignette: float = 0.25) -> Picture:
    """Film grain (noise in brightness, the same in each channel) and darker corners, in place."""
    size = picture.shape[0]
    picture += rng.standard_normal((size, size), dtype=np.float32)[..., np.newaxis] * np.float32(grain)
    if vignette:
        x, y = axes(min(size, _COARSE))
        away = np.clip(((2 * x - 1) ** 2 + (2 * y - 1) ** 2) / 2.0, 0.0, 1.0) ** 1.3
        picture *= (1.0 - np.float32(vignette) * resize(np.asarray(away, np.float32), size))[..., np.newaxis]
    return picture


class Pen:
    """Draws shapes with smooth edges into a mask. Coordinates and widths are fractions of the picture's
    width."""

    def __init__(self, size: int) -> None:
        self._scale = size * _OVERSAMPLING
        self._image = Image.new("L", (self._scale, self._scale))
        self._draw = ImageDraw.Draw(self._image)

    def polygon(self, points: Sequence[tuple[float, float]], value: int = 255) -> Pen:
        self._draw.polygon([(x * self._scale, y * self._scale) for x, y in points], fill=value)
        return self

    def line(self, points: Sequence[tuple[float, float]], width: float, value: int = 255) -> Pen:
        scaled = [(x * self._scale, y * self._scale) for x, y in points]
        self._draw.line(scaled, fill=value, width=max(1, round(width * self._scale)), joint="curve")
        return self

    def circle(self, x: float, y: float, radius: float, value: int = 255) -> Pen:
        box = [edge * self._scale for edge in (x - radius, y - radius, x + radius, y + radius)]
        self._draw.ellipse(box, fill=value)
        return self

    def box(self, left: float, top: float, right: float, bottom: float, value: int = 255) -> Pen:
        self._draw.rectangle([v * self._scale for v in (left, top, right, bottom)], fill=value)
        return self

    def mask(self) -> Plane:
        """The mask of all drawn shapes, 0..1."""
        return np.asarray(self._image.reduce(_OVERSAMPLING), np.float32) / np.float32(255.0)
