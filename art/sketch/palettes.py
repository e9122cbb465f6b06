"""Palettes by mood, chosen by hand: five colours each, from dark to light."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from random import Random

import numpy as np
from numpy.typing import NDArray

_STEPS = 4096
Colour = NDArray[np.float32]
"""``(3,)`` in 0..1."""

_PALETTES: dict[str, tuple[str, ...]] = {
    "joyful": ("1f2041 e4572e f3a712 a8c686 fff4d6", "22223b d1495b edae49 66a182 fdf0d5", "123c69 e85a4f f6bd60 84d2c5 fff8e8"),
    "uplifting": ("14213d 2a6f97 f4a259 f7d488 fff6e5", "10284a 3d7ea6 ff8c61 ffd29d fef6e4", "1b2a41 5b8e7d f4e285 f4a259 fffaf0"),
    "energetic": ("0d0221 ff3864 ff8e3c f9c80e fdf7e3", "10002b e0115f 7b2cbf ffb703 fff3f0", "03071e d00000 f48c06 ffba08 fff5dc"),
    "playful": ("2b2d42 ef476f ffd166 06d6a0 fdf7ec", "33272a ff8ba7 ffc6c7 c3f0ca fffaf6", "272640 f05d5e 0f7173 e7ecef fdfcdc"),
    "romantic": ("2d1e2f 7d1d3f c6565b f2a490 fbe9dc", "33101f 8f2d56 d8576b f6ae99 fff0e6", "291720 820263 d90368 f2a8b3 fdf2ee"),
    "hopeful": ("1d3557 457b9d a8dadc f4d6a0 fdf6e6", "22334a 577590 90be9a f9c784 fff7e8", "1c3144 3f88c5 a2d5c6 ffcf99 fffaf0"),
    "dreamy": ("1a1a40 4b3f87 a26bb5 f0a6ca fbeaff", "16213e 3c4f8a 8d8fc9 e6b8d8 fdf0f5", "13293d 3e5c88 7fa3c7 c9c2e3 f6eef9"),
    "calm": ("1b3a4b 3a6b7e 83a99b d5d6c0 f6f1e5", "233d4d 4f7c82 a7c4bc e3dcc8 faf6ec", "2b3a42 5d7b82 9fb8ad ddd3c0 f5efe6"),
    "nostalgic": ("2e2327 7a4b3a c58b5a e6c594 f7ecd7", "31241e 80503f bd8a5e dfc08f f8efdb", "24303a 6b5b53 b8896a e2bf92 f5e8d0"),
    "melancholic": ("0f1a2b 27415e 56789a 9fb3c4 e3e8ea", "141b2d 31476b 66799c a7aec0 e7e6ea", "11212d 253745 4a5c6a 9ba8ab e4e7e6"),
    "mysterious": ("0b0c1e 251a4d 4b3b74 3f8a8c d8e6dd", "0a1320 1c2b4b 3d4f7c 7d8fb5 dfe3ee", "0d1117 1e2a38 3a506b 5bc0be e6f2ef"),
    "dark": ("08080c 1f1a24 5b1a2c a63446 ead9d2", "07090d 16202a 3b4a54 8a3033 e6ddd4", "0a0a0f 231b2e 54365a 9a4c5d eadfe0"),
    "angry": ("0a0706 3a0d0c 9b1b1b e6492d f7e3d0", "0b0606 2b0f14 b3121d ff5a36 fbe9d9", "100a09 47100c c1121f f77f00 fff1dd"),
    "epic": ("0b132b 1c2f5a 8c5e3c e0a458 f8ecd4", "0d1b2a 2b3f5c a4502f f0a04b fbeed8", "12100e 34312d a4653f dfa15a f6e8d0"),
}  # fmt: skip


@dataclass(frozen=True)
class Palette:
    """``colours`` is ``(5, 3)`` float32 in 0..1, darkest first."""

    colours: NDArray[np.float32]

    def at(self, place: float | NDArray[np.float32]) -> NDArray[np.float32]:
        """The colour at ``place``, 0 (dark) to 1 (light), interpolated smoothly. ``place`` has any shape; the
        result has that shape plus (3,)."""
        steps = np.clip(np.asarray(place, np.float32) * _STEPS, 0, _STEPS).astype(np.int32)
        mixed: NDArray[np.float32] = self._ramp[steps]
        return mixed

    @cached_property
    def _ramp(self) -> NDArray[np.float32]:
        x = np.linspace(0.0, len(self.colours) - 1, _STEPS + 1, dtype=np.float32)
        left = np.minimum(x.astype(np.int32), len(self.colours) - 2)
        blend = (x - left.astype(np.float32))[..., np.newaxis]
        blend = blend * blend * (3.0 - 2.0 * blend)
        ramp: NDArray[np.float32] = self.colours[left] * (1.0 - blend) + self.colours[left + 1] * blend
        return ramp

    def rgb(self, n: int) -> tuple[int, int, int]:
        """Colour ``n`` in 0..255."""
        red, green, blue = (round(float(share) * 255) for share in self.colours[n])
        return red, green, blue


MOODS = tuple(_PALETTES)


def palette_for(mood: str, rng: Random) -> Palette:
    """One of the mood's palettes; an unknown mood gets an uplifting palette."""
    known = (
        mood if mood in _PALETTES else next((name for name in _PALETTES if name in mood.lower()), "uplifting")
    )
    text = rng.choice(_PALETTES[known])
    colours = [[int(code[i : i + 2], 16) / 255.0 for i in (0, 2, 4)] for code in text.split()]
    return Palette(np.array(colours, np.float32))
