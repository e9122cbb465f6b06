"""What each engine cannot sing as it was asked to, said before and after."""

import pytest

from music.contract import COMPOSERS
from music.singing import not_as_asked

PLACED = "cannot place lines: the times of the lyrics are not used"
SOUNDS = "engine 'sketch' sings English sounds: the lyrics are in Spanish and are sung with those"
WORDS = "[verse]\nla"


@pytest.mark.parametrize("engine", COMPOSERS.built_in)
def test_an_engine_that_cannot_place_lines_says_so(engine: str) -> None:
    said = list(not_as_asked(engine, WORDS, "en", (1.0,)))
    assert said == ([] if engine == "sketch" else [f"engine {engine!r} {PLACED}"])
    assert list(not_as_asked(engine, WORDS, "en", ())) == []
    assert list(not_as_asked(engine, "", "es", ())) == []


@pytest.mark.parametrize(
    ("engine", "language", "said"),
    [
        ("sketch", "es", [SOUNDS]),
        ("sketch", "en", []),
        ("acestep", "es", []),
        ("musicgen", "es", []),  # it sings no words, and says that itself
        ("my.package:Engine", "es", []),
    ],
)  # fmt: skip
def test_an_engine_with_the_sounds_of_one_language_says_so(
    engine: str, language: str, said: list[str]
) -> None:
    assert list(not_as_asked(engine, WORDS, language, ())) == said
