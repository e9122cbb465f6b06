"""Words, numbers and signs as they are sung: the words stay as written, and none is left out for its signs.
That they sound as the words that are spoken for them, test_spoken_forms.py shows."""

from tests.typed.table import Lacks, Row, sung

LINES = [
    "1st, 2nd and 21st, 1,000 of 1,000,000",
    "3.14 and 50% of $100 all 24/7 in NYC",
    "MP3 at 3 AM with Dr. Dre in St. Louis",
    "Meet me @ 42nd St. & Main at 5:30 p.m.",
    "The '90s, the 1980s, '69 and 2007",
    "I LOVE YOU 4ever, luv u 2nite, gr8",
    "Henry VIII, WWII and Chapter IV, #1",
    "867-5309, call 1-800-555-1234, -5° at .5",
    "½ a mile, 1½ miles, 1/2, 3/4 and 6'2\"",
    "sooooo yeahhh, whoa-oh-oh, a-ha, mmm",
    "R&B, AC/DC, U.S.A., DJs, TVs and R2D2",
    "Live music, I live here, lead me, close the door, no use, a tear",
]

ROWS: list[Row] = [
    sung(12, "[verse]\nOne two three\nFour five six", sung="One two three Four five six", warnings=[]),
    sung(4, "[chorus]\nOne two three", sung=Lacks("chorus")),
    *(sung(12, f"[verse]\n{line}", sung=line, warnings=[], seconds=25) for line in LINES),
]
