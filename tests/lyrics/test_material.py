"""The lines themselves: they rhyme, can be sung, and are many; songs have few of them in common."""

import re
from collections import Counter
from itertools import combinations

import pytest

from config.engine import ignore_progress
from lyrics.contract import PlanRequest
from lyrics.sketch.couplets import Row
from lyrics.sketch.engine import SketchWriter
from lyrics.sketch.material.fields import CHORUS, EVERYDAY, fields, table
from lyrics.sketch.material.scenes import clash, scene
from lyrics.sketch.persons import told, told_of
from lyrics.sketch.theme import theme_of
from phonetics.rhyme import rhymes
from phonetics.words import count_syllables
from tests.lyrics.briefs import SUBJECTS

FRAMES = ("verse", "pre", "turn", "end", "rap verse", "rap scene")
ROWS = [row for field in fields().values() for part in field.parts.values() for row in part]
COUPLETS_BEFORE = 391
"""Of version 0.1.0, which had 22 domains."""
MEAN_BETWEEN_SUBJECTS, MEAN_BETWEEN_SEEDS = 0.012, 0.125
PROFANE = re.compile(
    r"\b(?:damn|hell|shit|fuck|bitch|ass|bastard|drunk|whore|crap|sex|sexy|naked|kill)\b", re.I
)


def all_rows() -> list[Row]:
    return [*ROWS, *(row for name in FRAMES for row in table("frames", name))]


def test_the_material_has_doubled() -> None:
    assert len(fields()) >= 60
    assert len(ROWS) >= 2 * COUPLETS_BEFORE
    assert len(all_rows()) >= 3 * COUPLETS_BEFORE


@pytest.mark.parametrize("name", fields())
def test_every_couplet_of_a_field_rhymes_and_can_be_sung(name: str) -> None:
    field = fields()[name]
    assert len(field.things) >= 6
    assert len(field.places) >= 5
    assert bool(field.words) is (name != EVERYDAY)
    for part, rows in field.parts.items():
        assert len(rows) >= {"1": 6, "2": 6, "pre": 2, "turn": 2, "end": 1, CHORUS: 6}[part]
        for row in rows:
            assert rhymes(row.first, row.second), row
            assert all(7 <= count_syllables(line) <= 9 for line in (row.first, row.second)), row
            assert row.stage == (int(part) if part.isdigit() else 0)


def test_every_frame_rhymes() -> None:
    for name in FRAMES:
        for row in table("frames", name):
            assert rhymes(row.first.replace("{it}", "it").replace("{its}", "its"), row.second), row


def test_the_lines_of_a_chorus_are_said_by_nobody() -> None:
    """So any song may have them; those of love may speak to "you"."""
    for field in fields().values():
        rows = field.parts[CHORUS]
        assert [row for row in rows if row.is_mine] == [], field.name
        assert sum(not row.to_you for row in rows) >= 6
        assert field.name == "love" or not any(row.to_you for row in rows)


def test_what_i_do_is_told_of_others() -> None:
    row = Row("I pack the cab before the dawn", "One look behind and I am gone")
    assert told(row, "he") == Row("He packs the cab before the dawn", "One look behind and he is gone")
    assert told(row, "they") == Row("They pack the cab before the dawn", "One look behind and they are gone")
    assert told_of("I've got my coat, it's mine", "she") == "She's got her coat, it's hers"
    assert told_of("I don't mind, I watch, I carry on", "he") == "He doesn't mind, he watches, he carries on"
    plain = Row("The rain comes down", "It fills the town")
    assert told(plain, "he") == plain
    # Nobody knows who the second "he" is, whether "cut" is past, and a rhyme is lost.
    assert told(Row("I met the king", "I heard him sing"), "he") is None
    assert told_of("I cut the rope", "he") is None
    assert told_of("I stop and sit and walk", "he") is None
    assert told(Row("I walk", "They hear me talk"), "she") is None
    assert told_of("We sang", "he") is None
    assert told_of("We sang our song, I was there", "they") == "They sang their song, they were there"


@pytest.mark.parametrize(
    ("here", "there", "apart"),
    [
        ("the snow lies deep", "out on the beach", True),
        ("the stars are out", "the morning train", True),
        ("from dawn to night", "the morning train", False),
        ("the snow lies deep", "the stars are out", False),
        ("a line", "the morning train", False),
    ],
)
def test_two_lines_are_of_one_scene_or_not(here: str, there: str, apart: bool) -> None:  # noqa: FBT001
    assert clash(scene(here), scene(there)) is apart
    assert clash(scene(there), scene(here)) is apart


def test_no_line_is_there_twice_and_none_is_profane() -> None:
    lines = [line for row in all_rows() for line in (row.first, row.second)]
    assert [line for line, count in Counter(map(str.lower, lines)).items() if count > 1] == []
    assert [line for line in lines if PROFANE.search(line)] == []


def sung(subject: str, seed: int, *, masked: bool) -> frozenset[str]:
    """The lines of a song; ``masked``, with one mark for the words of its subject."""
    request = PlanRequest(description=f"a song about {subject}", seed=seed, duration_s=180.0)
    made = SketchWriter().plan(request, ignore_progress)
    lines = [line.lower() for line in made.lyrics.splitlines() if line and not line.startswith("[")]
    if masked:
        words = {*made.theme, *theme_of(subject).phrase.lower().split()}
        own = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b")
        lines = [re.sub(r"_(?:[ ,]*_)*", "_", own.sub("_", line)) for line in lines]
    return frozenset(lines)


@pytest.mark.parametrize("masked", [False, True])
def test_two_songs_have_few_lines_in_common(masked: bool) -> None:  # noqa: FBT001
    """Mean share of lines, of all pairs of songs. Before: 4.9% between subjects, 11.7% between seeds."""
    songs = {
        (subject, seed): sung(subject, seed, masked=masked) for subject in SUBJECTS for seed in (1, 2, 3)
    }
    shares: dict[bool, list[float]] = {True: [], False: []}
    for (one, lines), (other, more) in combinations(songs.items(), 2):
        shares[one[0] == other[0]].append(len(lines & more) / min(len(lines), len(more)))
    assert sum(shares[False]) / len(shares[False]) <= MEAN_BETWEEN_SUBJECTS
    assert sum(shares[True]) / len(shares[True]) <= MEAN_BETWEEN_SEEDS
