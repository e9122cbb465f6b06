"""What is written as it is spoken."""

import string
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonetics.dictionary import _entries, lookup
from phonetics.numbers import cardinal, ordinal, plural, roman, year
from phonetics.numbers import spoken as digits_spoken
from phonetics.rhyme import rhymes
from phonetics.speaking.capitals import _ALWAYS
from phonetics.speaking.forms import ABBREVIATIONS, SHORT
from phonetics.speaking.homographs import HOMOGRAPHS
from phonetics.words import count_syllables, phones, pronounce, spoken
from tests.clock import processor_seconds
from tests.phonetics.spoken_forms import SPOKEN


@pytest.mark.parametrize(("written", "words"), SPOKEN.items())
def test_what_is_written_is_spoken(written: str, words: str) -> None:
    assert spoken(written) == words


@pytest.mark.parametrize("written", SPOKEN)
def test_the_words_stay_as_written_and_have_the_notes_of_what_is_spoken(written: str) -> None:
    words = pronounce(written)
    assert [word.text for word in words] == written.split()
    # A letter's name alone is a word of the dictionary, but for "A".
    said = " ".join("ay" if word == "A" else word for word in spoken(written).split())
    assert sum(len(word.syllables) for word in words) == count_syllables(said)
    assert count_syllables(written) == count_syllables(said)


def test_numbers_of_any_size_have_words() -> None:
    assert cardinal("0") == ["zero"]
    assert " ".join(cardinal("1234567")) == (
        "one million two hundred thirty four thousand five hundred sixty seven"
    )
    assert cardinal("9" * 16) == ["nine"] * 16
    assert [" ".join(digits_spoken(text)) for text in ("0", "07", "42", "100", "2000", "1000")] == [
        "zero", "zero seven", "forty two", "one hundred", "two thousand", "one thousand",
    ]  # fmt: skip
    assert [" ".join(year(text)) for text in ("1066", "1999", "2010")] == [
        "ten sixty six", "nineteen ninety nine", "twenty ten",
    ]  # fmt: skip
    assert ordinal(["forty"]) == ["fortieth"]
    assert ordinal(["nineteen"]) == ["nineteenth"]
    assert plural(["six"]) == ["sixes"]
    assert [roman(text) for text in ("XIV", "MCMXC", "IIII", "VX", "")] == [14, 1990, None, None, None]


def test_each_word_of_a_number_is_in_the_dictionary() -> None:
    for number in (*range(1, 121), 300, 1905, 5000, 10**6, 10**9, 10**12):
        words = digits_spoken(str(number))
        assert all(map(lookup, words)), words
        assert phones(ordinal(words)[-1])
        assert phones(plural(words)[-1])


@pytest.mark.parametrize(
    "line",
    [
        "no more tears for me", "I am in the sun", "we may go", "it is a min", "her name is Jan.",
        "oh, I am what I am", "the feat of it", "mix it", "I am I", "civil war", "take it to the max",
        "did you see us", "a b c", "I'd rather be", "he's OK", "so good", "see me", "we all fall",
    ],
)  # fmt: skip
def test_words_that_only_look_like_a_sign_stay_words(line: str) -> None:
    assert spoken(line) == line.lower().replace(",", "").replace(".", "")


def test_dictionary_words_sound_as_the_dictionary_says() -> None:
    others = set[str]()
    for word in _entries():
        sound = lookup(word) or ()
        if not word.isalpha() or word in HOMOGRAPHS or not any(phone[-1].isdigit() for phone in sound):
            continue
        if spoken(word) != word:
            others.add(word)
        else:
            assert phones(word) == sound, word
    listed = {*SHORT, *ABBREVIATIONS, "dr", "st", *_ALWAYS}
    assert all(word in listed or word.removesuffix("s") in listed for word in others), others
    assert len(others) < 50


@pytest.mark.parametrize(
    "word",
    """so no go love good feel baby hey yes more home long song alone gone lost moon soon free see need sleep
    real all well kiss miss still fall hello please light night right now how you true blue run fun sun high
    sky cry fly away day okay yeah girl boy woman world down up never ever""".split(),
)
def test_a_stretched_word_sounds_as_the_word(word: str) -> None:
    for at, letter in enumerate(word):
        if letter in "aeiouy" and letter not in (word[at - 1 : at], word[at + 1 : at + 2]):
            stretched = word[:at] + letter * 6 + word[at + 1 :]
            assert phones(stretched) == phones(word), stretched
    assert phones(word + word[-1] * 5) == phones(word)


def test_a_line_rhymes_by_what_is_spoken() -> None:
    assert rhymes("I waited till 3 AM", "I will remember them")
    assert not rhymes("I waited till 3 AM", "here I am")
    assert rhymes("down at the bar at 9", "you were mine")
    assert rhymes("I give you 100%", "the money that I spent")
    assert rhymes("a single tear", "is it here")
    assert not rhymes("a single tear", "do you care")


def test_a_silent_token_stays_silent() -> None:
    for token in ("-", "—", "♪", "🎉", "...", "$$$", "//", "*", "~", "#", "%", ":)", "☺️", "<>", "|"):
        assert not pronounce(token)[0].syllables, token


@settings(derandomize=True, deadline=None, max_examples=400)
@given(st.text(alphabet=string.ascii_letters[:8] + "AMPSTV0123456789.,:/-+%$#@&='\"°½ ", max_size=24))
def test_whatever_signs_stand_around_it_a_number_or_letter_is_sung(text: str) -> None:
    words = pronounce(text)
    assert [word.text for word in words] == text.split()
    assert count_syllables(text) == sum(len(word.syllables) for word in words)
    assert all(word.isascii() for word in spoken(text).split())


LONG = [
    part * (10_000 // len(part))
    for part in (
        "1", "1,", "1.", "1,000", "1-", "1/", "$1", "a.", "A.", "A-", "a-", "a@", "@", "#a", "a1", "A1",
        "'", "so", "o", "1:", "x1", "www.", "a_", "ⅷ", "½", "٣", "live ", "1 ", "St. ", "A ", "000 ", "NYC ",
        "mmm",
        "$", "%", "é", "I ", "<3", "b-b-",
    )
]  # fmt: skip


@pytest.mark.alone
@pytest.mark.parametrize("text", LONG, ids=lambda text: text[:8].strip())
def test_ten_thousand_characters_are_read_in_little_time(text: str) -> None:
    pronounce("warm up 1st")
    assert processor_seconds(lambda: pronounce(text), rounds=2) < 0.4
    half = processor_seconds(lambda: pronounce(text[: len(text) // 2]), rounds=2)
    assert processor_seconds(lambda: pronounce(text), rounds=2) < 4 * half + 0.02


@pytest.mark.alone
def test_lines_whose_words_depend_on_each_other_are_read_fast() -> None:
    starts = product(("live", "read", "St.", "3 AM"), range(400))
    lines = [f"{word} and close to the wind number {n} of love" for word, n in starts]
    assert processor_seconds(lambda: [pronounce(line) for line in lines]) < 1.0
