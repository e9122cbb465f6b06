from __future__ import annotations

import pytest

from listening.matching import Match, match, recall
from listening.words import likeness, sounds, written_words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Carry me, over -- the water!", ("Carry", "me,", "over", "--", "the", "water!")),
        ("愛してる、きっと", ("愛", "し", "て", "る、", "きっ", "と")),
        ("「東京」 night ラーメン", ("「東", "京」", "night", "ラー", "メ", "ン")),
        ("我爱你 baby", ("我", "爱", "你", "baby")),
        ("사랑해 너를", ("사랑해", "너를")),
        ("", ()),
    ],
)
def test_a_line_is_read_as_words_or_where_there_are_no_spaces_as_letters(
    line: str, words: tuple[str, ...]
) -> None:
    assert written_words(line) == words


@pytest.mark.parametrize("line", ["愛してる、きっと", "「東京」 night ラーメン", "ฉันรักเธอ", "a  b"])
def test_no_letter_is_lost(line: str) -> None:
    assert "".join(written_words(line)) == "".join(line.split())


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("harbour,", "harbor", "en"),
        ("2", "too", "en"),
        ("42", "forty-two", "en"),
        ("can't", "cannot", "en"),
        ("It’s", "it is", "en"),
        ("ÉTÉ", "été!", "fr"),
        ("Straße", "STRASSE", "de"),
        ("ночь", "Ночь…", "ru"),
    ],
)
def test_what_sounds_alike_is_alike(one: str, other: str, language: str) -> None:
    assert sounds(one, language) == tuple(each for word in other.split() for each in sounds(word, language))


def test_likeness_is_that_of_sounds() -> None:
    night, light, moon = (sounds(word, "en")[0] for word in ("night", "light", "moon"))
    assert likeness(night, night) == 1.0
    assert likeness(night, light) == pytest.approx(2 / 3) == likeness(light, night)
    assert likeness(night, moon) < 0.4


def test_words_are_matched_over_the_whole_song_and_not_from_its_beginning() -> None:
    said = "the sea the sea the sun and all the stars".split()
    heard = "the stars the sea the sun and all the stars".split()
    pairs = [(each.first, each.heard_first) for each in match(said, heard) if each.alike]
    assert (9, 9) in pairs
    assert (3, 3) in pairs
    assert recall(said, heard) == 0.9


def test_a_similar_word_between_two_that_were_heard_is_taken_for_it() -> None:
    said, heard = (
        [each for word in text.split() for each in sounds(word, "en")]
        for text in ("save a summer day", "save the simmer day")
    )
    assert Match(2, 3, 2, 3, alike=False) in match(said, heard)
    assert recall(said, heard) == 0.5


def test_words_are_matched_where_they_are_divided_otherwise() -> None:
    said, heard = (
        [each for word in text.split() for each in sounds(word, "en")]
        for text in ("the lighthouse keeper", "a light housekeeper")
    )
    assert match(said, heard)[-1] == Match(1, 3, 1, 3, alike=True)


@pytest.mark.parametrize(("said", "heard"), [([], []), (["a"], []), ([], ["a"])])
def test_nothing_matches_nothing(said: list[str], heard: list[str]) -> None:
    assert match(said, heard) == []
    assert recall(said, heard) == 0.0
