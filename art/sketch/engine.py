"""The embedded painter: the figures that the song is about, a style by theme, genre and mood, a palette by
mood, the title on top."""

from __future__ import annotations

import importlib
from random import Random
from types import ModuleType

import numpy as np

from art.contract import Cover, CoverRequest
from art.sketch.choice import BY_GENRE, BY_THEME, ROOMS, STYLES, cast_for, choose_style
from art.sketch.palettes import MOODS, palette_for
from art.sketch.stage import Stage
from art.sketch.subjects.glyphs import LIBRARIES
from art.typeset import typeset
from config.engine import EngineInfo, Report


class SketchPainter:
    """Covers by rules: the same request gives the same pixels."""

    info = EngineInfo(
        name="sketch",
        version="2",
        licence="MIT",
        commercial=True,
        summary="covers in twenty styles that show what the song is about, drawn with numpy and Pillow.",
        libraries=("numpy", "pillow", "scipy", *LIBRARIES),
    )

    def paint(self, request: CoverRequest, report: Report) -> Cover:
        """The cover, ``request.size`` pixels square, with the title set on it."""
        report("choosing", 0.0)
        choice = Random(f"{request.seed} {request.genre} {request.mood} {request.title}")
        style = choose_style(request, choice)
        palette = palette_for(request.mood, choice)
        report("painting", 0.1)
        rng = np.random.default_rng(choice.getrandbits(64))
        painting = _module(style).paint(Stage(palette, rng, request.size, cast_for(style, request)))
        pixels = np.rint(np.clip(painting.picture, 0.0, 1.0) * np.float32(255.0)).astype(np.uint8)
        if not request.titled:
            report("painting", 1.0)
            return Cover(pixels, style=style)
        report("setting the title", 0.75)
        titled, box, warnings = typeset(pixels, request.title, painting.setting)
        report("setting the title", 1.0)
        return Cover(titled, style=style, title_box=box, warnings=warnings)


def _module(style: str) -> ModuleType:
    return importlib.import_module(f"art.sketch.styles.{ROOMS[style]}.{style}")


__all__ = ["BY_GENRE", "BY_THEME", "MOODS", "STYLES", "SketchPainter", "choose_style"]
