"""Ready examples for the forms of ACE-Step's pages, in the two shapes that its server has them in."""

from __future__ import annotations

import random
from typing import Any

_SIMPLE = (
    ("a quiet folk song about the first snow, one voice and a guitar", False, "en"),
    ("upbeat synthwave about a night drive along the coast", False, "en"),
    ("a slow blues about a train that never came", False, "en"),
    ("a children's song about a whale who wants to dance", False, "en"),
    ("calm piano for reading on a rainy afternoon", True, "en"),
    ("driving techno for a long run, no vocals", True, "en"),
)
_CUSTOM = (
    {
        "think": True,
        "caption": "indie folk, warm, acoustic guitar and fiddle, close female vocal, hopeful",
        "lyrics": "[verse]\nThe kettle sings, the window clears\nA road of frost, a field of years\n\n"
        "[chorus]\nSo leave a light on by the door\nI know the way, I've walked before",
        "bpm": 96,
        "duration": 120,
        "keyscale": "G major",
        "language": "en",
        "timesignature": "4",
    },
    {
        "think": True,
        "caption": "synthwave, nostalgic, analogue pads, gated drums, male vocal with long echoes",
        "lyrics": "[verse]\nThe harbour lights go out in rows\nThe radio plays a song it knows\n\n"
        "[chorus]\nDrive until the map runs out\nDrive until there's no more doubt",
        "bpm": 104,
        "duration": 150,
        "keyscale": "A minor",
        "language": "en",
        "timesignature": "4",
    },
    {
        "think": True,
        "caption": "jazz waltz, playful, piano trio with brushed drums, walking bass",
        "lyrics": "[Instrumental]",
        "bpm": 132,
        "duration": 90,
        "keyscale": "F major",
        "language": "en",
        "timesignature": "3",
    },
)


def random_sample(kind: str) -> dict[str, Any]:
    """One example: of ``simple_mode`` a description, of any other kind the fields of the whole form."""
    if kind == "simple_mode":
        description, instrumental, language = random.choice(_SIMPLE)
        return {"description": description, "instrumental": instrumental, "vocal_language": language}
    return dict(random.choice(_CUSTOM))


def random_description() -> str:
    """The description of one of the simple examples."""
    return random.choice(_SIMPLE)[0]
