"""Photos that nobody took: skies, seas, cities at night, noise and gradients, each drawn by chance."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image

from vision.pixels import Pixels

WIDTH, HEIGHT = 160, 120
Shot = Callable[[np.random.Generator], "np.ndarray[Any, np.dtype[np.float64]]"]


def _plain(colour: Any) -> Any:
    return np.zeros((HEIGHT, WIDTH, 3)) + np.asarray(colour, float)


def gradient(rng: np.random.Generator) -> Any:
    ramp = np.linspace(0.0, 1.0, WIDTH)[None, :, None]
    one, other = rng.uniform(0, 255, 3), rng.uniform(0, 255, 3)
    picture = one * (1.0 - ramp) + other * ramp + np.zeros((HEIGHT, 1, 1))
    return picture if rng.random() < 0.5 else np.rot90(picture)


def noise(rng: np.random.Generator) -> Any:
    grain = rng.uniform(2, 128)
    return _plain(rng.uniform(60, 200, 3)) + rng.normal(0, grain, (HEIGHT, WIDTH, 3))


def night(rng: np.random.Generator) -> Any:
    return _plain(rng.uniform(2, 22, 3)) + rng.normal(0, 2, (HEIGHT, WIDTH, 3))


def city(rng: np.random.Generator) -> Any:
    picture = night(rng)
    for _ in range(rng.integers(30, 90)):
        y, x = rng.integers(HEIGHT // 2, HEIGHT - 3), rng.integers(0, WIDTH - 3)
        picture[y : y + 3, x : x + 3] = rng.uniform(180, 255, 3)
    return picture


def day(rng: np.random.Generator) -> Any:
    line = rng.integers(HEIGHT * 2 // 5, HEIGHT * 3 // 5)
    picture = _plain([rng.uniform(90, 150), rng.uniform(160, 200), rng.uniform(225, 255)])
    picture[line:] = [rng.uniform(40, 90), rng.uniform(120, 170), rng.uniform(30, 70)]
    return picture + rng.normal(0, 6, picture.shape)


def sea(rng: np.random.Generator) -> Any:
    line = rng.integers(HEIGHT * 2 // 5, HEIGHT * 3 // 5)
    picture = _plain([rng.uniform(150, 190), rng.uniform(200, 220), rng.uniform(235, 255)])
    picture[line:] = [rng.uniform(5, 30), rng.uniform(70, 100), rng.uniform(140, 180)]
    return picture + rng.normal(0, 4, picture.shape)


def sunset(rng: np.random.Generator) -> Any:
    line = rng.integers(HEIGHT // 2, HEIGHT * 3 // 4)
    glow = np.linspace(0.2, 1.0, line)[:, None, None]
    picture = _plain([50, 25, 35])
    picture[:line] = glow * np.array([255, rng.uniform(90, 150), rng.uniform(20, 60)])
    return picture


def fog(rng: np.random.Generator) -> Any:
    return _plain(rng.uniform(150, 200) + rng.uniform(-4, 4, 3)) + rng.normal(0, 1.5, (HEIGHT, WIDTH, 3))


def woods(rng: np.random.Generator) -> Any:
    grain = rng.normal(0, 30, (HEIGHT // 4, WIDTH // 4, 1)).repeat(4, 0).repeat(4, 1)
    return _plain([rng.uniform(20, 50), rng.uniform(90, 130), rng.uniform(20, 50)]) + grain


def still_life(rng: np.random.Generator) -> Any:
    picture = _plain(rng.uniform(120, 220, 3))
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    inside = (y - HEIGHT / 2) ** 2 + (x - WIDTH / 2) ** 2 < rng.uniform(15, 24) ** 2
    picture[inside] = rng.uniform(0, 255, 3) + rng.normal(0, 40, (int(inside.sum()), 3))
    return picture


SHOTS: Mapping[str, Shot] = {
    shot.__name__: shot for shot in (gradient, noise, night, city, day, sea, sunset, fog, woods, still_life)
}


def shot(kind: str, number: int = 0) -> Pixels:
    """``(height, width, 3)`` uint8, the same for the same number."""
    rng = np.random.default_rng([list(SHOTS).index(kind), number])
    pixels: Pixels = np.clip(np.rint(SHOTS[kind](rng)), 0, 255).astype(np.uint8)
    return pixels


def file_of(pixels: Pixels, kind: str = "PNG", **more: Any) -> bytes:
    """As a file of Pillow's ``kind``."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **more)
    return buffer.getvalue()
