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
