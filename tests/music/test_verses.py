from __future__ import annotations

import pytest

from music.sketch.verses import parse


def kinds(lyrics: str) -> list[str]:
    return [block.kind for block in parse(lyrics)]


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("[Verse 2]", "verse"),
        ("[PRE-CHORUS]", "pre-chorus"),
        ("[Hook]", "chorus"),
        ("[refrain]", "chorus"),
        ("[Bridge]", "bridge"),
        ("[Outro]", "outro"),
        ("[Strophe]", "verse"),
        ("[Estribillo]", "chorus"),
        ("Chorus:", "chorus"),
    ],
)
def test_tags_are_read_in_many_spellings(tag: str, kind: str) -> None:
    assert kinds(f"{tag}\nA line to sing") == [kind]


def test_lines_are_kept_as_written() -> None:
    (block,) = parse("[verse]\n  Don't stop -- the music, (oh no)!  \n\n♪\nÜber alles")
    assert [line.text for line in block.lines] == ["Don't stop -- the music, (oh no)!", "Über alles"]
    assert [word.text for word in block.lines[0].words] == "Don't stop -- the music, (oh no)!".split()


def test_untagged_blocks_that_come_again_are_choruses() -> None:
    assert kinds("One two\n\nLa la\n\nThree four\n\nLa la") == ["verse", "chorus", "verse", "chorus"]


def test_every_second_of_three_untagged_blocks_is_a_chorus() -> None:
    assert kinds("One\n\nTwo\n\nThree") == ["verse", "chorus", "verse"]
    assert kinds("One\n\nTwo") == ["verse", "verse"]


def test_no_lyrics_are_no_blocks() -> None:
    assert parse("") == parse(" \n\n ") == []


def test_a_tag_without_lines_is_played_if_it_can_be_and_else_left_out() -> None:
    lyrics = "[intro]\n\n[verse]\nA line to sing\n[chorus]\n[guitar solo]\n[outro]"
    assert kinds(lyrics) == ["intro", "verse", "instrumental", "outro"]
    assert [len(block.lines) for block in parse(lyrics)] == [0, 1, 0, 0]


def test_lines_before_the_first_tag_are_a_verse() -> None:
    assert kinds("Here we go\n[chorus]\nLa la la") == ["verse", "chorus"]
