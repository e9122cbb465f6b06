"""A photo as the cover: its middle square, with the title set on it where that is wanted."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

from art.contract import Cover, Pixels
from art.typeset import Setting, typeset

SIZE = 1024
_SETTING = Setting(face="sans")


def photo_cover(pixels: Pixels, title: str, *, titled: bool) -> Cover:
    """The cover, 1024 pixels square, of ``pixels (height, width, 3)``."""
    square = ImageOps.fit(Image.fromarray(pixels), (SIZE, SIZE), Image.Resampling.LANCZOS)
    plain: Pixels = np.asarray(square)
    if not titled:
        return Cover(plain, style="photo")
    set_on, box, warnings = typeset(plain, title, _SETTING)
    return Cover(set_on, style="photo", title_box=box, warnings=warnings)
