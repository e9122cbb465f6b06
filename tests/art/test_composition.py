"""Covers side by side: none like another in layout, each with a subject that one sees at 56 pixels."""

from itertools import combinations
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from art.contract import Cover, CoverRequest
from art.encode import png_bytes
from art.sketch.choice import ROOMS, STYLES
from art.sketch.engine import SketchPainter, _module
from art.sketch.palettes import palette_for
from art.sketch.stage import Stage
from art.sketch.subjects.reading import subject_named
from art.typeset import typeset
from config.engine import ignore_progress
from lyrics.contract import GENRES, MOODS
from tests.clock import processor_seconds
from tests.long import few_first

PAINTER = SketchPainter()
SUBJECTS = (
    "truck lighthouse dragon kitchen train wolf guitar astronaut boat saxophone dance car "
    "basketball butterfly church owl anchor coffee cactus elephant ghost castle bus horse piano rocket "
    "river letter whale bicycle"
).split()
ALIKE = 0.10
"""Two covers whose layouts are nearer than this are alike. Of the pairs in tens of one genre, 3% were with
the painter before this one, and the nearest pair had 0.009."""
THUMB = 56
"""Pixels: a cover in the page's list of songs, which sets the title beside it in text. A title's letters are
two or three pixels high there, so nothing of the cover relies on them: the subject is what one sees."""


def layout(cover: Cover) -> NDArray[np.float64]:
    """Where it is light and where dark: an 8 x 8 picture in grey, of mean 0 and length 1."""
    grey = cover.pixels.mean(axis=2)
    small = grey.reshape(8, grey.shape[0] // 8, 8, grey.shape[1] // 8).mean(axis=(1, 3)).ravel()
    return np.asarray((small - small.mean()) / np.linalg.norm(small - small.mean()))


def painted(theme: str, genre: str, mood: str, seed: int, size: int = 256, *, titled: bool = False) -> Cover:
    request = CoverRequest(
        prompt="",
        title="Neon Rain",
        genre=genre,
        mood=mood,
        theme=(theme,),
        seed=seed,
        size=size,
        titled=titled,
    )
    return PAINTER.paint(request, ignore_progress)


def nearest(covers: list[Cover]) -> tuple[float, str]:
    """The least distance of two layouts (1 less their correlation), and the styles of the two."""
    layouts = [(layout(cover), cover.style) for cover in covers]
    return min((1 - float(one @ two), f"{a} and {b}") for (one, a), (two, b) in combinations(layouts, 2))


@pytest.mark.parametrize("batch", few_first(3, range(10)))
def test_no_two_of_ten_songs_of_one_genre_are_alike(batch: int) -> None:
    chance = Random(f"genre {batch}")
    genre, subjects = chance.choice(GENRES), chance.sample(SUBJECTS, 10)
    covers = [painted(one, genre, chance.choice(MOODS), chance.getrandbits(40)) for one in subjects]
    distance, styles = nearest(covers)
    assert distance >= ALIKE, (genre, styles)


@pytest.mark.parametrize("batch", few_first(3, range(10)))
def test_no_two_of_ten_songs_of_different_genres_are_alike(batch: int) -> None:
    chance = Random(f"genres {batch}")
    pairs = zip(chance.sample(GENRES, 10), chance.sample(SUBJECTS, 10), strict=True)
    covers = [painted(one, genre, chance.choice(MOODS), chance.getrandbits(40)) for genre, one in pairs]
    distance, styles = nearest(covers)
    assert distance >= ALIKE, styles


def staged(style: str, subject: str | None, seed: int, size: int = 256) -> NDArray[np.float64]:
    """A picture in ``style`` in grey, 0..1, at the size of a thumb."""
    named = subject_named(subject) if subject else None
    chance = Random(seed)
    stage = Stage(
        palette_for(chance.choice(MOODS), chance),
        np.random.default_rng(seed),
        size,
        (named,) if named else (),
    )
    picture = (np.clip(_module(style).paint(stage).picture, 0, 1) * 255).astype(np.uint8)
    small = Image.fromarray(picture).convert("L").resize((THUMB, THUMB), Image.Resampling.LANCZOS)
    return np.asarray(small, np.float64) / 255


@pytest.mark.parametrize("style", STYLES)
def test_the_subject_is_seen_at_56_pixels(style: str) -> None:
    """The same picture with another subject differs plainly in at least 2% of the thumb's pixels."""
    for seed in range(3):
        one, two = staged(style, "truck", seed), staged(style, "lighthouse", seed)
        assert float((np.abs(one - two) > 0.15).mean()) >= 0.02, seed


@pytest.mark.parametrize("style", STYLES)
def test_every_style_is_a_picture_without_a_subject_too(style: str) -> None:
    for size in (256, 260, 333):
        picture = staged(style, None, 3, size)
        assert picture.std() > 0.02


@pytest.mark.parametrize("style", STYLES)
def test_every_style_takes_one_two_and_three_figures_of_any_kind(style: str) -> None:
    for names in (["dragon"], ["boat", "owl"], ["truck", "dragon", "whale"], ["key", "guitar", "moon"]):
        cast = tuple(subject for subject in map(subject_named, names) if subject)
        assert len(cast) == len(names)
        stage = Stage(palette_for("calm", Random(1)), np.random.default_rng(4), 256, cast)
        picture = _module(style).paint(stage).picture
        assert picture.shape == (256, 256, 3)
        assert picture.dtype == np.float32
        assert np.isfinite(picture).all()


def test_a_short_title_has_letters_that_one_reads_at_the_size_of_a_page() -> None:
    """Up to 18 letters: at 320 pixels, the width of a cover on a telephone, 12 pixels high at least."""
    for n, title in enumerate(("Neon Rain", "Leaving Home", "The Lighthouse Keep", "Blue", "Old Truck")):
        for genre in GENRES[n::5]:
            request = CoverRequest(prompt="", title=title, genre=genre, theme=("truck",), seed=n, size=320)
            box = PAINTER.paint(request, ignore_progress).title_box
            assert box is not None
            assert box.bottom - box.top >= 12, (title, genre)


def test_every_style_has_its_module() -> None:
    assert len(STYLES) == 20
    for style in ROOMS:
        assert callable(_module(style).paint)


def test_the_subject_changes_the_cover_and_its_seed_too() -> None:
    one = painted("truck", "pop", "calm", 7)
    assert not np.array_equal(one.pixels, painted("train", "pop", "calm", 7).pixels)
    assert not np.array_equal(one.pixels, painted("truck", "pop", "calm", 8).pixels)
    assert np.array_equal(one.pixels, painted("truck", "pop", "calm", 7).pixels)


@pytest.mark.alone
@pytest.mark.parametrize("style", STYLES)
def test_a_cover_of_full_size_takes_little_of_the_processor(style: str) -> None:
    """With its title and as a PNG. Before the figures, a cover took 1.1 s on average, and 2.4 s at most."""
    cast = tuple(subject for subject in map(subject_named, ("dragon", "lighthouse")) if subject)

    def cover() -> bytes:
        stage = Stage(palette_for("epic", Random(1)), np.random.default_rng(1), 1024, cast)
        painting = _module(style).paint(stage)
        pixels = np.rint(np.clip(painting.picture, 0, 1) * 255).astype(np.uint8)
        return png_bytes(typeset(pixels, "Dragon's Lullaby", painting.setting)[0])

    assert processor_seconds(cover, rounds=2) < 0.8
