"""What the styles paint with: noise, blur, light, grain, shapes. Pictures are ``(size, size, 3)`` float32 in
0..1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Picture = NDArray[np.float32]
Plane = NDArray[np.float32]
"""``(size, size)`` float32."""
Rng = np.random.Generator
_OVERSAMPLING = 2


def grid(size: int) -> tuple[Plane, Plane]:
    """``x`` and ``y`` of each pixel in 0..1."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size
    x, y = np.meshgrid(axis, axis)
    return x.astype(np.float32), y.astype(np.float32)


def clouds(
    rng: Rng, size: int, roughness: float = 2.2, stretch_x: float = 1.0, stretch_y: float = 1.0
) -> Plane:
    """Fractal noise in 0..1 by spectral synthesis (power falls as frequency ** -roughness); larger is
    smoother."""
    base = min(size, 512)
    fy = np.fft.fftfreq(base)[:, np.newaxis] * stretch_y
    fx = np.fft.rfftfreq(base)[np.newaxis] * stretch_x
    frequency = np.hypot(fy, fx)
    frequency[0, 0] = 1.0
    phases = rng.normal(size=(2, *frequency.shape))
    field = np.fft.irfft2((phases[0] + 1j * phases[1]) * frequency ** (-roughness / 2), s=(base, base))
    field -= field.min()
    return resize((field / field.max()).astype(np.float32), size)


def resize(plane: Plane, size: int) -> Plane:
    if plane.shape[0] == size:
        return plane
    return np.asarray(Image.fromarray(plane, "F").resize((size, size), Image.Resampling.BICUBIC), np.float32)


def blur(picture: Picture, radius: float) -> Picture:
    """Gaussian blur; ``radius`` as a part of the picture's width."""
    image = Image.fromarray((np.clip(picture, 0.0, 1.0) * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius * picture.shape[1])), np.float32) / 255.0


def grain(picture: Picture, rng: Rng, amount: float = 0.025) -> Picture:
    """The unevenness of film: brightness only, the same in each channel."""
    noise = rng.normal(0.0, amount, picture.shape[:2])[..., np.newaxis]
    return np.asarray(picture + noise, np.float32)


def vignette(picture: Picture, amount: float = 0.35) -> Picture:
    x, y = grid(picture.shape[0])
    away = np.clip(((2 * x - 1) ** 2 + (2 * y - 1) ** 2) / 2.0, 0.0, 1.0) ** 1.3
    return np.asarray(picture * (1.0 - amount * away)[..., np.newaxis], np.float32)


def over(picture: Picture, colour: NDArray[np.float32] | Picture, mask: Plane) -> Picture:
    """``colour`` laid over the picture where ``mask`` (0..1) says."""
    share = mask[..., np.newaxis]
    return np.asarray(picture * (1.0 - share) + colour * share, np.float32)


class Pen:
    """Draws smooth-edged shapes into a mask; coordinates and widths are parts of the picture's width."""

    def __init__(self, size: int) -> None:
        self._size = size
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
        box = [
            (x - radius) * self._scale,
            (y - radius) * self._scale,
            (x + radius) * self._scale,
            (y + radius) * self._scale,
        ]
        self._draw.ellipse(box, fill=value)
        return self

    def arc(
        self, x: float, y: float, radius: float, start: float, end: float, width: float, value: int = 255
    ) -> Pen:
        """Degrees clockwise from the right."""
        box = [
            (x - radius) * self._scale,
            (y - radius) * self._scale,
            (x + radius) * self._scale,
            (y + radius) * self._scale,
        ]
        self._draw.arc(box, start, end, fill=value, width=max(1, round(width * self._scale)))
        return self

    def box(self, left: float, top: float, right: float, bottom: float, value: int = 255) -> Pen:
        self._draw.rectangle([v * self._scale for v in (left, top, right, bottom)], fill=value)
        return self

    def mask(self) -> Plane:
        """What was drawn, 0..1."""
        small = self._image.resize((self._size, self._size), Image.Resampling.BOX)
        return np.asarray(small, np.float32) / 255.0


def disc(x: Plane, y: Plane, cx: float, cy: float, radius: float, softness: float = 0.002) -> Plane:
    """A filled circle with an edge of ``softness``."""
    inside = (radius - np.hypot(x - cx, y - cy)) / softness + 0.5
    return np.asarray(np.clip(inside, 0.0, 1.0), np.float32)
