"""A wallpaper of the figures, row against row, in which one of them is another colour."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import axes, band, disc, finish, over, paper
from art.sketch.stage import Painting, Stage
from art.typeset import Setting


def paint(stage: Stage) -> Painting:
    palette, rng, size = stage.palette, stage.rng, stage.size
    x, y = axes(size)
    ground, ink = stage.contrast((4, 1), (0, 3), (1, 4), (3, 0), (2, 4), (2, 0), (3, 1), (0, 2), (1, 3))
    odd = stage.apart(ground, ink)
    picture = np.ones((size, size, 3), np.float32) * palette.colours[ground]
    columns = int(rng.choice([3, 4, 5, 6]))
    pitch = 1.0 / columns
    drop = float(rng.choice([0.0, 0.5]))
    tall = float(rng.choice([0.74, 0.62]))
    room = 0.22  # for the title
    top = bool(rng.random() < 0.5)
    first, last = (room, 1.0) if top else (0.0, 1.0 - room)
    rows = max(2, int((last - first) / pitch))
    high = (last - first) / rows
    one = int(rng.integers(0, columns)), int(rng.integers(0, max(1, rows - 1)))
    masks = [stage.shape(n, high * tall, pitch * tall) for n in range(max(1, len(stage.cast)))]
    plane, single = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    for column in range(-1, columns + 1):
        for row in range(-1, rows + 1):
            middle = (column + 0.5) * pitch
            bottom = first + (row + 0.5 + (drop if column % 2 else 0.0)) * high
            mask = masks[(column + row) % len(masks)]
            foot = bottom + mask.shape[0] / size / 2
            if (top and foot - mask.shape[0] / size < first) or (not top and foot > last):
                continue
            stage.laid(mask, middle, foot, single if (column, row) == one else plane)
    if rng.random() < 0.5 and single.any():
        down, across = (float(place.mean()) / size for place in np.nonzero(single > 0.5))
        over(picture, palette.colours[ink], disc(x, y, across, down, 0.47 * pitch), 0.9)
    over(picture, palette.colours[ink], plane)
    over(picture, palette.colours[odd], single)
    over(picture, palette.colours[ground], band(y, room, top=top))
    paper(picture, rng, 0.08)
    return Painting(
        finish(picture, rng, 0.022, 0.0), Setting("slab", "top" if top else "bottom", "left", tallest=0.15)
    )
