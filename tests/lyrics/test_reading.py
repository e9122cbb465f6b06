import pytest

from lyrics.contract import GENRES, MOODS
from lyrics.sketch.styles import DEFAULT_MOODS, GENRE_FACTS, MOOD_FACTS
from lyrics.wishes.reading import read


def test_the_tables_speak_the_contracts_names() -> None:
    assert tuple(GENRE_FACTS) == GENRES
    assert tuple(MOOD_FACTS) == MOODS
    assert set(DEFAULT_MOODS) == set(GENRES)
    assert all(set(moods) <= set(MOODS) for moods in DEFAULT_MOODS.values())


@pytest.mark.parametrize("genre", GENRES)
def test_a_genre_is_known_by_at_least_three_names(genre: str) -> None:
    names = GENRE_FACTS[genre].names
    assert len(names) >= 3
    for name in names:
        assert read(f"a {name} song about owls").genre == genre, name


@pytest.mark.parametrize("mood", MOODS)
def test_a_mood_is_known_by_its_names(mood: str) -> None:
    for name in MOOD_FACTS[mood].names:
        assert read(f"a {name} song about owls").mood == mood, name


@pytest.mark.parametrize(
    ("description", "genre"),
    [
        ("electronic rap, 140BPM", "hip hop"),
        ("rave, funk, 140BPM, disco", "funk"),
        ("a soul ballad", "soul"),
        ("jazz waltz", "jazz"),
        ("A upbeat electronic dance track with energetic beats", "house"),
        ("dark techno", "techno"),
        ("an acoustic indie song", "indie"),
        ("drum & bass", "drum and bass"),
    ],
)
def test_the_strongest_genre_named_first_wins(description: str, genre: str) -> None:
    assert read(description).genre == genre


@pytest.mark.parametrize(
    ("description", "theme"),
    [
        ("a blue house by the sea", "blue house by the sea"),
        ("a country I left", "country"),
        ("pirates dancing on the moon", "pirates dancing on the moon"),
        ("my dog Biscuit who loves snow", "my dog Biscuit who loves snow"),
        ("rock me to sleep under a heavy metal bridge", "rock me to sleep"),
        ("rock me to sleep", "rock me to sleep"),
        ("two tigers in the jungle", "two tigers in the jungle"),
    ],
)
def test_words_that_only_look_like_genres_are_the_theme(description: str, theme: str) -> None:
    found = read(description)
    assert found.genre is None
    assert found.theme == theme


@pytest.mark.parametrize(
    ("description", "field", "value"),
    [
        ("folk at 92bpm", "tempo_bpm", 92.0),
        ("140 BPM techno", "tempo_bpm", 140.0),
        ("pop in D minor", "key", "D minor"),
        ("a song in F# major", "key", "F# major"),
        ("in the key of E flat", "key", "Eb major"),
        ("a Bb mixolydian jam", "key", "Bb mixolydian"),
        ("a waltz in B flat about owls", "key", "Bb major"),
        ("blues in A, slow", "key", "A major"),
        ("a song about a day in A Coruna", "key", None),
        ("a waltz", "metre", "3/4"),
        ("rock in 6/8", "metre", "6/8"),
        ("jazz in five four", "metre", "5/4"),
        ("female vocal pop", "voice", "female"),
        ("sung by a man", "voice", "male"),
        ("a duet", "voice", "duet"),
        ("with a choir", "voice", "choir"),
        ("instrumental lo-fi", "voice", "none"),
        ("techno without vocals", "voice", "none"),
        ("rock, energy 9", "energy", 9),
        ("folk, no drums", "exclude", ("drums",)),
        ("pop without guitar or drums", "exclude", ("guitar", "drums")),
        ("not a sad song, but joyful", "mood", "joyful"),
        ("don't make it sad, about rain", "mood", None),
        ("Happy birthday Tom!", "mood", "joyful"),
        ("Happy birthday Tom!", "theme", "Happy birthday Tom"),
        ("write me a song about cats please", "theme", "cats"),
        ("a song called 'Paper Moon'", "theme", "Paper Moon"),
        ("pop song for my grandmother's 80th birthday", "theme", "my grandmother's 80th birthday"),
        ("folk about the sea, with a female voice and fiddle", "theme", "the sea"),
    ],
)
def test_the_words_of_a_score_are_read(description: str, field: str, value: object) -> None:
    found = getattr(read(description), field)
    assert (sorted(found) if isinstance(found, tuple) else found) == (
        sorted(value) if isinstance(value, tuple) else value
    )


def test_instruments_are_read_once_each_by_their_longest_name() -> None:
    assert set(read("pop with electric guitar, sax and strings").instruments) == {
        "electric guitar",
        "sax",
        "strings",
    }
    assert read("drum and bass").instruments == ()


@pytest.mark.parametrize(("bpm", "used"), [("30", 40.0), ("999", 220.0)])
def test_a_tempo_out_of_range_is_moved_and_said(bpm: str, used: float) -> None:
    found = read(f"techno at {bpm} BPM")
    assert found.tempo_bpm == used
    assert bpm in found.warnings[0]
