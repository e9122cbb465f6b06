"""Sets the title on a picture: breaks it into lines, fits its size, and keeps it readable.

Readable means a contrast of at least 4.5:1 (WCAG 2.1, the ratio for body text) between the ink and the
picture under and around the letters. First an ink is chosen for it. If no ink is enough, the picture behind
the letters is darkened or lightened softly, as little as possible."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from itertools import combinations, pairwise

import numpy as np
from anyascii import anyascii
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from art.contract import Pixels, TitleBox

Ink = tuple[int, int, int]

CONTRAST = 4.5
_AIM = 4.8  # the target of the scrim: rounding then stays above CONTRAST
_SHARE = 0.995
_MARGIN = 0.07
_SCRIM_REACH = 0.09
"""As a fraction of the width: four times the blur of the scrim."""
_LARGEST = 0.17
_SMALL = 0.06
_REFERENCE = 200
_MOST_LINES = 4
_STEPS = 255 * 16
_SHARES = np.linspace(0.0, 1.0, _STEPS + 1)
_LINEAR = np.where(_SHARES <= 0.04045, _SHARES / 12.92, ((_SHARES + 0.055) / 1.055) ** 2.4).astype(np.float32)
"""Linear light by channel, in sixteenths of a step: powers of a million numbers take long."""
_LIGHT, _DARK = (252, 249, 242), (14, 14, 20)

FACES: dict[str, str] = {
    "condensed": "bebas-neue-{}-400-normal",
    "serif": "playfair-display-{}-700-normal",
    "sans": "poppins-{}-600-normal",
    "hand": "caveat-{}-700-normal",
    "retro": "righteous-{}-400-normal",
    "slab": "zilla-slab-{}-700-normal",
}
_FALLBACK = "manrope-{}-700-normal"
_SUBSETS = ("latin", "latin-ext", "cyrillic", "greek")


@dataclass(frozen=True)
class Setting:
    """How a title is set. ``face``: one of ``FACES``. ``vertical``: "top", "middle" or "bottom".
    ``horizontal``: "left" or "centre". ``inks``: colours to try before plain light and dark."""

    face: str
    vertical: str = "bottom"
    horizontal: str = "left"
    capitals: bool = False
    inks: tuple[Ink, ...] = ()
    widest: float = 0.86
    tallest: float = 0.30
    """The largest part of the picture's width and height that the title may take."""


def typeset(pixels: Pixels, title: str, setting: Setting) -> tuple[Pixels, TitleBox, tuple[str, ...]]:
    """The picture with ``title`` on it, the title's box, and warnings about changed letters."""
    text, warnings = _settable(title, setting.face)
    if setting.capitals:
        text = text.upper()
    height, width = pixels.shape[:2]
    mask = _mask(text, setting, width, height)
    # Nothing beyond the reach of the scrim is looked at or changed: a title takes a fifth of its picture.
    reach = round(_SCRIM_REACH * width)
    left, top, right, bottom = mask.getbbox() or (0, 0, width, height)
    rows = slice(max(0, top - reach), min(height, bottom + reach))
    columns = slice(max(0, left - reach), min(width, right + reach))
    near = mask.crop((columns.start, rows.start, columns.stop, rows.stop))
    letters = np.asarray(near, np.float32) / np.float32(255.0)
    around = np.asarray(near.filter(ImageFilter.MaxFilter(2 * max(2, round(0.006 * width)) + 1))) > 127
    ink, part = _legible(pixels[rows, columns], near, around, setting.inks, width)
    share = letters[..., np.newaxis]
    set_on = pixels.copy()
    set_on[rows, columns] = np.clip(np.rint(part + (np.asarray(ink, np.float32) - part) * share), 0, 255)
    solid_rows, solid_columns = (np.flatnonzero((letters > 0.5).any(axis=axis)) for axis in (1, 0))
    box = TitleBox(
        columns.start + int(solid_columns[0]),
        rows.start + int(solid_rows[0]),
        columns.start + int(solid_columns[-1]) + 1,
        rows.start + int(solid_rows[-1]) + 1,
        ink,
    )
    return set_on, box, warnings


def luminance(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Relative luminance in 0..1 of sRGB colours in 0..255 (WCAG 2.1)."""
    linear = _LINEAR[
        np.clip(pixels * np.float32(_STEPS / 255.0) + np.float32(0.5), 0, _STEPS).astype(np.int32)
    ]
    relative: NDArray[np.float32] = linear @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    return relative


def _legible(
    pixels: Pixels, mask: Image.Image, around: NDArray[np.bool_], inks: Sequence[Ink], width: int
) -> tuple[Ink, NDArray[np.float32]]:
    """The ink and the picture. The picture is changed until nearly all of ``around`` has enough contrast.
    ``width`` is that of the whole picture."""
    picture = pixels.astype(np.float32)
    ground = luminance(picture[around])
    for ink in (*inks, _LIGHT, _DARK):
        if _readable(ink, ground):
            return ink, picture
    # No ink is enough: take the better one of light and dark, and change the picture behind it.
    ink = min((_LIGHT, _DARK), key=lambda one: float((_contrast(one, ground) < _AIM).mean()))
    target = np.array([8, 8, 14] if ink == _LIGHT else [250, 248, 244], np.float32)
    soft = mask.filter(ImageFilter.MaxFilter(9)).filter(ImageFilter.GaussianBlur(0.022 * width))
    scrim = np.clip(np.asarray(soft, np.float32) / 255.0 * 2.6, 0.0, 1.0)
    scrim = np.maximum(scrim, around.astype(np.float32) * scrim.max())
    smooth = Image.fromarray((scrim * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.004 * width))
    scrim = np.asarray(smooth, np.float32)[..., np.newaxis] / np.float32(255.0)
    under, behind = picture[around], scrim[around]
    for strength in np.linspace(0.1, 1.0, 19, dtype=np.float32):
        if _readable(ink, luminance(under + (target - under) * (strength * behind))):
            break
    return ink, picture + (target - picture) * (strength * scrim)


def _readable(ink: Ink, ground: NDArray[np.float32]) -> bool:
    return float((_contrast(ink, ground) >= _AIM).mean()) >= _SHARE


def _contrast(ink: Ink, ground: NDArray[np.float32]) -> NDArray[np.float32]:
    own = float(luminance(np.asarray(ink, np.float32)))
    ratio = (np.maximum(ground, own) + 0.05) / (np.minimum(ground, own) + 0.05)
    return np.asarray(ratio, np.float32)


def _mask(text: str, setting: Setting, width: int, height: int) -> Image.Image:
    lines, size = _break(text, setting, width, height)
    leading = _leading(setting.face)
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    block = size * leading * len(lines)
    top = {
        "top": _MARGIN * height,
        "middle": (height - block) / 2,
        "bottom": height * (1.0 - _MARGIN) - block,
    }[setting.vertical]
    for n, line in enumerate(lines):
        length = _length(line, setting.face, size)
        x = _MARGIN * width if setting.horizontal == "left" else (width - length) / 2
        baseline = top + size * leading * (n + 0.78)
        for run, font in _runs(line, setting.face, size):
            draw.text((x, baseline), run, font=font, fill=255, anchor="ls")
            x += font.getlength(run)
    return mask


def _break(text: str, setting: Setting, width: int, height: int) -> tuple[list[str], int]:
    """The best lines and their size: large letters, few lines, and if possible no short word alone in a
    line."""
    words, face = text.split(), setting.face
    best: tuple[float, list[str], float] | None = None
    for count in range(1, min(_MOST_LINES, len(words)) + 1):
        for cuts in combinations(range(1, len(words)), count - 1):
            edges = (0, *cuts, len(words))
            lines = [" ".join(words[a:b]) for a, b in pairwise(edges)]
            widest = max(_length(line, face, _REFERENCE) for line in lines)
            size = min(
                _REFERENCE * setting.widest * width / widest,
                setting.tallest * height / (count * _leading(face)),
                _LARGEST * height,
            )
            lone = [line for line in (lines[0], lines[-1]) if " " not in line and len(line) < 5]
            spread = 0.86 if size > _SMALL * height else 0.98  # a small title is set as large as it can be
            score = size * spread ** (count - 1) * (0.75 if count > 1 and len(words) > 2 and lone else 1.0)
            if best is None or score > best[0]:
                best = (score, lines, size)
        if len(words) > 14:  # too many combinations: long titles get lines of equal length
            return _even(words, setting, width, height)
    assert best is not None
    return best[1], _fitting(best[1], best[2], setting, width)


def _even(words: list[str], setting: Setting, width: int, height: int) -> tuple[list[str], int]:
    per_line = -(-len(words) // _MOST_LINES)
    lines = [" ".join(words[n : n + per_line]) for n in range(0, len(words), per_line)]
    widest = max(_length(line, setting.face, _REFERENCE) for line in lines)
    fitting = _REFERENCE * setting.widest * width / widest
    size = min(fitting, setting.tallest * height / (len(lines) * _leading(setting.face)))
    return lines, _fitting(lines, size, setting, width)


def _fitting(lines: Sequence[str], size: float, setting: Setting, width: int) -> int:
    """``size`` or less, in whole pixels: small letters are rounded up to pixels, and take more room than
    large ones promise."""
    whole = max(8, int(size))
    while (
        whole > 8 and max(_length(line, setting.face, whole) for line in lines) > setting.widest * width + 1
    ):
        whole -= 1
    return whole


def _leading(face: str) -> float:
    return {"condensed": 0.92, "hand": 0.86}.get(face, 1.08)


def _length(line: str, face: str, size: int) -> float:
    return float(sum(font.getlength(run) for run, font in _runs(line, face, size)))


def _runs(line: str, face: str, size: int) -> Iterator[tuple[str, ImageFont.FreeTypeFont]]:
    """The line in runs, each in one font file."""
    run, name = "", ""
    for letter in line:
        found = (name if letter == " " and name else _file_for(letter, face)) or _names(face)[0]
        if run and found != name:
            yield run, _font(name, size)
            run = ""
        run, name = run + letter, found
    if run:
        yield run, _font(name, size)


def _settable(title: str, face: str) -> tuple[str, tuple[str, ...]]:
    """The title in letters that our fonts have. Other letters are transliterated, emoji are left out."""
    letters, changed = [], False
    for letter in unicodedata.normalize("NFC", " ".join(title.split())):
        if letter == " " or _file_for(letter, face):
            letters.append(letter)
        else:
            changed = True
            plain = anyascii(letter) if unicodedata.category(letter)[0] in "LN" else ""
            letters.append(plain.capitalize() if not letters or letters[-1] == " " else plain)
    text = " ".join("".join(letters).split())
    if not any(character.isalnum() for character in text):
        return "Untitled", (
            f"the title {title!r} has no letter that our fonts can set: the cover says 'Untitled'",
        )
    return text, (
        (f"the title is set as {text!r} on the cover: our fonts lack some letters",) if changed else ()
    )


@lru_cache(maxsize=4096)  # of Unicode's 150,000
def _file_for(letter: str, face: str) -> str | None:
    """The first font file of the face, then of the fallback, that has ``letter``."""
    return next((name for name in _names(face) if _has(name, letter)), None)


@cache
def _names(face: str) -> tuple[str, ...]:
    present = {path.name for path in resources.files("art").joinpath("fonts").iterdir()}
    names = [pattern.format(subset) for pattern in (FACES[face], _FALLBACK) for subset in _SUBSETS]
    return tuple(name for name in names if f"{name}.woff" in present)


@lru_cache(maxsize=4096)
def _has(name: str, letter: str) -> bool:
    font = _font(name, 32)
    missing = font.getmask("\uffff")
    drawn = font.getmask(letter)
    return drawn.getbbox() is not None and (drawn.size, bytes(drawn)) != (missing.size, bytes(missing))


@lru_cache(maxsize=64)  # a font file each, and titles come in any size
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    path = resources.files("art").joinpath(f"fonts/{name}.woff")
    # Basic layout is the same in every build of Pillow.
    return ImageFont.truetype(io.BytesIO(path.read_bytes()), size, layout_engine=ImageFont.Layout.BASIC)
