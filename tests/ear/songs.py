"""The songs that the ear listens to: twelve genres twice, each kind of voice several times."""

from __future__ import annotations

from dataclasses import dataclass

from config.engine import ignore_progress
from lyrics.contract import PlanRequest
from lyrics.sketch.engine import SketchWriter
from music.contract import MusicRequest
from tests.long import SOAK

_OF_PLAN = {
    "lyrics", "title", "genre", "mood", "energy", "tempo_bpm", "tempo_fixed", "key", "metre", "voice",
    "instruments", "exclude", "language", "line_times_s",
}  # fmt: skip


@dataclass(frozen=True)
class Song:
    """A wish as a user gives it. Empty ``lyrics``: the embedded writer writes them."""

    name: str
    description: str
    duration_s: float
    seed: int
    lyrics: str = ""


def request_of(song: Song) -> MusicRequest:
    """What the service would ask of the composer for this wish."""
    wish = PlanRequest(
        description=song.description, lyrics=song.lyrics, duration_s=song.duration_s, seed=song.seed
    )
    plan = SketchWriter().plan(wish, ignore_progress)
    return MusicRequest(
        prompt=", ".join(plan.tags),
        duration_s=song.duration_s,
        seed=song.seed,
        **plan.model_dump(include=_OF_PLAN),
    )


HARBOUR = """[verse]
I left my coat on the harbour wall
And watched the evening ferries go
You said that you would write or call
But that was half a year ago

[chorus]
So tell me where the river ends
And tell me who you want to be
I never thought we'd still be friends
But save a summer day for me

[verse 2]
The baker's son has sold the shop
The market square is full of rain
I ride the bus to the final stop
And wait to see your face again
"""

KITCHEN = """[verse]
Coffee on the kitchen table
Seven letters in a drawer
Every night I tell a fable
To the children on the floor

[chorus]
We will dance until the morning
We will sing until we're old
Even when there is no warning
Even when the house is cold
"""

ENGINE = """[verse - female]
She drove a truck across the plain
With twenty horses in the back
She never asked about my name
She only followed the railway track

[verse - male]
He stood beside the petrol pump
His hat was white, his boots were brown
My heart began to turn and jump
The only stranger in the town

[chorus]
Take me home by a different road
Under a sky of copper and gold
Two tired hearts and a heavy load
One more story waiting to be told
"""

MOUNTAIN = """[verse]
High on the mountain the bells are ringing
Over the valley the shepherds are singing
Carry the fire and carry the water
Call every mother and every daughter

[chorus]
Glory to morning and glory to thunder
Glory to all who have slept out under
Stars that are brighter than silver and gold
Stars that have never grown weary or old
"""

SONGS = (
    Song("pop-f", "a pop song about a summer by the sea, female vocal", 75, 11),
    Song("pop-d", "an uplifting pop duet about a long train journey", 70, 12),
    Song("rock-m", "a rock song about a truck on the highway, male vocal", 75, 13),
    Song("rock-f", "a loud rock song, female vocal", 70, 14, HARBOUR),
    Song("folk-m", "a folk song about a lighthouse keeper, male vocal", 75, 15),
    Song("folk-c", "a folk song, choir", 70, 16, MOUNTAIN),
    Song("country-d", "a country song, duet", 75, 17, ENGINE),
    Song("country-m", "a country song about a horse and a river, male vocal", 70, 18),
    Song("soul-m", "a soul song, male vocal", 70, 19, KITCHEN),
    Song("soul-f", "a slow soul song about coming home, female vocal", 80, 20),
    Song("synthwave-f", "a synthwave song about neon rain, female vocal", 75, 21),
    Song("synthwave-m", "a synthwave song about a robot in love, male vocal", 70, 22),
    Song("gospel-c", "a gospel song about the morning light, choir", 75, 23),
    Song("gospel-f", "a gospel song, female vocal", 70, 24, MOUNTAIN),
    Song("jazz-f", "a jazz song about a cat in the city at night, female vocal", 70, 25),
    Song("jazz-d", "a jazz duet about coffee", 75, 26),
    Song("house-f", "a house track about dancing until the morning, female vocal", 70, 27),
    Song("house-c", "a house track with a choir", 65, 28, KITCHEN),
    Song("metal-m", "a metal song about a dragon, male vocal", 70, 29),
    Song("metal-c", "an epic metal song about a winter war, choir", 70, 30),
    Song("reggae-m", "a reggae song, male vocal", 70, 31, HARBOUR),
    Song("reggae-d", "a reggae duet about the sun and the ocean", 70, 32),
    Song("cinematic-c", "a cinematic song about the stars, choir", 75, 33),
    Song("cinematic-f", "a cinematic song about a garden in the snow, female vocal", 75, 34),
)

FEW = ("rock-f", "soul-m", "country-d", "gospel-c")
_OF_EACH_GENRE = (
    "pop-f", "rock-f", "folk-c", "country-d", "soul-m", "synthwave-m", "gospel-c", "jazz-f", "house-f",
    "metal-c", "reggae-m", "cinematic-f",
)  # fmt: skip
HEARD = SONGS if SOAK else tuple(song for song in SONGS if song.name in _OF_EACH_GENRE)
"""One of each voice: those that ``make test`` listens to."""
