"""Text from the web: entities, markup, invisible characters, and what is pasted around the words."""

from tests.typed.table import Lacks, Row, sung, with_lyrics

CLEANED = {
    "I &lt;3 you &amp; me": "I <3 you & me",
    "Rock &amp;amp; roll": "Rock & roll",
    "don&#39;t &#x2764; stop": "don't ❤ stop",
    "&quot;la&quot; la&nbsp;la": '"la" la la',
    "<b>la</b> <i class='x'>lo</i>": "la lo",
    "la<br>lo<br/>lu": "la\nlo\nlu",
    "<p>la la</p>\n<p>lo lo</p>": "la la\n\nlo lo",
    "<script>alert(1)</script>la la": "la la",
    "la <!-- not this --> la": "la  la",
    "**la** _lo_ ~~lu~~": "la lo lu",
    "- la\n- lo\n* lu": "la\nlo\nlu",
    "> la la": "la la",
    "[la la](https://example.org/song)": "la la",
    "[b]la[/b] [i]lo[/i]": "la lo",
    "```\nla la\n```": "la la",
    "la\u200b la\u2060": "la la",
    "\u202ela\u202c \u2066lo\u2069": "la lo",
    "la\x07 \x1b[31mlo\x1b[0m": "la lo",
    "la\tla\u00a0la\u3000la": "la la la la",
    "la\r\nlo\rlu\u2028le": "la\nlo\nlu\nle",
    "\ufeffla la": "la la",
    "cafe\u0301": "café",
    "می\u200cخواهم": "می\u200cخواهم",
    "I <3 you": "I <3 you",
    "f**k this sh*t": "f**k this sh*t",
    "snake_case_word and 2 * 3 * 4": "snake_case_word and 2 * 3 * 4",
    "R&B, AT&T and #1": "R&B, AT&T and #1",
    "100% %s {0} la": "100% %s {0} la",
    "“so” she said — ‘yes’…": "“so” she said — ‘yes’…",
    "Title: Neon\nGenre: pop\n\n[Verse]\nla": "[Verse]\nla",
    "Here are the lyrics:\n\n[Verse]\nla": "[Verse]\nla",
    "Sure! Here's a song about rain:\n\n**Neon**\n\n**Verse 1**\nla": "[verse 1]\nla",
    "Lyrics:\nla la": "la la",
    "[Verse]\nla\n\nStyle: dreamy pop, 120 BPM": "[Verse]\nla\n",
    "[Verse]\nla\n\ndreamy synthwave, female vocals, 120 BPM": "[Verse]\nla\n",
    "la la\n© 2024 Somebody": "la la",
    "la la\nWritten by Some Body": "la la",
    "12 ContributorsNeon Lyrics\n[Verse 1]\nla\nlo3Embed": "[Verse 1]\nla\nlo",
    "la\nhttps://example.org/song\nlo": "la\nlo",
    "[Am]hel[F]lo [C]world": "hello world",
    "Am  F  C  G\nhello my friend": "hello my friend",
    "{title: Neon}\n{soc}\n[G]la la\n{eoc}": "[chorus]\nla la",
    "1. la\n2. lo\n3. lu": "la\nlo\nlu",
}

ROWS: list[Row] = [with_lyrics(6, text, lyrics=written) for text, written in CLEANED.items()]
ROWS += [
    sung(
        6,
        "<p>**One** two &amp; three</p>\n\nStyle: dreamy pop, 120 BPM",
        sung="One two & three",
        lrc=Lacks("pop"),
    ),
]
