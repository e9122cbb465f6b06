"""The embedded reader: measures a photo and derives a scene from the measures."""

from __future__ import annotations

from random import Random

from config.engine import EngineInfo, Report
from vision.contract import ImageRequest, Scene
from vision.pixels import check_pixels
from vision.sketch import tables
from vision.sketch.measure import Measures, measure


class SketchReader:
    """Scenes by rules. It sees colours and shapes, not objects: "the open sea" is blue with a horizon. The
    seed only decides between genres that fit equally well."""

    info = EngineInfo(
        name="sketch",
        version="1",
        licence="MIT",
        commercial=True,
        summary="photos by colour, light, contrast, texture and composition, measured with numpy and Pillow.",
        libraries=("numpy", "pillow"),
    )

    def read(self, request: ImageRequest, report: Report) -> Scene:
        """The scene in ``request.pixels``."""
        report("looking", 0.0)
        figures = measure(check_pixels(request.pixels))
        report("naming", 0.8)
        mood, seen = tables.mood(figures), tables.elements(figures)
        scene = Scene(
            mood=mood,
            energy=round(tables.energy(figures)),
            tempo_bpm=tables.tempo(figures),
            genres=_genres(mood, seen, request.seed),
            elements=seen,
            description=_described(figures, seen),
        )
        report("naming", 1.0)
        return scene


def _genres(mood: str, seen: tuple[str, ...], seed: int) -> tuple[str, ...]:
    shown = [genre for name, genre in tables.GENRES_OF_ELEMENTS.items() if name in seen][:1]
    drawn = Random(f"{seed} {mood}").sample(tables.GENRES[mood], 2)
    return tuple(dict.fromkeys((*shown, *drawn)))


def _described(figures: Measures, seen: tuple[str, ...]) -> str:
    light = tables.word(figures.brightness, tables.LIGHT_WORDS)
    colour = tables.word(figures.colour, tables.COLOUR_WORDS)
    surface = tables.word(figures.texture, tables.SURFACE_WORDS)
    *things, colours = seen
    what = f": {', '.join(things)}" if things else ""
    return f"A {light}, {colour} and {surface} picture in {colours}{what}."
