from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reading.cleaning import plain, stripped, without_html


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("\ufeff[Verse]\r\nla\rlo\n", "[Verse]\nla\nlo\n"),
        ("a\u2028b\u2029c\x85d\x0be\x0cf", "a\nb\nc\nd\ne\nf"),
        ("la\tlo\u00a0lu\u3000le\u2009li", "la lo lu le li"),
        ("\u202eevil\u202c \u2066x\u2069 so\u00adft", "evil x soft"),
        ("a\x00b\x1b[31mc\x7f", "abc"),
        ("ze\u200bro wi\u2060dth", "zero width"),
        ("cafe\u0301", "café"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("a\u200db\u200cc", "abc"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("I ❤\ufe0f you", "I ❤\ufe0f you"),
        ("a\ufe0fb \U000e0041x", "ab x"),
        ("plain words stay", "plain words stay"),
    ],
)
def test_what_nobody_sees_is_stripped(text: str, clean: str) -> None:
    assert stripped(text, lines=True) == clean


def test_without_lines_a_line_end_is_a_space() -> None:
    assert stripped("a\r\nb\u2028c", lines=False) == "a b c"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I &lt;3 you &amp; me", "I <3 you & me"),
        ("Rock &amp;amp;amp; roll", "Rock & roll"),
        ("don&#39;t &#x2764; &nbsp", "don't ❤ \u00a0"),
        ("<b>bold</b> <i class='x'>it</i>", "bold it"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<script>alert(1)</script>sing<!-- not this -->", "sing"),
        ("&lt;b&gt;twice&lt;/b&gt;", "twice"),
        ("**x** _y_ ~~z~~ *w* ***v***", "x y z w v"),
        ("### Chorus", "Chorus"),
        ("[words](https://example.org/a)", "words"),
        ("![picture](https://example.org/a.png)", ""),
        ("- one\n* two\n> three", "one\ntwo\nthree"),
        ("```\nla\n```", "\nla\n"),
        ("[b]bold[/b] [url=https://example.org]here[/url]", "bold here"),
        ("sing `this`", "sing this"),
    ],
)
def test_marks_of_the_web_are_removed(text: str, words: str) -> None:
    assert plain(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "I <3 you",
        "a < b",
        "3 > 2",
        "<chorus>",
        "f**k and sh**t",
        "snake_case_word",
        "2 * 3 * 4",
        "R&B",
        "Tom & Jerry",
        "#1 fan",
        "F# minor",
        "I ___ you",
        "-5 degrees",
        "one - two",
        "[Am]hello",
        "[b]",
        "“typographic” ‘quotes’ stay…",
        "50% *",
        "a ~ b",
        "AT&T; really",
        "&unknown;",
    ],
)
def test_what_only_looks_like_a_mark_stays(text: str) -> None:
    assert plain(text) == text


MARKUP = st.lists(
    st.sampled_from(
        [
            "<b>",
            "</b>",
            "<",
            ">",
            "&",
            "amp;",
            "lt;",
            "&#38;",
            "#39;",
            "*",
            "**",
            "_",
            "~~",
            "`",
            "[",
            "]",
            "[b]",
            "[/b]",
            "(",
            ")",
            "https://x.y",
            "<!--",
            "-->",
            "<script>",
            "</script>",
            "- ",
            "# ",
            "> ",
            "\n",
            " ",
            "a",
            "\u200b",
            "\u200d",
            "\u0301",
            "\ufe0f",
            "👩",
            "न",
            "्",
            "\r",
            "\u2028",
            "\x00",
        ]
    ),
    max_size=12,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=40), MARKUP))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    for clean in (plain, without_html, lambda each: stripped(each, lines=True)):
        once = clean(text)
        assert clean(once) == once


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=60))
def test_nothing_unseen_is_left(text: str) -> None:
    left = [
        c for c in stripped(text, lines=False) if unicodedata.category(c) == "Cc" or c in "\u202e\ufeff\u200b"
    ]
    assert left == []


@pytest.mark.parametrize(
    "part",
    [
        "[",
        "]",
        "(",
        "<",
        "&",
        "*",
        "_",
        "~",
        "`",
        "&amp;",
        "<b",
        "<a ",
        "<!--",
        "<script>",
        "*a ",
        "**",
        "a*",
        "&#38;",
        "> ",
        "- ",
        "[](",
        "![",
        "<<b>b>",
        "[b]",
        "&lt;",
        " <",
        "# ",
        " ",
    ],
)
def test_ten_thousand_marks_are_cleaned_at_once(part: str) -> None:
    text = (part * 10_000)[:9_999] + "<"
    took = []
    for _ in range(3):
        began = time.process_time()
        plain(stripped(text, lines=True))
        took.append(time.process_time() - began)
    assert min(took) < 0.05
