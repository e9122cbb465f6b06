from __future__ import annotations

import pytest

from music.sketch.backing import in_brackets


def marked(*lines: str) -> list[str]:
    """The words in brackets of each line."""
    words = [line.split() for line in lines]
    return [
        " ".join(line[n] for n in sorted(found))
        for line, found in zip(words, in_brackets(words), strict=True)
    ]


@pytest.mark.parametrize(
    ("line", "backing"),
    [
        ("Carry me home", ""),
        ("Carry me home (carry me home)", "(carry me home)"),
        ("Carry me (ooh, la la) all the way (yeah)", "(ooh, la la) (yeah)"),
        ("(Hey) you", "(Hey)"),
        ("(All of the line)", "(All of the line)"),
        ("( ooh ) baby", "ooh"),
        ("Carry me (oh (no) my) home", "(oh (no) my)"),
        ("Carry me (ooh la", "(ooh la"),
        ("Carry me ooh) la", ""),
        ("Stay （ああ いい） here", "（ああ いい）"),
        ("Stay （ああ) here", "（ああ)"),
        ("It's raining :( again", ""),
        ("I am glad :) today", ""),
        ("a) first b) second", ""),
        ("song(s) of old", ""),
        ("Love (love), love", "(love),"),
        ("Wait for (it)!", "(it)!"),
        ("Wait (for) - (it)", "(for) (it)"),
        ("", ""),
        ("()", ""),
        ("Call (212) 555-0199 (please)", "(please)"),
        ("Call +1 (212) 555 0199", ""),
        ("Nineteen (2019) goodbye", "(2019)"),
    ],
)
def test_words_in_brackets_are_found(line: str, backing: str) -> None:
    assert marked(line) == [backing]


def test_brackets_may_be_closed_in_the_next_line() -> None:
    assert marked("Hear them (ooh la", "la la) tonight", "we dance)") == ["(ooh la", "la la)", ""]
    assert marked("Hear them (ooh la", "again (la) tonight") == ["(ooh la", "(la)"]


def test_many_brackets_are_read_in_little_time() -> None:
    assert marked("(" * 5000 + "a" + ")" * 5000) == ["(" * 5000 + "a" + ")" * 5000]
    lines = ["(a"] * 2000
    assert marked(*lines) == lines
