"""Requests for scores that the tests of written music share."""

from __future__ import annotations

from functools import cache
from typing import Any

from music.contract import MusicRequest
from music.sketch.compose import write_score
from music.sketch.score import Score, SungNote

LYRICS = """[verse]
Candles on the window sill
Winter settles on the hill
Letters never sent, and yet
Nothing that we can forget

[pre-chorus]
Closer to the morning
Closer than a warning

[chorus]
Carry me over the water
Carry me all the way home
I was the miller's daughter
Never again alone

[verse 2]
Seven miles of broken road
Every shoulder bears a load
Yesterday's umbrella, torn
Somewhere there's a saxophone

[chorus]
Carry me over the water
Carry me all the way home
I was the miller's daughter
Never again alone

[bridge]
Maybe the river remembers
Maybe the river will stay

[chorus]
Carry me over the water
Carry me all the way home
I was the miller's daughter
Never again alone
"""


@cache
def score_of(**fields: Any) -> Score:
    """The score of a three-minute pop song with ``LYRICS``, but for what ``fields`` say."""
    chosen: dict[str, Any] = {"prompt": "", "lyrics": LYRICS, "seed": 7, **fields}
    return write_score(MusicRequest(**chosen))


def tune(score: Score) -> list[SungNote]:
    """What the leads sing, each syllable once, in order."""
    notes = {(n.start, n.line, n.word): n for part in score.vocals if part.role == "lead" for n in part.notes}
    return [notes[place] for place in sorted(notes)]
