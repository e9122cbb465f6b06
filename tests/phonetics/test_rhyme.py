import pytest

from phonetics.rhyme import rhyme_part, rhymes


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("walking in the rain", "waiting for the train"),
        ("through the fire", "never tire"),
        ("higher", "fire"),
        ("remember", "last December,"),
        ("the sky!", "goodbye"),
        ("money", "honey"),
    ],
)
def test_lines_that_end_alike_rhyme(a: str, b: str) -> None:
    assert rhymes(a, b)
    assert rhymes(b, a)


@pytest.mark.parametrize(
    ("a", "b"), [("rain", "rain"), ("night", "knight"), ("rain", "home"), ("love", "move"), ("", "")]
)
def test_a_word_does_not_rhyme_with_itself_or_with_what_only_looks_alike(a: str, b: str) -> None:
    assert not rhymes(a, b)


def test_the_rhyme_part_starts_at_the_last_stressed_vowel() -> None:
    assert rhyme_part("forever") == ("EH", "V", "ER")
    assert rhyme_part("neon rain —") == ("EY", "N")
