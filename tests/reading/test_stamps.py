from __future__ import annotations

import pytest

from music.contract import TimedLine, TimedWord
from music.lrc import lrc_text
from reading.lyrics import read_lyrics
from reading.stamps import without_stamps


def timed(text: str) -> list[tuple[str, float | None]]:
    return [(line.text, line.start_s) for line in read_lyrics(text).lines]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[00:12.34]la\n[00:15.5]lo", [("la", 12.34), ("lo", 15.5)]),
        ("[00:12] la\n[01:15] lo", [("la", 12.0), ("lo", 75.0)]),
        ("[00:12.345]la", [("la", 12.345)]),
        ("[1:02:03.4]la", [("la", 3723.4)]),
        ("[00:12:34]la\n[00:15:00]lo", [("la", 12.34), ("lo", 15.0)]),
        ("[00:00:12]la\n[00:00:18]lo\n[00:01:05]lu", [("la", 12.0), ("lo", 18.0), ("lu", 65.0)]),
        ("［00:12.34］la", [("la", 12.34)]),
        ("<00:12.00> la <00:12.50> lo", [("la lo", 12.0)]),
        ("[00:12.00] <00:12.00> la <00:12.50> lo", [("la lo", 12.0)]),
        ("(00:12) la\n(00:15) lo", [("la", 12.0), ("lo", 15.0)]),
        ("0:12 la la\n0:15 - lo lo", [("la la", 12.0), ("lo lo", 15.0)]),
        ("0:12\nla\n0:15\nlo", [("la", 12.0), ("lo", 15.0)]),
        ("[offset:+500]\n[00:12.00]la", [("la", 11.5)]),
        ("[offset: -250]\n[00:12.00]la", [("la", 12.25)]),
        ("[00:10.00][00:30.00]oh\n[00:20.00]la", [("oh", 10.0), ("la", 20.0), ("oh", 30.0)]),
        ("[00:01.00][Verse]\n[00:02.00]la\n[00:04.00][Chorus]\n[00:05.00]lo", [("la", 2.0), ("lo", 5.0)]),
        ("[00:01.00]\n[00:02.00]la", [("la", 2.0)]),
        (
            "1\n00:00:01,000 --> 00:00:03,000\nla\nlo\n\n2\n00:00:04,000 --> 00:00:05,000\n99\n",
            [("la", 1.0), ("lo", 2.0), ("99", 4.0)],
        ),
        (
            "WEBVTT\nKind: captions\n\n00:12.340 --> 00:15.000 align:end\n<v Bo>la</v> <00:13.000><c>lo</c>",
            [("la lo", 12.34)],
        ),
        ("[00:12.00]M: la\n[00:14.00]F: lo", [("la", 12.0), ("lo", 14.0)]),
        ("[00:01.00]la (x2)", [("la", 1.0), ("la", None)]),
    ],
)
def test_times_are_read_and_never_sung(text: str, lines: list[tuple[str, float | None]]) -> None:
    assert timed(text) == lines


@pytest.mark.parametrize(
    "text",
    [
        "at 5:30 I wake",
        "5:30 in the morning\nI wake and sing\nla la",
        "John 3:16 says\nla",
        "24/7 I love you",
        "10:4 good buddy",
        "1 2 3 4",
        "12.34 is the price",
        "it was 00:12 on the clock",
    ],
)
def test_times_in_words_are_words(text: str) -> None:
    assert read_lyrics(text).text == text
    assert not without_stamps(text.split("\n")).found


def test_headers_of_a_file_are_not_sung_and_its_title_is_kept() -> None:
    heads = "[ti:Neon Rain]\n[ar:Me]\n[al:Us]\n[by:x]\n[re:y]\n[ve:1]\n[length: 03:20]\n[la:en]\n[#:z]\n"
    lyrics = read_lyrics(heads + "[00:01.00]la")
    assert (lyrics.text, lyrics.title) == ("la", "Neon Rain")


def test_captions_with_a_pause_between_them_are_verses() -> None:
    text = "1\n00:01 --> 00:02\nla\n\n2\n00:02 --> 00:03\nlo\n\n3\n00:20 --> 00:21\nlu"
    assert read_lyrics(text).text == "la\nlo\n\nlu"


def test_our_own_file_reads_back_to_its_words() -> None:
    words = [["Walking", "home,"], ["in", "the", "rain"]]
    lines = [
        TimedLine(" ".join(row), tuple(TimedWord(word, 1.0 + n, 1.5 + n) for word in row))
        for n, row in enumerate(words)
    ]
    found = read_lyrics(lrc_text(lines, title="Rain", duration_s=10.0))
    assert found.title == "Rain"
    assert [(line.text, line.start_s) for line in found.lines] == [
        ("Walking home,", 1.0),
        ("in the rain", 2.0),
    ]
