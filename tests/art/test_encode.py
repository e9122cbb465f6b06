import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from art.encode import png_bytes
from tests.clock import processor_seconds

FONTS = Path(__file__).parent.parent.parent / "art" / "fonts"


def test_a_png_gives_its_pixels_back() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 48, 3)).astype(np.uint8)
    with Image.open(io.BytesIO(png_bytes(pixels))) as picture:
        assert np.array_equal(np.asarray(picture), pixels)
    assert png_bytes(pixels) == png_bytes(pixels)


@pytest.mark.alone
def test_a_full_size_cover_is_written_fast() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3)).astype(np.uint8)
    assert processor_seconds(lambda: png_bytes(pixels)) < 0.6


def test_every_font_has_its_licence_beside_it() -> None:
    fonts = list(FONTS.glob("*.woff"))
    assert len(fonts) >= 8
    for font in fonts:
        licence = next(
            path for path in FONTS.glob("OFL-*.txt") if font.name.startswith(path.stem.removeprefix("OFL-"))
        )
        text = licence.read_text()
        assert "Copyright" in text
        assert "SIL Open Font License" in text or "SIL OPEN FONT LICENSE" in text
