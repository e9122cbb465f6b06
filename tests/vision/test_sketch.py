"""What the embedded reader sees in two hundred made-up photos, and how light and colour move it."""

import colorsys
from itertools import pairwise

import numpy as np
import pytest

from config.engine import ignore_progress
from tests.vision.photos import SHOTS, shot
from vision.contract import GENRES, MOODS, READERS, ImageRequest, Scene
from vision.pixels import Pixels
from vision.sketch import tables
from vision.sketch.measure import hexcone, lab_of, measure

READER = READERS.load("sketch")
EACH = 20  # of ten kinds
PHOTOS = [(kind, number) for kind in SHOTS for number in range(EACH)]
SEEN = {
    "city": "city lights at night",
    "night": "a dark night",
    "sea": "the open sea",
    "sunset": "a burning sunset",
    "fog": "fog",
    "woods": "green woods",
    "day": "a blue sky",
    "still_life": "one thing in the middle",
}


def scene(pixels: Pixels, seed: int = 1) -> Scene:
    return READER.read(ImageRequest(pixels, seed), ignore_progress)


@pytest.fixture(scope="module")
def scenes() -> dict[str, list[Scene]]:
    assert len(PHOTOS) == 200
    return {kind: [scene(shot(kind, number)) for number in range(EACH)] for kind in SHOTS}


def test_two_hundred_photos_are_all_read(scenes: dict[str, list[Scene]]) -> None:
    found = [one for many in scenes.values() for one in many]
    assert len(found) == 200
    for one in found:
        assert one.mood in MOODS
        assert set(one.genres) <= set(GENRES)
        assert 40.0 <= one.tempo_bpm <= 220.0
    assert len({one.mood for one in found}) >= 7
    assert len({genre for one in found for genre in one.genres}) >= 12
    assert len({one.energy for one in found}) >= 6


@pytest.mark.parametrize("kind", SEEN)
def test_what_is_in_a_photo_is_named(scenes: dict[str, list[Scene]], kind: str) -> None:
    named = sum(SEEN[kind] in one.elements for one in scenes[kind])
    assert named >= 0.9 * EACH, [one.elements for one in scenes[kind]]
    others = [one for other in SHOTS if other not in (kind, "gradient") for one in scenes[other]]
    if kind != "day":  # the sea has a blue sky too
        assert sum(SEEN[kind] in one.elements for one in others) <= 0.15 * len(others)


def test_day_is_livelier_brighter_in_mood_and_faster_than_night(scenes: dict[str, list[Scene]]) -> None:
    for day, night in zip(scenes["day"], scenes["night"], strict=True):
        assert day.energy > night.energy + 2
        assert day.tempo_bpm > night.tempo_bpm + 20
        assert tables.MOODS[day.mood][0] > tables.MOODS[night.mood][0]


def saturated(pixels: Pixels, share: float) -> Pixels:
    """Each pixel with the same hue and V, and ``share`` of its S."""
    value = pixels.max(-1, keepdims=True).astype(float)
    return np.rint(value - (value - pixels) * share).astype(np.uint8)


def brightened(pixels: Pixels, share: float) -> Pixels:
    """Each pixel with the same hue and S, and ``share`` of its V."""
    return np.rint(pixels * share).astype(np.uint8)


@pytest.mark.parametrize("sweep", [saturated, brightened])
def test_a_brighter_or_more_saturated_photo_has_more_energy_and_speed(sweep: object) -> None:
    assert callable(sweep)
    rose = 0
    for kind, number in PHOTOS:
        pixels = shot(kind, number)[::2, ::2]
        figures = [measure(sweep(pixels, share)) for share in np.linspace(0.0, 1.0, 4)]
        energies = [tables.energy(one) for one in figures]
        assert all(after >= before - 1e-3 for before, after in pairwise(energies)), (kind, number)
        tempos = [tables.tempo(one) for one in figures]
        assert tempos == sorted(tempos), (kind, number)
        rose += energies[-1] > energies[0] + 0.25
    # A grey photo has no more colour for any share; and the darkest no more light.
    assert rose >= (100 if sweep is saturated else 170)


def test_a_sweep_of_plain_colours_rises_in_the_scene_itself() -> None:
    for hue in np.linspace(0.0, 1.0, 7)[:-1]:
        for by_value in (True, False):
            colours = [
                colorsys.hsv_to_rgb(hue, *((0.6, share) if by_value else (share, 0.8)))
                for share in np.linspace(0.0, 1.0, 21)
            ]
            found = [
                scene((np.zeros((32, 32, 3)) + np.array(colour) * 255).round().astype(np.uint8))
                for colour in colours
            ]
            energies = [one.energy for one in found]
            assert energies == sorted(energies)
            assert energies[-1] >= energies[0] + 2
            tempos = [one.tempo_bpm for one in found]
            assert tempos == sorted(tempos)


def test_the_same_scene_in_another_size_is_the_same_song() -> None:
    for kind in ("day", "sea", "sunset", "night"):
        small = shot(kind)
        large = small.repeat(5, 0).repeat(5, 1)
        one, other = scene(small), scene(large)
        assert abs(one.energy - other.energy) <= 1
        assert one.elements[0] == other.elements[0]


def test_chance_changes_the_genres_alone() -> None:
    first = scene(shot("day"))
    others = [scene(shot("day"), seed) for seed in range(2, 12)]
    assert len({other.genres for other in others}) > 1
    assert {other.model_copy(update={"genres": ()}) for other in others} == {
        first.model_copy(update={"genres": ()})
    }


def test_colours_are_those_of_the_standards() -> None:
    rng = np.random.default_rng(3)
    rgb = rng.random((40, 1, 3)).astype(np.float32)
    value, chroma, hue = hexcone(rgb)
    for place in range(40):
        h, s, v = colorsys.rgb_to_hsv(*map(float, rgb[place, 0]))
        assert value[place, 0] == pytest.approx(v, abs=1e-6)
        assert chroma[place, 0] == pytest.approx(s * v, abs=1e-6)
        assert hue[place, 0] == pytest.approx(h, abs=1e-5)
    # Bruce Lindbloom's calculator, sRGB and D65.
    known = {
        (1.0, 0.0, 0.0): (53.24, 80.09, 67.20),
        (0.0, 1.0, 0.0): (87.73, -86.18, 83.18),
        (0.0, 0.0, 1.0): (32.30, 79.19, -107.86),
        (1.0, 1.0, 1.0): (100.0, 0.0, 0.0),
        (0.5, 0.5, 0.5): (53.39, 0.0, 0.0),
    }
    for colour, lab in known.items():
        assert lab_of(np.array([[colour]], np.float32))[0, 0] == pytest.approx(lab, abs=0.15)


def test_composition_is_seen() -> None:
    ramp = np.linspace(0, 200, 60).astype(np.uint8)
    half = np.concatenate([ramp, ramp[::-1]])[None, :, None].repeat(90, 0).repeat(3, 2)
    assert measure(half).symmetry > 0.99
    assert measure(half[:, :60]).symmetry < 0.1
    line = np.zeros((100, 100, 3), np.uint8)
    line[:40] = 200
    figures = measure(line)
    assert figures.horizon > 0.9
    assert figures.horizon_at == pytest.approx(0.4, abs=0.02)
    assert measure(half).horizon < 0.05


def test_every_table_holds_names_that_there_are() -> None:
    assert set(tables.MOODS) == set(tables.GENRES) == set(MOODS)
    assert {genre for row in tables.GENRES.values() for genre in row} <= set(GENRES)
    assert set(tables.GENRES_OF_ELEMENTS.values()) <= set(GENRES)
    assert set(tables.GENRES_OF_ELEMENTS) <= {name for name, _ in tables.ELEMENTS}
    for words in (tables.LIGHT_WORDS, tables.COLOUR_WORDS, tables.SURFACE_WORDS):
        bounds = [bound for bound, _ in words]
        assert bounds == sorted(bounds)
        assert tables.word(0.0, words) == words[0][1]
        assert tables.word(1.0, words) == words[-1][1]
    here = measure(np.zeros((32, 32, 3), np.uint8))
    assert tables.energy(here) == 0.0
    assert tables.pleasure(here) == -1.0
    assert tables.tempo(here) == 56.0
