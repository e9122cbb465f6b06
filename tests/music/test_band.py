from __future__ import annotations

from random import Random

import pytest

from lyrics.contract import GENRES as NAMES
from music.sketch.band import WORDS, Band, find_instrument, gather
from music.sketch.genres import GENRES, known_genre
from music.sketch.instruments import INSTRUMENTS
from tests.music.songbook import score_of


def members(band: Band) -> set[str]:
    named = {band.kit, band.bass, band.hook, *(layer.instrument for layer in band.layers)}
    return {name for name in named if name}


def bands(genre: str, instruments: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> list[Band]:
    return [gather(GENRES[genre], instruments, exclude, Random(seed)) for seed in range(10)]


def test_every_word_names_an_instrument_that_can_be_played() -> None:
    assert set(WORDS.values()) <= set(INSTRUMENTS)
    for genre in NAMES:
        for band in bands(genre):
            assert members(band) <= set(INSTRUMENTS)
            assert band.layers


@pytest.mark.parametrize(
    ("words", "instrument"),
    [
        ("tenor sax", "saxophone"),
        ("electric piano", "electric_piano"),
        ("Acoustic Guitar", "acoustic_guitar"),
        ("upright bass", "bass_upright"),
        ("808", "bass_808"),
        ("bagpipes", None),
    ],
)
def test_plain_words_find_their_instrument(words: str, instrument: str | None) -> None:
    assert find_instrument(words) == instrument


@pytest.mark.parametrize("genre", NAMES)
@pytest.mark.parametrize(
    ("words", "instrument"),
    [("violin", "violin"), ("sax", "saxophone"), ("808", "bass_808"), ("accordion", "accordion")],
)
def test_what_is_asked_for_is_in_the_band_of_every_genre(genre: str, words: str, instrument: str) -> None:
    assert all(instrument in members(band) for band in bands(genre, (words,)))


@pytest.mark.parametrize("genre", NAMES)
@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("drums", "kit_"),
        ("drum kit", "kit_"),
        ("percussion", "kit_"),
        ("bass", "bass_"),
        ("guitar", "guitar"),
        ("guitars", "guitar"),
        ("electric guitar", "electric_guitar"),
        ("piano", "piano"),
        ("pads", "pad"),
        ("synths", "synth"),
        ("saxophone", "saxophone"),
    ],
)
def test_what_is_excluded_is_in_the_band_of_no_genre(genre: str, words: str, part: str) -> None:
    for band in bands(genre, exclude=(words,)):
        assert not any(part in name for name in members(band))
        assert band.layers


def test_what_is_both_asked_for_and_excluded_stays_out() -> None:
    assert all("violin" not in members(band) for band in bands("folk", ("violin",), ("violin",)))


@pytest.mark.parametrize("word", ["vocals", "Voice", "singing"])
def test_nobody_sings_where_the_voice_is_excluded(word: str) -> None:
    score = score_of(exclude=(word,), duration_s=30.0)
    assert not score.vocals
    assert not score.lines


@pytest.mark.parametrize(
    ("name", "genre"),
    [
        ("Pop", "pop"),
        ("progressive house", "house"),
        ("dark synthwave", "synthwave"),
        ("hip-hop", "hip hop"),
        ("Drum & Bass", "drum and bass"),
        ("dnb", "drum and bass"),
        ("lo fi", "lo-fi"),
        ("R&B", "r&b"),
        ("alt rock", "rock"),
        ("bossa", "bossa nova"),
        ("singer songwriter", "folk"),
    ],
)
def test_names_near_a_genre_find_it(name: str, genre: str) -> None:
    assert known_genre(name) == (genre, True)


def test_other_names_become_pop_and_say_so() -> None:
    assert known_genre("zydeco") == ("pop", False)
