"""The words of prompts: what each mood, energy, tempo, style, voice and genre is called in one.

A scale is a tuple of steps in rising order; a value belongs to the first step that reaches up to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, Literal, TypeVar

from lyrics.contract import Voice

T = TypeVar("T")

VocalType = Literal[
    "instrumental", "none", "female", "male", "duet", "mixed", "choir", "rap", "vocals", "vocal"
]


@dataclass(frozen=True)
class Step(Generic[T]):
    """``means`` holds for values up to and including ``upto``, above the step before."""

    upto: float
    means: T


Scale = tuple[Step[T], ...]


def at(scale: Scale[T], value: float) -> T:
    """The meaning of ``value`` on the scale; beyond its end, that of the last step."""
    return next((step.means for step in scale if value <= step.upto), scale[-1].means)


@dataclass(frozen=True)
class Energy:
    """How loud and dense the music is, and the tempo if the wish has none."""

    dynamics: str
    tempo_bpm: float


ENERGIES: Scale[Energy] = (
    Step(2, Energy("soft gentle dynamics", 72)),
    Step(4, Energy("restrained flowing dynamics", 90)),
    Step(6, Energy("moderate balanced dynamics", 108)),
    Step(8, Energy("powerful driving dynamics", 122)),
    Step(10, Energy("explosive intense dynamics", 140)),
)
"""By energy, 0 to 10."""

TEMPI: Scale[str] = (
    Step(60, "very slow tempo"),
    Step(80, "slow relaxed tempo"),
    Step(100, "steady moderate tempo"),
    Step(125, "moderate upbeat tempo"),
    Step(150, "fast energetic tempo"),
    Step(220, "very fast tempo"),
)
"""By beats per minute."""


@dataclass(frozen=True)
class Style:
    """The era of the music, and its production: the more important phrase first."""

    era: str
    production: tuple[str, str]


STYLES: Scale[Style] = (
    Step(2, Style("1980s", ("warm analog", "vintage tape"))),
    Step(4, Style("1990s", ("gritty texture", "punchy compression"))),
    Step(6, Style("modern", ("clean balance", "polished mixing"))),
    Step(8, Style("modern", ("pristine clarity", "professional mastering"))),
    Step(10, Style("modern cinematic", ("spacious depth", "immersive mastering"))),
)
"""By style level, 0 to 10."""


@dataclass(frozen=True)
class Vocals:
    """Who sings, in the prompt's words and in the contract's."""

    words: tuple[str, ...]
    voice: Voice


_PLAYED = Vocals(("instrumental", "no vocals"), "none")
_SUNG = Vocals(("expressive vocals",), "female")
_TWO = Vocals(("duet vocals",), "duet")
VOCALS: Mapping[VocalType, Vocals] = MappingProxyType(
    {
        "instrumental": _PLAYED,
        "none": _PLAYED,
        "female": Vocals(("female vocals",), "female"),
        "male": Vocals(("male vocals",), "male"),
        "duet": _TWO,
        "mixed": _TWO,
        "choir": Vocals(("choir vocals",), "choir"),
        "rap": Vocals(("rap vocals",), "male"),
        "vocals": _SUNG,
        "vocal": _SUNG,
    }
)


@dataclass(frozen=True)
class Mood:
    """Two words for the prompt, the contract's mood, and a key that suits it."""

    words: str
    mood: str
    key: str


_MOODS = {
    "joyful": Mood("uplifting cheerful", "joyful", "D major"),
    "uplifting": Mood("bright inspiring", "uplifting", "G major"),
    "energetic": Mood("energetic exciting", "energetic", "E minor"),
    "playful": Mood("playful bouncy", "playful", "F major"),
    "romantic": Mood("romantic tender", "romantic", "Eb major"),
    "hopeful": Mood("hopeful warm", "hopeful", "C major"),
    "dreamy": Mood("dreamy ethereal", "dreamy", "Ab major"),
    "calm": Mood("calm peaceful", "calm", "F major"),
    "nostalgic": Mood("nostalgic wistful", "nostalgic", "G minor"),
    "melancholic": Mood("melancholic emotional", "melancholic", "A minor"),
    "mysterious": Mood("mysterious haunting", "mysterious", "C# minor"),
    "dark": Mood("dark brooding", "dark", "D minor"),
    "angry": Mood("aggressive furious", "angry", "E minor"),
    "epic": Mood("epic heroic", "epic", "C minor"),
}
_MOODS_BY_OTHER_NAMES = {
    "joyful": "happy cheerful fun sunny upbeat bright excited celebratory",
    "uplifting": "inspiring inspirational positive motivational triumphant empowering",
    "energetic": "intense powerful party euphoric adventurous",
    "playful": "quirky whimsical funny",
    "romantic": "love sensual intimate passionate tender",
    "hopeful": "optimistic warm healing grateful",
    "dreamy": "ethereal floating hazy surreal psychedelic",
    "calm": "peaceful relaxed relaxing serene chill tranquil gentle soothing mellow contemplative",
    "nostalgic": "wistful bittersweet sentimental reflective retro",
    "melancholic": "sad melancholy lonely sorrowful heartbroken gloomy moody emotional",
    "mysterious": "eerie haunting enigmatic magical suspenseful",
    "dark": "ominous brooding sinister menacing tense",
    "angry": "aggressive furious rebellious",
    "epic": "dramatic majestic heroic grand cinematic",
}
MOODS: Mapping[str, Mood] = MappingProxyType(
    _MOODS | {name: _MOODS[mood] for mood, names in _MOODS_BY_OTHER_NAMES.items() for name in names.split()}
)
"""The contract's moods, and what else they are called."""

INSTRUMENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "electronic": ("synthesizers", "electronic drums", "bass"),
        "edm": ("synthesizers", "electronic drums", "sub bass"),
        "dance": ("synthesizers", "drum machine", "bass"),
        "pop": ("bright synths", "drums", "bass", "acoustic guitar"),
        "rock": ("electric guitars", "drums", "bass"),
        "indie": ("chiming guitars", "drums", "bass"),
        "metal": ("distorted guitars", "double kick", "bass"),
        "punk": ("distorted guitars", "fast drums", "bass"),
        "folk": ("acoustic guitar", "fiddle", "mandolin"),
        "acoustic": ("acoustic guitar", "piano", "light percussion"),
        "country": ("acoustic guitar", "banjo", "fiddle"),
        "blues": ("electric guitar", "harmonica", "bass"),
        "jazz": ("piano", "upright bass", "saxophone", "brushed drums"),
        "soul": ("electric piano", "horns", "organ"),
        "r&b": ("electric piano", "deep bass", "drum machine"),
        "funk": ("slap bass", "clavinet", "horns", "drums"),
        "disco": ("strings", "funky guitar", "bass", "drums"),
        "house": ("piano", "drum machine", "bass"),
        "techno": ("analog synths", "drum machine"),
        "trance": ("supersaw synths", "arpeggios", "drum machine"),
        "drum and bass": ("breakbeats", "reese bass", "pads"),
        "dubstep": ("wobble bass", "electronic drums", "synthesizers"),
        "synthwave": ("analog synths", "gated drums", "synth bass"),
        "ambient": ("soft pads", "bells", "textures"),
        "lo-fi": ("dusty drums", "electric piano", "warm bass"),
        "hip hop": ("boom-bap drums", "deep bass", "samples"),
        "rap": ("808 drums", "deep bass", "samples"),
        "trap": ("808 bass", "hi-hats", "dark synths"),
        "reggae": ("offbeat guitar", "deep bass", "drums", "organ"),
        "latin": ("piano", "congas", "trumpet", "bass"),
        "bossa nova": ("nylon guitar", "soft percussion", "bass"),
        "gospel": ("organ", "piano", "handclaps"),
        "cinematic": ("strings", "brass", "timpani"),
        "orchestral": ("strings", "brass", "woodwinds", "timpani"),
        "classical": ("piano", "strings"),
        "world": ("hand drums", "flute", "strings"),
    }
)
"""The usual instruments of a genre: two to four, the more important first."""
ANY_INSTRUMENTS = ("keyboards", "guitar", "bass", "drums")
