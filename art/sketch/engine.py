"""The embedded painter: a style by theme, genre and mood, a palette by mood, the title on top."""

from __future__ import annotations

import importlib
from random import Random
from types import ModuleType

import numpy as np

from art.contract import Cover, CoverRequest
from art.sketch.palettes import MOODS, palette_for
from art.typeset import typeset
from config.engine import EngineInfo, Report

STYLES = (
    "skyline", "waves", "ridges", "cosmos", "marble", "sungrid", "shapes", "rainbow", "halftone", "leaves",
    "contours", "mesh", "ink",
)  # fmt: skip

BY_GENRE: dict[str, tuple[str, ...]] = {
    "pop": ("mesh", "marble", "rainbow", "shapes"), "rock": ("halftone", "ridges", "marble"),
    "indie": ("ridges", "shapes", "leaves", "waves"), "metal": ("halftone", "cosmos", "contours"),
    "punk": ("halftone",), "folk": ("leaves", "ridges", "waves"), "country": ("ridges", "rainbow", "leaves"),
    "blues": ("shapes", "skyline", "waves"), "jazz": ("shapes", "skyline", "rainbow"),
    "soul": ("rainbow", "mesh", "marble"), "r&b": ("mesh", "marble", "skyline"), "funk": ("rainbow", "shapes"),
    "disco": ("rainbow", "sungrid", "mesh"), "house": ("mesh", "shapes", "contours"), "techno": ("contours", "shapes", "cosmos"),
    "trance": ("cosmos", "contours", "mesh"), "drum and bass": ("contours", "halftone", "skyline"),
    "synthwave": ("sungrid", "skyline"), "ambient": ("ink", "cosmos", "mesh", "waves"), "lo-fi": ("mesh", "skyline", "leaves"),
    "hip hop": ("skyline", "halftone", "shapes"), "trap": ("skyline", "marble", "contours"),
    "reggae": ("rainbow", "waves"), "latin": ("rainbow", "shapes", "leaves"), "bossa nova": ("waves", "shapes", "leaves"),
    "gospel": ("ridges", "marble", "rainbow"), "cinematic": ("ridges", "cosmos", "waves"),
    "classical": ("ink", "leaves", "marble"),
}  # fmt: skip

BY_THEME: dict[str, str] = {
    "skyline": "city street streets neon rain rainy downtown night nights midnight taxi train subway lights urban avenue rooftop",
    "waves": "sea ocean wave waves beach tide boat boats ship sail sailor river lake island harbour harbor whale water",
    "ridges": "mountain mountains road highway home valley hill hills horizon sunrise sunset journey leaving bird birds desert",
    "cosmos": "star stars space moon planet planets galaxy rocket universe astronaut alien sky comet satellite",
    "leaves": "garden flower flowers forest tree trees leaves autumn spring field summer kitchen grandmother honey",
    "sungrid": "drive driving arcade 80s laser robot robots computer machine cyber game",
    "ink": "silence zen winter snow quiet dream dreams sleep lullaby ghost",
    "halftone": "riot rebel rebellion scream fight war revolution rage",
}  # fmt: skip


class SketchPainter:
    """Covers by rules: the same request gives the same pixels."""

    info = EngineInfo(
        name="sketch",
        version="1",
        licence="MIT",
        commercial=True,
        summary="covers in thirteen styles, drawn with numpy and Pillow.",
        libraries=("numpy", "pillow"),
    )

    def paint(self, request: CoverRequest, report: Report) -> Cover:
        """The cover, ``request.size`` pixels square, with the title set on it."""
        report("choosing", 0.0)
        choice = Random(f"{request.seed} {request.genre} {request.mood} {request.title}")
        style = choose_style(request, choice)
        palette = palette_for(request.mood, choice)
        report("painting", 0.1)
        module = _module(style)
        picture = module.paint(palette, np.random.default_rng(choice.getrandbits(64)), request.size)
        pixels = np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
        if not request.titled:
            report("painting", 1.0)
            return Cover(pixels, style=style)
        report("setting the title", 0.75)
        titled, box, warnings = typeset(pixels, request.title, module.SETTING)
        report("setting the title", 1.0)
        return Cover(titled, style=style, title_box=box, warnings=warnings)


def choose_style(request: CoverRequest, choice: Random) -> str:
    """A style that shows the theme where one does, else one of the genre's."""
    words = {word.lower().removesuffix("'s") for phrase in request.theme for word in phrase.split()}
    shown = [style for style, names in BY_THEME.items() if words & set(names.split())]
    genre = request.genre.lower()
    known = genre if genre in BY_GENRE else next((name for name in sorted(BY_GENRE) if name in genre), "pop")
    if shown and choice.random() < 0.8:
        return choice.choice(shown)
    return choice.choice(BY_GENRE[known])


def _module(style: str) -> ModuleType:
    return importlib.import_module(f"art.sketch.styles.{style}")


__all__ = ["MOODS", "STYLES", "SketchPainter", "choose_style"]
