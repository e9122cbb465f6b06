"""Lyrics with time stamps: the stamps are never sung."""

from tests.typed.table import Lacks, Row, sung, with_lyrics

WORDS = "la la la\nlo lo lo"
STAMPED = (
    "[00:12.34]la la la\n[00:15.00]lo lo lo",
    "[00:12.34] la la la\n[00:15.00] lo lo lo",
    "[00:12]la la la\n[00:15]lo lo lo",
    "[00:12.345]la la la\n[00:15.000]lo lo lo",
    "[00:12,34]la la la\n[00:15,00]lo lo lo",
    "[00:12:34]la la la\n[00:15:00]lo lo lo",
    "[0:12]la la la\n[0:15]lo lo lo",
    "[0:00:12]la la la\n[0:00:15]lo lo lo",
    "［00:12.34］la la la\n［00:15.00］lo lo lo",
    "<00:12.34>la <00:12.60>la <00:13.00>la\n<00:15.00>lo <00:15.30>lo <00:15.60>lo",
    "[00:12.34] <00:12.34> la <00:12.60> la <00:13.00> la\n[00:15.00] <00:15.00> lo lo lo",
    "(00:12) la la la\n(00:15) lo lo lo",
    "00:12 la la la\n00:15 lo lo lo",
    "0:12 - la la la\n0:15 - lo lo lo",
    "0:12\nla la la\n0:15\nlo lo lo",
    "1\n00:00:12,340 --> 00:00:15,000\nla la la\n\n2\n00:00:15,000 --> 00:00:18,000\nlo lo lo\n",
    "WEBVTT\n\n00:12.340 --> 00:15.000\nla la la\n\n00:15.000 --> 00:18.000 align:start\nlo lo lo",
    "[ti:Neon]\n[ar:Me]\n[al:Us]\n[by:x]\n[offset:+500]\n[00:12.34]la la la\n[00:15.00]lo lo lo",
    "[length:03:20]\n[re:y]\n[ve:1.0]\n[la:en]\n[00:12.34]la la la\n[00:15.00]lo lo lo",
    "[00:12.34]la la la\r\n[00:15.00]lo lo lo",
    "[00:10.00]\n[00:12.34]la la la\n[00:15.00]lo lo lo",
    "la la la [03:16]\nlo lo lo",
)
OTHERS = {
    "[00:10.00][00:30.00]oh oh\n[00:20.00]la la": "oh oh\nla la\noh oh",
    "[00:01.00][Verse]\n[00:02.00]la la\n[00:04.00]Chorus:\n[00:05.00]lo": "[Verse]\nla la\n[chorus]\nlo",
    "[00:12.00]M: la la\n[00:14.00]F: lo lo": "[verse - male]\nla la\n[verse - female]\nlo lo",
    "[00:02.00]la la\n\n[00:09.00]lo lo": "la la\n\nlo lo",
    "at 5:30 I wake\nand sing": "at 5:30 I wake\nand sing",
    "5:30 in the morning\nI sing\nand sing\nand sing": "5:30 in the morning\nI sing\nand sing\nand sing",
    "John 3:16 says\nla": "John 3:16 says\nla",
}

ROWS: list[Row] = [with_lyrics(5, text, lyrics=WORDS) for text in STAMPED]
ROWS += [with_lyrics(5, text, lyrics=written) for text, written in OTHERS.items()]
ROWS += [
    sung(5, "[ti:Neon]\n[00:01.00]One two three\n[00:04.00][00:07.00]Four five six", seconds=12,
         sung="One two three Four five six Four five six", lyrics=Lacks("00:")),
]  # fmt: skip
