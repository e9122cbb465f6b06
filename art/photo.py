"""A photo as the cover: its middle square, with or without the title."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

from art.contract import Cover, Pixels
from art.typeset import Setting, typeset

SIZE = 1024
_SETTING = Setting(face="sans")


def photo_cover(pixels: Pixels, title: str, *, titled: bool) -> Cover:
    """A cover of 1024 x 1024 pixels from ``pixels (height, width, 3)``."""
    square = ImageOps.fit(Image.fromarray(pixels), (SIZE, SIZE), Image.Resampling.LANCZOS)
    plain: Pixels = np.asarray(square)
    if not titled:
        return Cover(plain, style="photo")
    set_on, box, warnings = typeset(plain, title, _SETTING)
    return Cover(set_on, style="photo", title_box=box, warnings=warnings)
