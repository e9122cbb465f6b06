from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reading.lyrics import LONGEST, Section, read_lyrics


def kinds(text: str) -> list[str]:
    return [section.kind for section in read_lyrics(text).sections]


WELL_FORMED = [
    "[verse]\nla la\n",
    '[Verse 1]\n  Mine,  as it is\n\n\nand “so”\n[Chorus]\nla \\ "la" é',
    "[Intro]\n\n[verse 2 - female, whispered]\nla (ooh) la\n\n"
    "[Pre-Chorus]\noh\n[chorus - male]\nlo\n[Outro]\n",
    "[Guitar Solo]\n[Bridge - both]\n(only backing)\n[instrumental - guitar solo]\n[post-chorus]\nhey",
    "Walking home\nin the rain\n\n\nMine again\n",
    "",
    "\n\n",
]


@pytest.mark.parametrize("text", WELL_FORMED)
def test_well_formed_lyrics_stay_byte_for_byte(text: str) -> None:
    found = read_lyrics(text)
    assert found.text == text
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("(Verse 1)\nla", "[verse 1]\nla"),
        ("Verse 1\nla\n\nChorus\nlo\n\nBridge\nlu", "[verse 1]\nla\n\n[chorus]\nlo\n\n[bridge]\nlu"),
        ("VERSE ONE:\nla", "[verse 1]\nla"),
        ("Verse II\nla", "[verse 2]\nla"),
        ("{chorus}\nla\n<bridge>\nlo", "[chorus]\nla\n[bridge]\nlo"),
        ("### Chorus\nla\n**[Verse 2]**\nlo\n*Chorus:*\nlu", "[chorus]\nla\n[verse 2]\nlo\n[chorus]\nlu"),
        ("--- Chorus ---\nla\n== Verse ==\nlo", "[chorus]\nla\n[verse]\nlo"),
        ("1. Verse\nla\n2) Chorus\nlo", "[verse]\nla\n[chorus]\nlo"),
        ("［Chorus］\nla\n「サビ」\nlo\n【副歌】\nlu", "[chorus]\nla\n[chorus]\nlo\n[chorus]\nlu"),
        ("[Verse]: \nla", "[verse]\nla"),
        ("[Verse] words on its line\nla", "[verse]\nwords on its line\nla"),
        ("Verse 1: words on its line\nla", "[verse 1]\nwords on its line\nla"),
        ("Hook: words on its line", "[chorus]\nwords on its line"),
        ("carry the weight[Verse 2]\nla", "carry the weight\n[Verse 2]\nla"),
        ("[Verse]la la[Chorus]lo lo", "[verse]\nla la\n[Chorus]\nlo lo"),
        ("[Verse 1: Some Artist & Other]\nla", "[verse 1]\nla"),
        ("[Intro | soft piano]\n[Verse]\nla", "[intro - soft piano]\n[Verse]\nla"),
        ("[Verse 1: whispered, female]\nla", "[verse 1 - female, whispered]\nla"),
        ("[Chorus: Female]\nla", "[chorus - female]\nla"),
        ("[Chorus] (both)\nla", "[chorus - duet]\nla"),
        ("[Refrain x 2]\nla", "[chorus]\nla\n\n[chorus]\nla"),
        ("[V1]\nla\n[C1]\nlo", "[verse 1]\nla\n[chorus 1]\nlo"),
        ("[Chorus\nla", "[chorus]\nla"),
        ("[[Chorus]]\nla", "[chorus]\nla"),
        ('"[Chorus]"\nla', "[chorus]\nla"),
        ("[Chorus]la[/Chorus]", "[chorus]\nla"),
        ("<verse>la</verse>", "[verse]\nla"),
        ("\ufeff[Verse]\r\nla\u200b\tla\r\n", "[Verse]\nla la\n"),
        ("**Verse 1:** la\n__Chorus__\nlo", "[verse 1]\nla\n[chorus]\nlo"),
        ("[2nd Verse]\nla\n[Second Chorus]\nlo", "[verse 2]\nla\n[chorus 2]\nlo"),
    ],
)
def test_headings_are_found_in_every_dress(text: str, canonical: str) -> None:
    assert read_lyrics(text).text == canonical


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("[Verse 1]\nla\n\nBridge\nlo", "[Verse 1]\nla\n\n[bridge]\nlo"),
        ("[Verse 1]\nla\nBridge\nlo", "[Verse 1]\nla\nBridge\nlo"),
        ("la\n\nBridge\nlo", "la\n\nBridge\nlo"),
        ("CORO\nla", "[chorus]\nla"),
        ("LA LA\n\nBRIDGE\nLO", "LA LA\n\nBRIDGE\nLO"),
        ("MUSIC\nis my life", "MUSIC\nis my life"),
        ("Verse 1\nla\n\nSolo\n\nVerse 2\nlo", "[verse 1]\nla\n\n[instrumental - solo]\n\n[verse 2]\nlo"),
        ("Verse 1\nla\n\nEnd", "[verse 1]\nla\n\n[outro]"),
        ("la\nchorus\nlo", "la\nchorus\nlo"),
        ("Припев х2\nла", "[chorus]\nла\n\n[chorus]\nла"),
        ("[Verse 1] *softly*\nla", "[verse 1 - softly]\nla"),
        ("[16-bar guitar solo]\n[Verse]\nla", "[instrumental - 16 bar guitar solo]\n[Verse]\nla"),
    ],
)
def test_what_stands_around_a_bare_word_decides(text: str, canonical: str) -> None:
    assert read_lyrics(text).text == canonical


@pytest.mark.parametrize(
    "line",
    [
        "Bridge over troubled water",
        "Verse after verse I sing",
        "The End",
        "(ooh)",
        "Chorus of angels",
        "Drop the bass",
        "Hook me up",
        "Hook, line and sinker",
        "Refrain from touching",
        "Intro to love",
        "Music",
        "Music: the food of love",
        "The end:",
        "End",
        "Solo",
        "(she said)",
        "(come on)",
        "(break it down)",
        "(I love you (so much))",
        "Break my heart",
        "Drop it",
        "I'm on the bridge",
        "Outro of my life",
        "Rap it up",
        "Final verse of the night",
        "Girl: you're mine",
        "M: one letter",
        "A B C D E F G",
        "E minor",
        "C E G",
        "Most of all",
        "f**k this",
        "I <3 you",
        "2 x 4",
        "Dr. Love",
        "{name} is a name",
        "100% %s",
        "「愛してる」",
        "I hope you dance",
        "By the river",
        "Song sung blue",
        "Key to my heart",
        "Written in the stars",
        "No one knows (no one)",
        "5:30 in the morning",
        "Come on, feel the noise!",
        "chorus, chorus",
    ],
)
def test_lines_to_sing_are_no_headings_and_no_directions(line: str) -> None:
    text = f"la la\n{line}\nlo lo" if line != "{name} is a name" else f"la la\n{line} x\nlo lo"
    found = read_lyrics(text)
    assert (found.text, found.is_tagged, found.warnings) == (text, False, ())


@pytest.mark.parametrize(
    "line",
    [
        "[Legend]",
        "[laughs]",
        "[gunshot]",
        "[applause]",
        "{sound of rain}",
        "*sighs*",
        "(fade out)",
        "(laughs)",
        "[whispered]",
        "[Crowd cheers loudly]",
        "(guitar solo)",
        "(instrumental break)",
        "(spoken)",
        "<laughs>",
        "(music fades)",
        "(beat drops)",
        "[Produced by Somebody]",
        "(aplausos)",
        "(шёпотом)",
        "---",
    ],
)
def test_directions_are_not_sung(line: str) -> None:
    found = read_lyrics(f"la la\n{line}\nlo lo")
    assert found.text == "la la\nlo lo"
    assert [each.text for each in found.lines] == ["la la", "lo lo"]


def test_a_direction_that_is_left_out_is_named() -> None:
    found = read_lyrics("[Legend]\nla [gunshot] la\nlo (whispering)")
    assert found.text == "la la\nlo"
    (warning,) = found.warnings
    assert all(part in warning for part in ("'[Legend]'", "'[gunshot]'", "'(whispering)'", "not sung"))


def test_a_verse_of_a_book_in_brackets_is_not_sung() -> None:
    assert [line.text for line in read_lyrics("la la\n[3:16]\nlo [John 3:16] lo").lines] == ["la la", "lo lo"]


def test_an_echo_in_round_brackets_is_sung() -> None:
    text = (
        "[verse]\nmake it drop\n(drop)\nthe beat goes on (goes on)\nI hear the siren (siren)\nooh (yeah) la"
    )
    assert read_lyrics(text).text == text


def test_sounds_in_square_brackets_are_backing_vocals() -> None:
    assert read_lyrics("[verse]\nla [ooh yeah]\n[la la la]").text == "[verse]\nla (ooh yeah)\n(la la la)"


def test_an_interlude_in_round_brackets_interrupts_its_section() -> None:
    found = read_lyrics("[Verse 1]\nla\n(guitar solo)\nlo")
    assert found.text == "[Verse 1]\nla\n[instrumental - guitar solo]\n[verse 1]\nlo"
    assert [(section.kind, len(section.lines)) for section in found.sections] == [
        ("verse", 1),
        ("instrumental", 0),
        ("verse", 1),
    ]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("la la (x2)\nlo", "la la\nla la\nlo"),
        ("la x3", "la\nla\nla"),
        ("(2x) la\nlo", "la\nla\nlo"),
        ("la [repeat]", "la\nla"),
        ("la (bis)", "la\nla"),
        ("[Chorus] x2\nla\nlo\n[Verse]\nlu", "[chorus]\nla\nlo\n\n[chorus]\nla\nlo\n[Verse]\nlu"),
        ("[Verse]\nlu\n[Chorus]\nla\n(x2)", "[Verse]\nlu\n[Chorus]\nla\n\n[chorus]\nla"),
        ("la\nlo\n\nlu\n(repeat 2 times)", "la\nlo\n\nlu\n\nlu"),
        ("[Chorus]\nla\n[Verse]\nlo\n[Chorus]", "[Chorus]\nla\n[Verse]\nlo\n[Chorus]\nla"),
        ("[Chorus]\nla\n[Verse 1]\nlo\n(Repeat Chorus)\n", "[Chorus]\nla\n[Verse 1]\nlo\n[chorus]\nla\n"),
        ("[Verse 1]\nla\n[Verse 2]\nlo\n[Repeat Verse 1]", "[Verse 1]\nla\n[Verse 2]\nlo\n[verse 1]\nla"),
        ("[Verse 1]\nla\n[Verse 2]\nlo\n[Bridge]", "[Verse 1]\nla\n[Verse 2]\nlo\n[Bridge]"),
        ("(x2)\nla", "la"),
        ("2 x 4 is 8", "2 x 4 is 8"),
    ],
)
def test_repeats_are_written_out(text: str, written: str) -> None:
    assert read_lyrics(text).text == written


def test_too_many_repeats_are_capped_and_said() -> None:
    found = read_lyrics("[Chorus x99]\nla")
    assert found.text.count("la") == 8
    assert "99 times" in found.warnings[0]
    grown = read_lyrics("サビ\n" * 3_333)
    assert len(grown.text) <= LONGEST + 10
    assert "too long" in grown.warnings[0]
    long = read_lyrics("la la la (x8)\n" + "so long a line of words\n" * 415)
    assert len(long.text) <= LONGEST
    assert long.text.count("la la la") == 1
    assert "not repeated" in long.warnings[0]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("[Verse 1]\n[Male]\nla\n[Female]\nlo", "[verse 1 - male]\nla\n[verse 1 - female]\nlo"),
        ("[Verse 1 - male]\nla\n(Both)\nlo", "[Verse 1 - male]\nla\n[verse 1 - duet]\nlo"),
        ("Male: la\nFemale: lo\nBoth: lu", "[verse - male]\nla\n[verse - female]\nlo\n[verse - duet]\nlu"),
        (
            "[Verse]\nM: la\nF: lo\nle\nM: lu",
            "[verse - male]\nla\n[verse - female]\nlo\nle\n[verse - male]\nlu",
        ),
        ("Him:\nla\nHer:\nlo", "[verse - male]\nla\n[verse - female]\nlo"),
        ("(Man) la\n(Woman) lo", "[verse - male]\nla\n[verse - female]\nlo"),
        ("la\n[singer 2: female]\nlo", "la\n[verse - female]\nlo"),
        (
            "[singer 1: male]\nla\n[singer 2: female]\nlo\n[singer 1]\nlu",
            "[verse - male]\nla\n[verse - female]\nlo\n[verse - male]\nlu",
        ),
        ("[Male] la\n[Chorus]\nlo", "[verse - male]\nla\n[Chorus]\nlo"),
        (
            "[Chorus]\n[Both]\nla\n[Verse]\nlo\n[Chorus]",
            "[chorus - duet]\nla\n[Verse]\nlo\n[chorus - duet]\nla",
        ),
    ],
)
def test_sections_are_divided_where_the_singer_changes(text: str, written: str) -> None:
    assert read_lyrics(text).text == written


def test_a_section_knows_its_number_singer_and_directions() -> None:
    (section,) = read_lyrics("[Verse 2: female, whispered]\nla").sections
    assert section == Section("verse", section.lines, 2, "female", ("whispered",))


@pytest.mark.parametrize(
    ("text", "words", "title", "style"),
    [
        (
            "Title: Neon\nStyle: dreamy pop\nBPM: 120\n\n[Verse]\nla",
            "[Verse]\nla",
            "Neon",
            "dreamy pop, 120 BPM",
        ),
        ("[Verse]\nla\n\nStyle: dreamy pop, 120 BPM", "[Verse]\nla\n", "", "dreamy pop, 120 BPM"),
        ("la\n\nStyle:\ndreamy pop\nwarm synths", "la\n", "", "dreamy pop, warm synths"),
        (
            "la\n\ndreamy synthwave, female vocals, 120 BPM",
            "la\n",
            "",
            "dreamy synthwave, female vocals, 120 BPM",
        ),
        ("[Genre: pop]\n[Verse]\nla", "[Verse]\nla", "", "pop"),
        ("Here are the lyrics:\n\n**Neon Rain**\n\n[Verse]\nla", "[Verse]\nla", "Neon Rain", ""),
        ("# Neon Rain\n\nla", "la", "Neon Rain", ""),
        ("Lyrics:\nla\n\nWritten by Some One\n© 2024 Us", "la\n", "", ""),
        (
            "12 ContributorsNeon Lyrics\n[Verse]\nlaYou might also like[Chorus]\nlo3Embed",
            "[Verse]\nla\n[Chorus]\nlo",
            "",
            "",
        ),
        ("la\nhttps://example.org/song\nlo", "la\nlo", "", ""),
        ("{title: Neon}\n{soc}\n[Am]hel[F]lo [C]world\n{eoc}", "[chorus]\nhello world", "Neon", ""),
        ("Am  F  C  G\nhello my friend\nC   G\nbye", "hello my friend\nbye", "", ""),
        ("<p>[Verse]<br>I &lt;3 you</p><p>and &quot;so&quot;</p>", '[Verse]\nI <3 you\n\nand "so"', "", ""),
        ("1. la\n2. lo\n3. lu", "la\nlo\nlu", "", ""),
        ("- **la** la\n- _lo_", "la la\nlo", "", ""),
    ],
)
def test_what_is_pasted_around_the_words_is_not_sung(text: str, words: str, title: str, style: str) -> None:
    found = read_lyrics(text)
    assert (found.text, found.title, found.style) == (words, title, style)


def test_notes_that_are_left_out_are_named() -> None:
    assert "'Style: dreamy pop'" in read_lyrics("la\n\nStyle: dreamy pop").warnings[0]
    assert "Am, F" in read_lyrics("[Am]la [F]lo").warnings[0]


def test_untagged_blocks_are_verses_and_keep_their_blank_lines() -> None:
    found = read_lyrics("la\nlo\n\nlu\n\n\nle\n")
    assert (found.text, found.is_tagged) == ("la\nlo\n\nlu\n\n\nle\n", False)
    assert [len(section.lines) for section in found.sections] == [2, 1, 1]


PARTS = st.lists(
    st.sampled_from(
        [
            "[Verse 1]",
            "(Chorus)",
            "Chorus",
            "Bridge",
            "Verse 2:",
            "chorus:",
            "la la",
            "(x2)",
            " x3",
            "(ooh)",
            "[Male]",
            "F:",
            "Girl:",
            "\n",
            "\n\n",
            " ",
            "[00:12.34]",
            "<00:13>",
            "0:12 ",
            "[ti:Neon]",
            "Style: pop",
            "[laughs]",
            "(guitar solo)",
            "**",
            "*",
            "_",
            "# ",
            "<b>",
            "&amp;",
            "&lt;",
            "[b]",
            "[/b]",
            "[Am]",
            "Am",
            "G",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "<",
            ">",
            ":",
            "- ",
            "---",
            "【副歌】",
            "サビ",
            "\u200d",
            "\u200b",
            "\ufeff",
            "Lyrics:",
            "1. ",
            "00:12 --> 00:15",
            "\t",
            "\r\n",
            "\u2028",
            "é",
            "[Chorus x3]",
            "drop",
            "(drop)",
            '"',
            "[x2]",
            "{soc}",
            "Embed",
            "|",
            "`",
            "weight[Verse 2]",
            "[singer 2]",
            "[oh]",
            "(2x) ",
            "[/Chorus]",
            "http://x.y",
        ]
    ),
    max_size=14,
).map("".join)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=80), PARTS))
def test_any_text_is_read_and_reading_it_again_changes_nothing(text: str) -> None:
    found = read_lyrics(text)
    again = read_lyrics(found.text)
    assert again.text == found.text
    assert [line.text for line in again.lines] == [line.text for line in found.lines]
    assert [c for c in found.text if unicodedata.category(c) == "Cc" and c != "\n"] == []
    at = 0
    for line in found.lines:
        at = found.text.index(line.text, at) + len(line.text)


@pytest.mark.parametrize(
    "part",
    [
        "[",
        "]",
        "()",
        "{",
        "<",
        "*",
        "&",
        "[]",
        "【",
        "[Verse",
        "[verse]\n",
        "[Verse][",
        "(x2)",
        "la (x9)\n",
        "[Am]",
        "Am ",
        "[00:12.34]",
        "<00:12>",
        "0:1",
        "-->",
        "M:",
        "Male: la\n",
        "**",
        "#",
        "Style: x\n",
        "&amp;",
        "(la",
        "la\n\n",
        "x2\n",
        "Chorus\n",
        "# ",
        "> ",
        "1. la\n",
        "サビ\n",
        "\u200d",
        "http://",
        "「",
        "drop\n",
        "(drop)\n",
    ],
)
def test_ten_thousand_characters_are_read_at_once(part: str) -> None:
    text = (part * LONGEST)[:LONGEST]
    took = []
    for _ in range(3):
        began = time.process_time()
        read_lyrics(text)
        took.append(time.process_time() - began)
    assert min(took) < 0.15
