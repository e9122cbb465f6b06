"""What a style gets to paint with: colours, chance, the size, and the figures that it shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from art.sketch.canvas import Picture, Plane, Rng, axes, disc
from art.sketch.palettes import Palette
from art.sketch.subjects.glyphs import silhouette
from art.sketch.subjects.reading import Subject
from art.typeset import Setting

_SMALLER = (1.0, 0.62, 0.5)
"""The heights of the first, second and third figure."""
_DIFFERS = 0.33
_ALOFT = 0.2
"""How far over the ground a thing flies beside one that stands: a part of its height."""
_GAP = 0.035
_INSIDE = 0.05
"""No figure comes nearer to the edge of the picture."""


@dataclass(frozen=True)
class Painting:
    """A picture, and how its title is set."""

    picture: Picture
    setting: Setting


@dataclass(frozen=True)
class Stage:
    """Lengths and places are fractions of the picture's width; the figures are masks of the whole picture."""

    palette: Palette
    rng: Rng
    size: int
    cast: tuple[Subject, ...]

    @cached_property
    def mirrored(self) -> bool:
        """Whether the figures look the other way: signs and instruments never do."""
        turned = bool(self.rng.random() < 0.5)
        return turned and all(subject.place != "near" for subject in self.cast)

    def contrast(self, *pairs: tuple[int, int]) -> tuple[int, int]:
        """One of the pairs of colours (ground, ink): of those that differ in brightness enough, by chance."""
        light = self.palette.colours @ np.array([0.30, 0.59, 0.11], np.float32)
        plain = [pair for pair in pairs if abs(light[pair[0]] - light[pair[1]]) > _DIFFERS]
        return plain[int(self.rng.integers(0, len(plain)))] if plain else (4, 0)

    def apart(self, *others: int) -> int:
        """The colour that differs in brightness most from the others."""
        light = self.palette.colours @ np.array([0.30, 0.59, 0.11], np.float32)
        rest = [n for n in range(len(light)) if n not in others]
        return max(rest, key=lambda n: min(abs(float(light[n] - light[other])) for other in others))

    @property
    def flies(self) -> bool:
        return bool(self.cast) and self.cast[0].place == "air"

    def shape(self, n: int, height: float, width: float) -> Plane:
        """The silhouette of figure ``n``, cut to its edges. Without a cast: a disc."""
        if not self.cast:
            side = max(8, round(min(height, width) * self.size))
            x, y = axes(side)
            return disc(x, y, 0.5, 0.5, 0.5 - 0.5 / side, 1.5 / side)
        mask = silhouette(self.cast[n % len(self.cast)].glyph, height * self.size, width * self.size)
        return mask[:, ::-1] if self.mirrored else mask

    def laid(self, mask: Plane, x: float, bottom: float, onto: Plane | None = None) -> Plane:
        """``mask`` on an empty picture, or on ``onto``: its middle at ``x``, its lower edge at ``bottom``."""
        size = self.size
        plane = np.zeros((size, size), np.float32) if onto is None else onto
        left = round(x * size - mask.shape[1] / 2)
        top = round(bottom * size - mask.shape[0])
        rows = slice(max(0, top), max(0, top + mask.shape[0]))
        columns = slice(max(0, left), max(0, left + mask.shape[1]))
        room = plane[rows, columns]
        part = mask[max(0, -top) :, max(0, -left) :][: room.shape[0], : room.shape[1]]
        np.maximum(room, part, out=room)
        return plane

    def scene(
        self, x: float, ground: float, height: float, sky: tuple[float, float], width: float = 0.5
    ) -> Plane:
        """All figures as they stand in a landscape: the first at ``x`` on ``ground``, the others smaller
        beside it, what flies above the ground. Where all fly, the first is at ``sky``."""
        plane = np.zeros((self.size, self.size), np.float32)
        shapes = self._row(height, width, 1 - 2 * _INSIDE)
        wide = [shape.shape[1] / self.size for shape in shapes]
        aloft = all(subject.place == "air" for subject in self.cast)
        middle = sky[0] if aloft else x
        order = [2, 0, 1] if middle < 0.5 else [1, 0, 2]
        order = [n for n in order if n < len(self.cast)]
        before = sum(wide[n] + _GAP for n in order[: order.index(0)]) if order else 0.0
        full = sum(wide) + _GAP * (len(order) - 1)
        at = (
            float(np.clip(middle - wide[0] / 2 - before, _INSIDE, max(_INSIDE, 1 - _INSIDE - full)))
            if order
            else 0
        )
        for n in order:
            high = shapes[n].shape[0] / self.size
            foot = ground
            if aloft:
                foot = max(sky[1] - 0.05 * n, 0.14) + high / 2
            elif self.cast[n].place == "air":
                foot = ground - _ALOFT * height
            self.laid(shapes[n], at + wide[n] / 2, foot, plane)
            at += wide[n] + _GAP
        return plane

    def _row(self, height: float, width: float, room: float) -> list[Plane]:
        """The silhouettes at heights that fall from the first to the last, small enough that together they
        are no wider than ``room``."""
        count = max(1, len(self.cast))
        scale = 1.0
        for _ in range(2):
            shapes = [self.shape(n, height * _SMALLER[n] * scale, width) for n in range(count)]
            full = sum(shape.shape[1] for shape in shapes) / self.size
            free = room - _GAP * (count - 1)
            if full <= free:
                break
            scale *= free / full
        return shapes

    def group(self, left: float, top: float, right: float, bottom: float) -> list[Plane]:
        """The figures side by side in a box, each a mask of its own, the first the largest. Without a cast:
        a disc."""
        count = max(1, len(self.cast))
        width, height = right - left, bottom - top
        shapes = self._row(height, width, width)
        full = sum(shape.shape[1] for shape in shapes) / self.size + _GAP * (count - 1)
        order = [0, *range(1, count)] if self.mirrored else [*range(1, count), 0]
        tallest = max(shape.shape[0] for shape in shapes) / self.size
        foot, at = (top + bottom + tallest) / 2, (left + right - full) / 2
        planes: dict[int, Plane] = {}
        for n in order:
            wide = shapes[n].shape[1] / self.size
            lift = (
                (tallest - shapes[n].shape[0] / self.size)
                if self.cast and self.cast[n].place == "air"
                else 0.0
            )
            planes[n] = self.laid(shapes[n], at + wide / 2, foot - lift)
            at += wide + _GAP
        return [planes[n] for n in range(count)]

    def together(self, left: float, top: float, right: float, bottom: float) -> Plane:
        """The figures of ``group`` in one mask."""
        return np.asarray(np.maximum.reduce(self.group(left, top, right, bottom)), np.float32)
