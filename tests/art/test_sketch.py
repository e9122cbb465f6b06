"""The embedded painter's covers: sixty of them, readable, varied."""

from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from art.contract import CoverRequest, TitleBox
from art.sketch.engine import BY_GENRE, BY_THEME, STYLES, SketchPainter, choose_style
from art.sketch.palettes import MOODS as PAINTED_MOODS
from config.engine import ignore_progress
from lyrics.contract import GENRES, MOODS
from tests.long import few_first

PAINTER = SketchPainter()
TITLES = (
    "Neon Rain", "Leaving Home", "My Grandmother's Kitchen", "A", "The Quiet After the Storm", "Blue House",
    "Песня о море", "An Extraordinarily Long Title About Butterflies, Thunder and the Last Train Home",
)  # fmt: skip


def request(n: int, size: int) -> CoverRequest:
    return CoverRequest(
        prompt="a cover",
        title=TITLES[n % len(TITLES)],
        genre=GENRES[n % len(GENRES)],
        mood=MOODS[n % len(MOODS)],
        seed=n,
        size=size,
    )


def relative_luminance(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """WCAG 2.1, written again here so that the painter's own measure cannot hide its mistakes."""
    c = pixels.astype(np.float64) / 255
    linear = np.where(c <= 0.03928, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return np.asarray(0.2126 * linear[..., 0] + 0.7152 * linear[..., 1] + 0.0722 * linear[..., 2])


def share_with_contrast(pixels: NDArray[np.uint8], box: TitleBox) -> float:
    """Of the pixels right around the letters, the share with 4.5:1 against the ink.

    Letters are the pixels of exactly the ink's colour inside the title's box; around them is what lies
    within 1% of the width but not within the soft edge of the letters themselves.
    """
    inside = pixels[box.top : box.bottom, box.left : box.right]
    ink = (np.abs(inside.astype(int) - np.array(box.colour)) <= 2).all(axis=-1)
    assert ink.mean() > 0.05, "the title is not there"
    reach, edge = max(3, pixels.shape[1] // 100), 2
    around = grown(ink, reach) & ~grown(ink, edge)
    ground = relative_luminance(inside)[around]
    own = float(relative_luminance(np.array([[box.colour]], np.uint8))[0, 0])
    ratio = (np.maximum(ground, own) + 0.05) / (np.minimum(ground, own) + 0.05)
    return float((ratio >= 4.5).mean())


def grown(mask: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    out = mask.copy()
    for _ in range(by):
        padded = np.pad(out, 1)
        out = padded[1:-1, 1:-1] | padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    return out


@pytest.mark.parametrize("batch", few_first(1, range(6)))
def test_the_titles_of_sixty_covers_can_be_read(batch: int) -> None:
    for n in range(batch * 10, batch * 10 + 10):
        cover = PAINTER.paint(request(n, 512), ignore_progress)
        assert cover.title_box is not None
        assert share_with_contrast(cover.pixels, cover.title_box) >= 0.95, (n, cover.style)


def test_a_title_can_be_read_at_full_size_too() -> None:
    for n in (3, 17, 31):
        cover = PAINTER.paint(request(n, 1024), ignore_progress)
        assert cover.title_box is not None
        assert share_with_contrast(cover.pixels, cover.title_box) >= 0.95, (n, cover.style)


def test_the_title_stays_inside_the_margins_and_is_not_tiny() -> None:
    for n in range(24):
        cover = PAINTER.paint(request(n, 256), ignore_progress)
        box = cover.title_box
        assert box is not None
        assert box.left >= 0.04 * 256
        assert box.top >= 0.04 * 256
        assert box.right <= 0.96 * 256
        assert box.bottom <= 0.96 * 256
        assert box.bottom - box.top >= 0.03 * 256


def test_the_tables_speak_the_contracts_names() -> None:
    assert set(BY_GENRE) == set(GENRES)
    assert set(PAINTED_MOODS) == set(MOODS)
    assert {style for styles in BY_GENRE.values() for style in styles} == set(STYLES)
    assert set(BY_THEME) <= set(STYLES)


def test_a_theme_that_can_be_shown_mostly_is() -> None:
    request = CoverRequest(prompt="", title="x", genre="pop", theme=("astronaut", "moon"), seed=0)
    styles = [choose_style(request, Random(seed)) for seed in range(100)]
    assert styles.count("cosmos") > 60


def test_styles_differ_more_than_seeds_of_one_style() -> None:
    """Mean distance between 8 x 8 thumbnails with their structure as vertical and horizontal contrast."""

    def features(style: str, seed: int) -> NDArray[np.float64]:
        genre = next(g for g, styles in BY_GENRE.items() if style in styles)
        for attempt in range(400):
            request = CoverRequest(
                prompt="", title="Neon", genre=genre, mood="calm", seed=seed * 1000 + attempt, size=256
            )
            if choose_style(request, Random(f"{request.seed} {genre} calm Neon")) == style:
                grey = PAINTER.paint(request, ignore_progress).pixels.mean(axis=2) / 255
                small = grey.reshape(16, 16, 16, 16).mean(axis=(1, 3))
                detail = (
                    np.abs(np.diff(grey, axis=0)).reshape(255, 256).mean(),
                    np.abs(np.diff(grey, axis=1)).mean(),
                )
                return np.concatenate([small.ravel(), 40 * np.array(detail)])
        raise AssertionError(f"style {style} was never chosen for {genre}")

    seen = {style: [features(style, seed) for seed in range(3)] for style in STYLES}
    within = [
        np.linalg.norm(a - b) for group in seen.values() for k, a in enumerate(group) for b in group[k + 1 :]
    ]
    between = [
        np.linalg.norm(seen[one][0] - seen[two][0]) for k, one in enumerate(STYLES) for two in STYLES[k + 1 :]
    ]
    assert np.mean(between) > 1.2 * np.mean(within)
