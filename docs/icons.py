"""The page's icons as PNG, drawn from the bars of ``icon.svg``: ``python -m docs.icons``."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image, ImageDraw

WEB = Path(__file__).parent.parent / "orchestrator" / "server" / "web"
UNITS = 64
FINER = 4  # drawn so much larger, for smooth edges
_STROKE = re.compile(r'<path stroke="(#\w+)" d="([^"]+)"')
_BAR = re.compile(r"M(\d+) (\d+)v(\d+)")


def icon(size_px: int, *, corner: float, share: float) -> Image.Image:
    """The icon, ``size_px`` square. ``corner``: the radius of its corners in units of the drawing; ``share``:
    how much of the drawing's own size the bars have. A maskable icon is cut by the device, and keeps to its
    middle 80 %."""
    drawing = (WEB / "icon.svg").read_text()
    scale = size_px * FINER / UNITS
    image = Image.new("RGBA", (size_px * FINER, size_px * FINER))
    draw = ImageDraw.Draw(image)
    ground = re.search(r'<rect[^>]* fill="(#\w+)"', drawing)
    width = re.search(r'stroke-width="(\d+)"', drawing)
    assert ground
    assert width
    draw.rounded_rectangle((0, 0, image.width - 1, image.height - 1), corner * scale, fill=ground[1])
    half = int(width[1]) / 2

    def at(units: float) -> float:
        return (UNITS / 2 + (units - UNITS / 2) * share) * scale

    for colour, path in _STROKE.findall(drawing):
        for x, y, length in _BAR.findall(path):
            left, top, bottom = int(x) - half, int(y) - half, int(y) + int(length) + half
            box = (at(left), at(top), at(left + 2 * half), at(bottom))
            draw.rounded_rectangle(box, half * scale * share, fill=colour)
    return image.resize((size_px, size_px), Image.Resampling.LANCZOS)


def main() -> None:
    folder = WEB / "icons"
    folder.mkdir(exist_ok=True)
    for size_px in (192, 512):
        icon(size_px, corner=16, share=1.0).save(folder / f"{size_px}.png", optimize=True)
    icon(512, corner=0, share=0.8).save(folder / "maskable-512.png", optimize=True)
    # Apple's devices cut the corners themselves and show transparency as black.
    icon(180, corner=0, share=0.95).convert("RGB").save(folder / "180.png", optimize=True)


if __name__ == "__main__":
    main()
