"""The silhouettes: glyphs of three icon fonts, each from the package that carries it.

None of the packages is imported, for that would import tkinter: their fonts and maps are only read."""

from __future__ import annotations

import io
import json
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scipy.ndimage import binary_dilation, binary_opening, label

Plane = NDArray[np.float32]

FONTS: dict[str, tuple[str, str, str]] = {
    "mat": ("tkinter_icons_mat", "fonts/materialdesignicons-webfont.ttf", "glyphmap.json"),
    "fa": ("tkinter_icons_fa", "fonts/fa-solid-900.ttf", "glyphmap-solid.json"),
    "rpga": ("tkinter_icons_rpga", "fonts/rpgawesome-webfont.ttf", "glyphmap.json"),
}
"""By prefix: the package, and in it the font and the map from names to code points."""
DRAWN: dict[str, tuple[tuple[float, float], ...]] = {
    "whale": (
        (0.50, 0.24), (0.43, 0.13), (0.33, 0.05), (0.18, 0.01), (0.00, 0.05), (0.11, 0.13), (0.20, 0.25),
        (0.30, 0.33), (0.41, 0.38), (0.44, 0.48), (0.43, 0.62), (0.37, 0.78), (0.24, 1.00), (0.76, 1.00),
        (0.63, 0.78), (0.57, 0.62), (0.56, 0.48), (0.59, 0.38), (0.70, 0.33), (0.80, 0.25), (0.89, 0.13),
        (1.00, 0.05), (0.82, 0.01), (0.67, 0.05), (0.57, 0.13),
    ),
}  # fmt: skip
"""By name, the outline of a thing that none of the fonts has, in a square."""
LIBRARIES = ("tkinter-icons-fa", "tkinter-icons-mat", "tkinter-icons-rpga")
_REFERENCE = 256


def silhouette(glyph: str, height: float, width: float) -> Plane:
    """The mask of ``glyph``, 0..1, cut to its edges: the largest that fits ``height`` and ``width``, in
    pixels. "!" at the end of a glyph takes what its round ground leaves open. ``KeyError`` where the font has
    no such glyph."""
    long, high = _extent(glyph)
    scale = max(min(height / high, width / long), 4 / max(long, high))
    return _drawn(glyph, max(4, round(_REFERENCE * scale)))


@lru_cache(maxsize=16)  # a pattern draws one glyph again and again
def _drawn(glyph: str, size: int) -> Plane:
    font, _, name = glyph.removesuffix("!").partition(":")
    image = _outlined(DRAWN[name], size) if font == "own" else _lettered(font, name, size)
    mask = np.asarray(image, np.float32) / np.float32(255.0)
    if glyph.endswith("!"):
        mask = _left_open(mask)
    rows, columns = np.nonzero(mask.max(axis=1) > 0.02)[0], np.nonzero(mask.max(axis=0) > 0.02)[0]
    cut = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    cut.setflags(write=False)
    return cut


@lru_cache(maxsize=512)
def _extent(glyph: str) -> tuple[int, int]:
    """Width and height at the size ``_REFERENCE``, in pixels."""
    high, long = _drawn(glyph, _REFERENCE).shape
    return long, high


def _lettered(name_of_font: str, name: str, size: int) -> Image.Image:
    font, letter = _font(name_of_font, size), chr(int(_map(name_of_font)[name], 16))
    left, top, right, bottom = font.getbbox(letter)
    image = Image.new("L", (max(1, round(right - left)), max(1, round(bottom - top))))
    ImageDraw.Draw(image).text((-left, -top), letter, font=font, fill=255)
    return image


def _outlined(outline: tuple[tuple[float, float], ...], size: int) -> Image.Image:
    image = Image.new("L", (4 * size, 4 * size))
    ImageDraw.Draw(image).polygon([(4 * size * x, 4 * size * y) for x, y in outline], fill=255)
    smooth = image.filter(ImageFilter.GaussianBlur(0.06 * size)).point(lambda value: 255 * (value > 127))
    return smooth.reduce(4)


def _left_open(mask: Plane) -> Plane:
    high, wide = mask.shape
    y, x = np.ogrid[:high, :wide]
    radius = wide / 2
    away = np.hypot(x + 0.5 - radius, y + 0.5 - radius)
    open_part = np.asarray(np.clip(radius - 1 - away, 0, 1) * (1 - mask), np.float32)
    pieces, count = label(binary_opening(open_part > 0.5, iterations=max(1, wide // 20)))
    largest = max(range(1, count + 1), key=lambda n: int((pieces == n).sum()))
    return open_part * np.asarray(
        binary_dilation(pieces == largest, iterations=wide // 20 + 2), np.float32
    )  # with its soft edge


@cache
def _map(font: str) -> dict[str, str]:
    package, _, names = FONTS[font]
    read: dict[str, str] = json.loads(_file(package, names))
    return read


@lru_cache(maxsize=8)
def _font(font: str, size: int) -> ImageFont.FreeTypeFont:
    package, path, _ = FONTS[font]
    return ImageFont.truetype(io.BytesIO(_file(package, path)), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _file(package: str, path: str) -> bytes:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            f"the covers need {package.replace('_', '-')}: install Songwright with its dependencies",
            name=package,
        )
    return (Path(spec.submodule_search_locations[0]) / path).read_bytes()
