"""Mountains one behind another into the haze, a sun or moon, a few birds."""

from __future__ import annotations

import numpy as np

from art.sketch.canvas import Pen, Picture, Rng, clouds, disc, grain, grid, over, vignette
from art.sketch.palettes import Palette
from art.typeset import Setting

SETTING = Setting("hand", "top", "centre", tallest=0.26)
_LAYERS = 7


def paint(palette: Palette, rng: Rng, size: int) -> Picture:
    x, y = grid(size)
    picture = palette.at(0.42 + 0.58 * np.clip(y * 1.5, 0, 1))
    picture = picture + (clouds(rng, size, 3.4, stretch_y=5.0)[..., np.newaxis] - 0.5) * 0.14
    sun_x, sun_y = rng.uniform(0.25, 0.75), rng.uniform(0.40, 0.48)
    away = np.hypot(x - sun_x, y - sun_y)
    picture = picture + palette.colours[3] * (0.4 * np.exp(-((away / 0.17) ** 1.3)))[..., np.newaxis]
    picture = over(picture, palette.colours[4], disc(x, y, sun_x, sun_y, 0.08))
    for n in range(_LAYERS):
        near = n / (_LAYERS - 1)
        profile = clouds(rng, size, 2.7 - 0.3 * near)[size // 3]
        smooth = int(size * (0.05 * (1 - near) + 0.006)) | 1
        kernel = np.hanning(smooth + 2)[1:-1]
        profile = np.convolve(np.pad(profile, smooth // 2, mode="edge"), kernel / kernel.sum(), "valid")
        profile = (profile - profile.min()) / max(float(np.ptp(profile)), 1e-6)
        top = 0.50 + 0.075 * n - (0.17 - 0.014 * n) * profile.astype(np.float32)[np.newaxis]
        inside = np.clip((y - top) * size / 1.3 + 0.5, 0, 1)
        haze = np.clip((y - top) / 0.17, 0, 1)[..., np.newaxis] * 0.42 * (1 - near)
        body = palette.at(0.60 - 0.58 * near)
        picture = over(picture, body + (palette.colours[4] - body) * haze, inside)
    birds = Pen(size)
    for _ in range(int(rng.integers(5, 10))):
        bx, by, wing = rng.uniform(0.15, 0.85), rng.uniform(0.30, 0.44), rng.uniform(0.007, 0.014)
        birds.line([(bx - wing, by - wing * 0.5), (bx - wing * 0.4, by - wing * 0.55), (bx, by),
                    (bx + wing * 0.4, by - wing * 0.55), (bx + wing, by - wing * 0.45)], 0.0022)  # fmt: skip
    return vignette(grain(over(picture, palette.colours[0], birds.mask() * 0.8), rng, 0.026), 0.25)
