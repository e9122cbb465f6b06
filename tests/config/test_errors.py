import pickle

import pytest

from config import errors
from config.errors import (
    Cancelled,
    Conflict,
    EngineFailed,
    EngineTimeout,
    EngineUnavailable,
    Forbidden,
    InvalidRequest,
    NotFound,
    QueueFull,
    SongwrightError,
    StoreUnavailable,
    UnsupportedFormat,
    decoded,
    shown,
)

EXAMPLES = [
    InvalidRequest("duration", 4.0, "ask for 5 to 600 seconds"),
    UnsupportedFormat("image", "an SVG", "send a PNG"),
    NotFound("song", "abc", "see 'songwright list'"),
    Conflict("it is done already", "delete it"),
    Forbidden("not from here", "ask its owner"),
    errors.Unreadable("the manifest is empty", "restore it"),
    QueueFull(100, 12.0),
    EngineUnavailable("no weights", "download them"),
    errors.WeightsMissing("the weights of m are not here", "fetch them"),
    EngineTimeout("too slow", "wait"),
    StoreUnavailable("disk full", "free some space"),
    EngineFailed("sketch", "ValueError: x"),
    Cancelled(),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling_with_its_type_fields_and_message(error: SongwrightError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert vars(copy) == vars(error)
    assert str(copy) == str(error) != ""


def test_every_error_has_an_example_here() -> None:
    public = {
        value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)
    }
    abstract = {SongwrightError, errors._Advice, errors.Unavailable}
    assert public - abstract == {type(error) for error in EXAMPLES}


def test_a_message_names_field_value_and_fix() -> None:
    assert str(EXAMPLES[0]) == "duration: 4.0 - ask for 5 to 600 seconds"


def test_a_long_value_is_shortened_to_one_line() -> None:
    line = shown("word\n" * 1000)
    assert len(line) <= 60
    assert "\n" not in line


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_text_is_decoded_by_its_mark_and_loses_it(encoding: str) -> None:
    assert decoded("lyrics", "Größe 雨".encode(encoding)) == "Größe 雨"


@pytest.mark.parametrize(
    ("data", "value", "fix"),
    [
        (b"a\nb\xf6l\n", "byte 0xf6 in line 2", "this is not valid UTF-8"),
        (b"\xef\xbb\xbfa\xff", "byte 0xff in line 1", "this is not valid UTF-8"),
        (b"a\n\nb\0", "byte 0x00 in line 3", "no text has it"),
        (b"\xff\xfea", "byte 0x61 in line 1", "this is not valid UTF-16"),
    ],
)
def test_a_text_in_no_encoding_of_ours_names_its_byte(data: bytes, value: str, fix: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decoded("lyrics", data)
    assert refused.value.value == value
    assert refused.value.fix == f"{fix}: save the file as UTF-8 text"


def test_half_a_character_ends_the_first_part_of_a_file_and_no_whole_one() -> None:
    half = "雨雨".encode()[:-1]
    assert decoded("lyrics", half, whole=False) == "雨"
    with pytest.raises(InvalidRequest):
        decoded("lyrics", half)
