"""What a cover shows: the words of a song, and the silhouettes that they name."""

import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest

from art.contract import CoverRequest
from art.sketch.choice import BY_GENRE, cast_for, choose_style
from art.sketch.subjects import glyphs, reading
from art.sketch.subjects.glyphs import FONTS, silhouette
from art.sketch.subjects.meanings import IDIOMS, MEANINGS, VERBS
from art.sketch.subjects.objects import NEAR, SIGNS, SKY
from art.sketch.subjects.places import AIR, GROUND, WATER
from art.sketch.subjects.reading import MOST, subject_named, subjects_of
from tests.clock import processor_seconds

ROOT = Path(__file__).parent.parent.parent
LINES = [
    line.split() for head in (GROUND, WATER, AIR, NEAR, SKY, SIGNS) for line in head.strip().splitlines()
]


def shown(theme: str, title: str = "x", prompt: str = "") -> list[str]:
    """The glyphs, without their fonts."""
    request = CoverRequest(prompt=prompt, title=title, theme=(theme,) if theme else (), seed=1)
    return [subject.glyph.partition(":")[2].rstrip("!") for subject in subjects_of(request)]


def test_some_three_hundred_things_and_a_thousand_words_are_known() -> None:
    things = [line for head in (GROUND, WATER, AIR, NEAR) for line in head.strip().splitlines()]
    assert len(things) >= 300
    assert sum(len(words) for _, *words in LINES) >= 1000


def test_every_glyph_is_in_its_font_and_has_a_form() -> None:
    for glyph in {line[0] for line in LINES}:
        mask = silhouette(glyph, 96, 96)
        assert 40 <= max(mask.shape) <= 99, glyph
        assert 0.08 < float(mask.mean()) <= 1.0, glyph
        assert mask[0].max() > 0, glyph
        assert mask[:, -1].max() > 0, glyph


def test_a_glyph_is_drawn_at_any_size_and_never_changed_by_a_caller() -> None:
    for height in (3, 17, 300, 2000):
        mask = silhouette("mat:lighthouse", height, 4000)
        assert abs(mask.shape[0] - height) <= max(3, 0.02 * height)
    with pytest.raises(ValueError, match="read-only"):
        silhouette("mat:lighthouse", 64, 64)[0, 0] = 1.0


def test_a_glyph_that_its_font_lacks_is_an_error() -> None:
    with pytest.raises(KeyError):
        silhouette("mat:no-such-thing", 64, 64)


@pytest.mark.parametrize(
    ("theme", "expected"),
    [
        ("my father's old truck", ["truck-pickup"]),
        ("my grandmother's kitchen", ["pot-steam"]),
        ("a dragon and a lighthouse", ["wyvern", "lighthouse"]),
        ("the last train home", ["train"]),
        ("three wolves", ["wolf-howl"]),
        ("knives and mice", ["kitchen-knives", "rodent"]),
        ("butterflies", ["butterfly"]),
        ("cities at night", ["city"]),
        ("fire trucks", ["fire-truck"]),
        ("hot air balloons", ["airballoon"]),
        ("a taxi driver", ["taxi"]),
        ("an old electric guitar", ["guitar-electric"]),
        ("a whale, a boat, an anchor and a bottle", ["whale", "sail-boat", "anchor"]),
    ],
)
def test_nouns_plurals_and_owners(theme: str, expected: list[str]) -> None:
    assert shown(theme) == expected


@pytest.mark.parametrize(
    ("theme", "expected"),
    [
        ("driving all night", ["car-side"]),
        ("drivin' down south", ["car-side"]),
        ("sailing away", ["sail-boat"]),
        ("riding into the sunset", ["horse"]),
        ("baking with my aunt", ["pot-steam"]),
        ("driving my truck", ["truck-pickup"]),  # what is named has precedence over what is done
    ],
)
def test_verbs_that_imply_a_thing(theme: str, expected: list[str]) -> None:
    assert shown(theme) == expected


@pytest.mark.parametrize(
    ("theme", "expected"),
    [
        ("playing bass in a band", ["guitar-electric"]),
        ("a bass I caught in the lake", ["fish-fins"]),
        ("a bat in the cave", ["bat"]),
        ("a baseball bat", ["baseball-bat"]),
        ("the fall of every October", ["leaf-maple"]),
        ("I stumble and I fall", []),
        ("falling in love", ["heart"]),
        ("she leaves me", []),
        ("a leaf on the wind", ["leaf"]),
        ("rock and roll", ["guitar-electric"]),
        ("rock climbing on the cliff", ["mountain-sun"]),
        ("red roses", ["flower"]),
        ("the moon rose", ["moon-waning-crescent"]),
        ("a mustang on the prairie", ["horse", "grass"]),
        ("a wedding ring", ["ring"]),
        ("a wishing well", ["water-well"]),
        ("well, well, well", []),
        ("raining cats and dogs", ["umbrella"]),
        ("a piece of cake", []),
    ],
)
def test_homographs_and_turns_of_phrase(theme: str, expected: list[str]) -> None:
    assert shown(theme)[: len(expected) or None] == expected


def test_what_is_denied_is_not_shown() -> None:
    assert shown("not about cats but a dog") == ["dog"]
    assert shown("no trains") == []
    assert shown("a house without a door") == ["house-chimney"]


def test_a_thing_has_precedence_over_the_sign_of_a_theme() -> None:
    assert shown("love on a train at night") == ["train"]
    assert shown("love and the night") == ["heart"]


@pytest.mark.parametrize("theme", ["quantum entanglement", "", "🎉", "雨の夜", "…", "a b c d", "0 1 2"])
def test_an_unknown_subject_gets_no_figure(theme: str) -> None:
    assert shown(theme) == []


def test_the_title_and_the_prompt_are_read_where_the_theme_names_nothing() -> None:
    assert shown("", title="The Owl") == ["owl"]
    assert shown("grief", title="Untitled", prompt="Album cover for a sad song: a piano, on a hill") == [
        "piano"
    ]
    assert shown("a truck", title="King of the Road") == ["truck-pickup"]
    # What follows the first clause speaks of light and mood, not of the song.
    assert shown("", prompt="Album cover for a calm song: the void, lighthouse in fog, wolves") == []


def test_at_most_three_things_are_shown_each_once() -> None:
    assert len(shown("a cat, a dog, a horse, a cow, a car")) == MOST
    assert shown("a cat and a kitten and cats") == ["cat"]


def test_the_tables_name_things_that_are_known() -> None:
    for name in [
        *VERBS,
        *filter(None, IDIOMS.values()),
        *(n for row in MEANINGS.values() for _, n in row if n),
    ]:
        assert subject_named(name), name


def test_no_word_names_two_things() -> None:
    words = [word for _, *words in LINES for word in words]
    for _, *words_of_line in LINES:
        assert len(words_of_line) == len(set(words_of_line))
    twice = {word for word in words if words.count(word) > 1}
    assert twice <= {"lamp", "heart", "wave"}, twice


@pytest.mark.parametrize(
    "text", ["cat " * 2500, "a" * 10_000, "'" * 10_000, "about " * 1700, "not " * 2500, "s's" * 3300]
)
def test_long_texts_are_read_in_milliseconds(text: str) -> None:
    request = CoverRequest(prompt=text, title=text[:80].strip() or "x", theme=(text, text), seed=1)
    subjects_of(request)
    assert processor_seconds(lambda: subjects_of(request)) < 0.05


def test_the_packages_of_the_fonts_are_read_but_not_imported() -> None:
    """Each of them would import tkinter, which a server often lacks."""
    code = (
        "import sys; from art.sketch.engine import SketchPainter; from art.contract import CoverRequest; "
        "SketchPainter().paint(CoverRequest(prompt='', title='x', theme=('dragon', 'truck', 'fox'), seed=1, "
        "size=256), lambda *_: None); print([name for name in sys.modules if 'tkinter' in name])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert result.stdout.strip() == "[]"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    package, _, _ = FONTS["fa"]
    monkeypatch.setattr(glyphs, "find_spec", lambda name: None)
    glyphs._file.cache_clear()
    with pytest.raises(ModuleNotFoundError, match="tkinter-icons-fa"):
        glyphs._file(package, FONTS["fa"][1])
    glyphs._file.cache_clear()


def test_a_style_that_is_the_thing_itself_shows_no_figure_of_it() -> None:
    request = CoverRequest(prompt="", title="x", theme=("bus", "city"), seed=1)
    assert [subject.name for subject in cast_for("skyline", request)] == ["bus"]
    assert [subject.name for subject in cast_for("poster", request)] == ["bus", "city"]


def test_a_lorry_does_not_sail_in_any_genre() -> None:
    for genre in BY_GENRE:
        for seed in range(40):
            request = CoverRequest(prompt="", title="x", genre=genre, theme=("lorry",), seed=seed)
            assert choose_style(request, Random(seed)) != "waves"


def test_the_wolf_is_the_one_that_howls_not_the_moon_behind_it() -> None:
    moon, wolf = silhouette("rpga:wolf-howl", 256, 256), silhouette("rpga:wolf-howl!", 256, 256)
    assert 0.3 < float(wolf.mean()) < 0.8
    high = min(moon.shape[0], wolf.shape[0])
    overlap = np.minimum(moon[:high, : wolf.shape[1]], wolf[:high, : moon.shape[1]])
    assert overlap.mean() < 0.25


def test_reading_keeps_the_order_of_the_words() -> None:
    assert (
        reading.subjects_of(CoverRequest(prompt="", title="x", theme=("lighthouse", "dragon"), seed=1))[
            0
        ].name
        == "lighthouse"
    )
