from __future__ import annotations

import pytest

from config.errors import InvalidRequest
from music.sketch.theory import MODES, bar_beats, chord, nearest, parse_key, voicing


@pytest.mark.parametrize(
    ("text", "tonic", "mode"),
    [
        ("C major", 0, "major"),
        ("F# minor", 6, "minor"),
        ("Bb major", 10, "major"),
        ("B♭m", 10, "minor"),
        ("e", 4, "major"),
        ("A dorian", 9, "dorian"),
        ("D Mixolydian", 2, "mixolydian"),
        ("G sharp min", 8, "minor"),
    ],
)
def test_keys_are_read_as_musicians_write_them(text: str, tonic: int, mode: str) -> None:
    key = parse_key(text)
    assert (key.tonic, key.mode) == (tonic, mode)
    assert parse_key(key.name) == key


@pytest.mark.parametrize("text", ["", "minor", "H major", "C blue", "C## major"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="D minor"):
        parse_key(text)


def test_metres_have_their_quarters() -> None:
    assert [bar_beats(metre) for metre in ("4/4", "3/4", "6/8", "7/8")] == [4.0, 3.0, 3.0, 3.5]
    with pytest.raises(InvalidRequest, match="4/4"):
        bar_beats("11/8")


@pytest.mark.parametrize("mode", list(MODES))
def test_chords_are_stacked_from_the_scale(mode: str) -> None:
    key = parse_key(f"E {mode}")
    for degree in range(7):
        for size in (3, 4, 5):
            built = chord(key, degree, size)
            assert built.notes[0] == built.root == key.pitch_class(degree)
            assert set(built.notes) <= key.pitch_classes()
            assert len(built.notes) == size


def test_a_minor_key_cadences_with_a_major_dominant() -> None:
    assert chord(parse_key("A minor"), 4, dominant=True).notes == (4, 8, 11)


def test_voices_move_little_between_chords() -> None:
    key = parse_key("C major")
    previous = voicing(chord(key, 0), (), 52, 76)
    for degree in (4, 5, 3, 1, 4, 0):
        pitches = voicing(chord(key, degree), previous, 52, 76)
        assert {pitch % 12 for pitch in pitches} == set(chord(key, degree).notes)
        assert all(52 <= pitch <= 76 for pitch in pitches)
        assert all(min(abs(p - q) for q in previous) <= 4 for p in pitches)
        previous = pitches


def test_the_nearest_pitch_of_a_class_is_found() -> None:
    assert nearest(61, (0, 4, 7)) == 60
    assert nearest(66, (0, 4, 7)) == 67


@pytest.mark.parametrize("mode", list(MODES))
@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_voicings_are_close_and_in_range(mode: str, size: int) -> None:
    for tonic in ("C", "F#", "Bb"):
        key = parse_key(f"{tonic} {mode}")
        previous: tuple[int, ...] = ()
        for degree in (0, 3, 4, 5, 1, 6, 2):
            built = chord(key, degree, size)
            previous = voicing(built, previous, 52, 76)
            assert {pitch % 12 for pitch in previous} == set(built.notes)
            assert list(previous) == sorted(previous)
            assert previous[0] >= 52
            assert previous[-1] <= 76
            # Close: thirds stacked lie within a seventh or, as ninths, a little over an octave.
            assert previous[-1] - previous[0] <= (12 if size < 5 else 21)


def test_a_chord_too_wide_for_its_range_is_folded_into_it() -> None:
    pitches = voicing(chord(parse_key("C major"), 0, 5), (), 60, 71)
    assert pitches == (60, 62, 64, 67, 71)
