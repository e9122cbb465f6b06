import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonetics.dictionary import VOWELS
from phonetics.words import count_syllables, is_known, phones, pronounce
from tests.clock import processor_seconds


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("walking home in the midnight rain", 8),
        ("every fire in our hour", 6),
        ("Biscuit's gone lovin' again", 7),
        ("1985", 5),
        ("it was 7 o'clock", 6),
        ("rain-lit, neon-bright", 5),
        ("strawberries", 3),
        ("- ♪ 🎉 ...", 0),
        ("", 0),
        ("hmm", 1),
        ("blorple", 2),
        ("Привет мир", 3),
    ],
)
def test_syllables_are_counted_as_they_are_sung(line: str, count: int) -> None:
    assert count_syllables(line) == count


def test_words_stay_as_written() -> None:
    line = "“Hello,” she said — don't (ever) go!"
    assert [word.text for word in pronounce(line)] == line.split()
    assert [bool(word.syllables) for word in pronounce(line)] == [True, True, True, False, True, True, True]


def test_a_syllable_takes_every_consonant_that_can_open_it() -> None:
    extra, mid = pronounce("astronaut midnight")
    assert [(s.onset, s.nucleus, s.coda) for s in extra.syllables] == [
        ((), "AE", ()),
        (("S", "T", "R"), "AH", ()),
        (("N",), "AA", ("T",)),
    ]
    assert [s.coda for s in mid.syllables] == [("D",), ("T",)]


def test_stress_is_on_content_words_only() -> None:
    stress = [[s.stress for s in word.syllables] for word in pronounce("the river in my memory")]
    assert stress[0] == [0]
    assert stress[1] == [1, 0]
    assert stress[2] == [0]
    assert stress[3] == [0]
    assert stress[4][0] == 1


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("rain", "R EY1 N"),
        ("streetlight's", "S T R IY1 T L AY2 T S"),
        ("lovin'", "L AH1 V IH0 N"),
        ("café", "K AH0 F EY1"),
    ],
)
def test_known_and_derived_words_have_their_phones(word: str, expected: str) -> None:
    assert " ".join(phones(word)) == expected


def test_only_dictionary_words_are_known() -> None:
    assert is_known("rain")
    assert not is_known("blorple")
    assert not is_known("—")


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.text(max_size=40))
def test_whatever_has_a_letter_or_digit_can_be_sung(text: str) -> None:
    for word in pronounce(text):
        if any(c.isascii() and c.isalnum() for c in word.text):
            assert word.syllables
        for syllable in word.syllables:
            assert syllable.nucleus in VOWELS
            assert not {p for p in (*syllable.onset, *syllable.coda) if p in VOWELS or p[-1].isdigit()}


@pytest.mark.alone
def test_a_line_is_pronounced_fast_once_the_dictionary_is_read() -> None:
    pronounce("warm up")
    lines = (f"walking home in the midnight rain number {n}" for n in range(900))
    assert processor_seconds(lambda: [pronounce(next(lines)) for _ in range(300)]) < 0.3
