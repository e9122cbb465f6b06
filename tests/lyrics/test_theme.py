from random import Random

import pytest

from config.engine import ignore_progress
from lyrics.contract import PlanRequest
from lyrics.sketch.couplets import fit, rows
from lyrics.sketch.engine import SketchWriter
from lyrics.sketch.material import anywhere
from lyrics.sketch.theme import theme_of
from phonetics.rhyme import rhymes


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("leaving home", "doing"),
        ("losing my keys", "doing"),
        ("morning light", "thing"),
        ("my father's old coat", "thing"),
        ("my dog Biscuit", "who"),
        ("Maria", "who"),
        ("Memphis", "thing"),
        ("the girl next door", "who"),
        ("a king without a crown", "who"),
        ("the neon rain", "thing"),
    ],
)
def test_a_theme_is_known_for_a_thing_a_doing_or_somebody(text: str, kind: str) -> None:
    assert theme_of(text).kind == kind


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("life without you", "Life Without You"),
        ("running out of time", "Running Out of Time"),
        ("my first apartment in Brooklyn and the neighbours", "My First Apartment in Brooklyn"),
    ],
)
def test_a_title_ends_on_a_word_that_can_end_it(text: str, title: str) -> None:
    assert theme_of(text).title == title


@pytest.mark.parametrize("kind", ["thing", "doing", "who"])
@pytest.mark.parametrize(
    "theme",
    ["rain", "the rain", "the blue rain", "leaving my home", "the old lighthouse", "my grandmother's dog"],
)
def test_a_theme_of_any_length_fits_enough_couplets_of_each_stage(kind: str, theme: str) -> None:
    for stage in (1, 2):
        table = [row for row in rows(anywhere.THEMES[kind]) if row.stage == stage]
        assert sum(fit(row, 8, Random(1), theme=theme) is not None for row in table) >= 5


def test_every_couplet_of_the_tables_rhymes() -> None:
    for text in (*anywhere.THEMES.values(), anywhere.LIFT, anywhere.TURN, anywhere.CLOSE):
        for row in rows(text):
            assert rhymes(row.first, row.second), (row.first, row.second)


def test_songs_of_one_seed_do_not_share_a_key() -> None:
    writer = SketchWriter()
    themes = ("rain", "owls", "the sea", "home", "fire", "chess", "a train", "snow")
    requests = [PlanRequest(description=f"pop about {theme}", seed=1) for theme in themes]
    assert len({writer.plan(request, ignore_progress).key for request in requests}) >= 4
