"""The genres: groove, instruments, harmony, feel. One row each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from music.sketch.score import StemName

MAJOR = {
    "verse": ("1 5 6 4", "1 6 4 5", "1 4 1 5", "6 4 1 5"),
    "chorus": ("4 1 5 6", "1 5 6 4", "4 5 6 1", "1 4 6 5"),
    "bridge": ("6 3 4 1", "2 6 4 5", "6 5 4 4"),
}
MINOR = {
    "verse": ("1 6 3 7", "1 4 6 7", "1 7 6 7", "1 3 7 4"),
    "chorus": ("6 7 1 3", "1 6 3 7", "6 3 7 1", "4 6 1 7"),
    "bridge": ("4 1 6 7", "6 4 1 5", "3 7 4 6"),
}
BLUES = {
    "verse": ("1 1 1 1 4 4 1 1 5 4 1 5", "1 4 1 1 4 4 1 1 5 4 1 5"),
    "chorus": ("1 1 4 4 1 5 4 1", "4 4 1 1 5 4 1 5"),
    "bridge": ("4 4 1 1 2 2 5 5",),
}
JAZZ = {
    "verse": ("2 5 1 6", "1 6 2 5", "1 4 3 6 2 5 1 1"),
    "chorus": ("2 5 1 1 4 7 3 6", "4 5 3 6 2 5 1 1"),
    "bridge": ("3 6 2 5", "4 4 3 6 2 5 1 5"),
}
JAZZ_MINOR = {
    "verse": ("1 4 7 3 6 2 5 1", "1 6 2 5"),
    "chorus": ("4 7 3 6 2 5 1 1", "6 2 5 1"),
    "bridge": ("4 4 1 1 2 2 5 5", "6 2 5 1"),
}
MODAL = {"verse": ("1 7 1 7", "1 1 7 7"), "chorus": ("1 7 6 7", "6 7 1 1"), "bridge": ("6 6 7 7", "4 4 1 1")}
DRONE = {"verse": ("1 1 6 6", "1 1 4 4"), "chorus": ("4 4 6 6", "6 6 1 1"), "bridge": ("2 2 4 4", "3 3 6 6")}
POWER = {"verse": ("1 1 6 7", "1 3 4 1"), "chorus": ("1 6 3 7", "6 7 1 1"), "bridge": ("4 4 1 2", "6 6 2 5")}


@dataclass(frozen=True)
class Layer:
    """A comping instrument. It plays ``figure`` in sections with energy from ``from_energy`` up to
    ``to_energy``."""

    instrument: str
    figure: str
    low: int = 52
    high: int = 76
    from_energy: float = 0.0
    to_energy: float = 2.0
    gain_db: float = 0.0
    pan: float = 0.0
    reverb: float = 0.25
    stem: StemName = "harmony"


@dataclass(frozen=True)
class Genre:
    """``groove`` names two patterns: the quiet one is the name with " light" if that exists."""

    groove: str
    kit: str
    bass: tuple[str, str, str]
    """Instrument, line of the verse, line of the chorus."""
    layers: tuple[Layer, ...]
    hook: tuple[str, ...]
    """Instruments that may carry the hook."""
    major: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MAJOR)
    minor: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MINOR)
    chord_size: int = 3
    swing: float = 0.0
    """Delay of the off-beat (an eighth, or a sixteenth if ``swing_step`` is 0.25), as a fraction of the
    step."""
    swing_step: float = 0.5
    dense: bool = False
    """Whether verses are fast and on few pitches, as in rap."""
    build: bool = False
    """Whether a snare roll and a swell lead into choruses."""
    human_ms: float = 6.0
    bass_register: int = 28


def _l(instrument: str, figure: str, from_energy: float = 0.0, pan: float = 0.0, **more: object) -> Layer:
    return Layer(instrument, figure, from_energy=from_energy, pan=pan, **more)  # type: ignore[arg-type]


GENRES: dict[str, Genre] = {
    "pop": Genre("pop", "kit_acoustic", ("bass_finger", "half", "pop"), (
        _l("piano", "quarters", 0.3, -0.2), _l("acoustic_guitar", "strum", 0.7, 0.45), _l("synth_pad", "pad", 0.6),
        _l("strings", "pad", 0.85, 0.2, low=60, high=84)), ("synth_pluck", "bell", "synth_lead"), build=True),
    "rock": Genre("rock", "kit_rock", ("bass_pick", "eighths", "driving"), (
        _l("electric_guitar_clean", "arpeggio", 0.0, -0.4, to_energy=0.65), _l("electric_guitar_distorted", "power", 0.6, -0.5, low=40, high=64),
        _l("electric_guitar_distorted", "chug", 0.8, 0.5, low=40, high=64), _l("organ", "pad", 0.8, low=55)), ("electric_guitar_lead", "electric_guitar_lead", "synth_lead")),
    "indie": Genre("backbeat", "kit_acoustic", ("bass_pick", "pulse", "driving"), (
        _l("electric_guitar_clean", "picked", 0.0, -0.4), _l("electric_guitar_clean", "eighths", 0.65, 0.5), _l("warm_pad", "pad", 0.6),
        _l("vibraphone", "broken", 0.85, 0.2, low=64, high=88)), ("electric_guitar_clean", "electric_guitar_lead", "music_box", "synth_pluck")),
    "metal": Genre("metal", "kit_rock", ("bass_pick", "gallop", "sixteenths"), (
        _l("electric_guitar_distorted", "gallop", 0.4, -0.7, low=38, high=60), _l("electric_guitar_distorted", "chug", 0.7, 0.7, low=38, high=60),
        _l("electric_guitar_clean", "arpeggio", 0.0, 0.0, to_energy=0.45), _l("strings", "pad", 0.9, low=60, high=84)),
        ("electric_guitar_lead", "electric_guitar_lead", "synth_lead", "violin"), POWER, POWER, chord_size=2, human_ms=3.0),
    "punk": Genre("punk", "kit_rock", ("bass_pick", "pulse", "eighths"), (
        _l("electric_guitar_distorted", "chug", 0.5, -0.6, low=40, high=62), _l("electric_guitar_distorted", "chug", 0.75, 0.6, low=40, high=62),
        _l("electric_guitar_muted", "eighths", 0.0, 0.2, to_energy=0.7)), ("electric_guitar_lead",), chord_size=2, human_ms=7.0),
    "folk": Genre("stomp", "kit_acoustic", ("bass_upright", "two beat", "quarters"), (
        _l("acoustic_guitar", "picked", 0.0, -0.3), _l("acoustic_guitar", "soft strum", 0.65, 0.4), _l("accordion", "pad", 0.8, 0.2),
        _l("mandolin", "eighths", 0.85, 0.5, low=62, high=84)), ("violin", "flute", "whistle", "harmonica")),
    "country": Genre("train", "kit_acoustic", ("bass_finger", "two beat", "two beat"), (
        _l("acoustic_guitar", "boom chick", 0.0, -0.4), _l("acoustic_guitar", "strum", 0.7, 0.4), _l("banjo", "rolling", 0.75, 0.5, low=60, high=84),
        _l("piano", "quarters", 0.8, -0.1)), ("violin", "harmonica", "banjo")),
    "blues": Genre("shuffle", "kit_acoustic", ("bass_finger", "walking", "walking"), (
        _l("electric_guitar_clean", "comp", 0.0, -0.4), _l("organ", "pad", 0.6, 0.3), _l("piano", "eighths", 0.75, 0.2)),
        ("harmonica", "saxophone", "electric_guitar_lead"), BLUES, BLUES, chord_size=4, swing=0.33),
    "jazz": Genre("swing", "kit_jazz", ("bass_upright", "two beat", "walking"), (
        _l("piano", "comp", 0.0, -0.2, high=79), _l("electric_guitar_clean", "charleston", 0.65, 0.4), _l("brass_section", "stabs", 0.85, 0.1)),
        ("saxophone", "trumpet", "flute", "vibraphone"), JAZZ, JAZZ_MINOR, chord_size=4, swing=0.33),
    "soul": Genre("soul", "kit_acoustic", ("bass_finger", "half", "soul"), (
        _l("electric_piano", "half", 0.0, -0.2), _l("electric_guitar_clean", "backbeat", 0.5, 0.5), _l("organ", "pad", 0.65, 0.2),
        _l("brass_section", "stabs", 0.85), _l("strings", "pad", 0.85, low=62, high=86)), ("saxophone", "trumpet"), chord_size=4, swing=0.08, swing_step=0.25),
    "r&b": Genre("r&b", "kit_808", ("bass_synth", "half", "syncopated"), (
        _l("electric_piano", "half", 0.0, -0.2), _l("warm_pad", "pad", 0.55), _l("electric_guitar_muted", "funk", 0.7, 0.5),
        _l("strings", "pad", 0.9, low=62, high=86)), ("bell", "synth_pluck", "flute"), chord_size=5, swing=0.12, swing_step=0.25),
    "funk": Genre("funk", "kit_acoustic", ("bass_slap", "slap", "funk"), (
        _l("clavinet", "funk", 0.0, -0.4), _l("electric_guitar_muted", "off sixteenths", 0.55, 0.5), _l("organ", "stabs", 0.7, 0.2),
        _l("brass_section", "stabs", 0.85)), ("saxophone", "trumpet", "clavinet"), MODAL, MODAL, chord_size=4, swing=0.06, swing_step=0.25),
    "disco": Genre("disco", "kit_acoustic", ("bass_finger", "octaves", "octaves"), (
        _l("electric_guitar_muted", "funk", 0.0, 0.5), _l("electric_piano", "offbeat stabs", 0.5, -0.3), _l("strings", "half", 0.65, low=60, high=84),
        _l("brass_section", "stabs", 0.9, 0.2)), ("strings", "trumpet", "synth_lead"), chord_size=4, build=True),
    "house": Genre("four", "kit_electronic", ("bass_synth", "offbeat", "offbeat"), (
        _l("piano", "stabs", 0.5, 0.1), _l("synth_pad", "pad", 0.3), _l("organ", "offbeat stabs", 0.75, -0.2), _l("supersaw", "stabs", 0.95)),
        ("synth_pluck", "organ", "bell"), chord_size=4, build=True, human_ms=1.5),
    "techno": Genre("techno", "kit_electronic", ("bass_synth", "pumping", "pumping"), (
        _l("synth_pad", "pad", 0.2), _l("synth_pluck", "sixteenths", 0.5, 0.3, low=48, high=72), _l("synth_pad", "offbeat stabs", 0.8, -0.3)),
        ("synth_lead", "synth_pluck"), DRONE, DRONE, build=True, human_ms=1.0),
    "trance": Genre("trance", "kit_electronic", ("bass_synth", "offbeat", "pumping"), (
        _l("synth_pad", "pad", 0.2), _l("synth_pluck", "sixteenths", 0.4, 0.4, low=60, high=84), _l("supersaw", "eighths", 0.85, low=55, high=81)),
        ("supersaw", "synth_lead"), build=True, human_ms=1.0),
    "drum and bass": Genre("breakbeat", "kit_electronic", ("bass_reese", "whole", "reese"), (
        _l("synth_pad", "pad", 0.2), _l("electric_piano", "stabs", 0.55, -0.3), _l("supersaw", "stabs", 0.9)),
        ("synth_lead", "bell", "synth_pluck"), chord_size=4, build=True, human_ms=2.0),
    "synthwave": Genre("synthwave", "kit_80s", ("bass_synth", "pulse", "sixteenths"), (
        _l("synth_pad", "pad", 0.2), _l("synth_pluck", "sixteenths", 0.45, 0.4, low=60, high=84), _l("supersaw", "half", 0.8, -0.2)),
        ("synth_lead", "bell"), build=True, human_ms=2.0),
    "ambient": Genre("heartbeat", "kit_electronic", ("bass_synth", "whole", "whole"), (
        _l("warm_pad", "pad", 0.0), _l("choir_pad", "swells", 0.6, low=57, high=81), _l("harp", "broken", 0.4, 0.3, low=64, high=88),
        _l("strings", "pad", 0.8, low=60, high=84)), ("bell", "flute", "music_box"), DRONE, DRONE, chord_size=5),
    "lo-fi": Genre("lo-fi", "kit_lofi", ("bass_upright", "lo-fi", "lo-fi"), (
        _l("electric_piano", "half", 0.0, -0.2), _l("nylon_guitar", "picked", 0.6, 0.4), _l("warm_pad", "pad", 0.75), _l("vibraphone", "comp", 0.9, 0.2)),
        ("music_box", "flute", "vibraphone"), JAZZ, JAZZ_MINOR, chord_size=5, swing=0.2, swing_step=0.25, human_ms=9.0),
    "hip hop": Genre("boom bap", "kit_lofi", ("bass_finger", "boom bap", "boom bap"), (
        _l("electric_piano", "comp", 0.0, -0.3), _l("strings", "half", 0.7, low=60, high=84), _l("brass_section", "stabs", 0.9)),
        ("flute", "trumpet", "vibraphone"), DRONE, MINOR, chord_size=4, swing=0.15, swing_step=0.25, dense=True),
    "trap": Genre("trap", "kit_808", ("bass_808", "trap", "808"), (
        _l("bell", "arpeggio", 0.0, 0.3, low=64, high=88), _l("warm_pad", "pad", 0.5), _l("choir_pad", "swells", 0.85), _l("strings", "ostinato", 0.95)),
        ("bell", "flute", "synth_pluck"), DRONE, MINOR, dense=True, human_ms=2.0),
    "reggae": Genre("one drop", "kit_acoustic", ("bass_finger", "dub", "dub"), (
        _l("electric_guitar_muted", "skank", 0.0, -0.4), _l("organ", "bubble", 0.5, 0.4), _l("piano", "skank", 0.7, 0.1), _l("brass_section", "backbeat", 0.9)),
        ("harmonica", "trumpet", "saxophone"), {"verse": ("1 4 1 4", "1 5 6 4"), "chorus": ("1 4 5 4", "4 1 5 1"), "bridge": ("6 4 6 5",)},
        {"verse": ("1 4 1 4", "1 7 1 7"), "chorus": ("6 7 1 1", "1 4 7 1"), "bridge": ("4 4 6 7",)}, swing=0.1),
    "latin": Genre("salsa", "kit_latin", ("bass_upright", "tumbao", "tumbao"), (
        _l("piano", "montuno", 0.3, -0.2, high=82), _l("nylon_guitar", "strum", 0.0, 0.4), _l("brass_section", "stabs", 0.8, 0.2), _l("marimba", "montuno", 0.9, 0.4)),
        ("trumpet", "flute"), human_ms=5.0),
    "bossa nova": Genre("bossa", "kit_jazz", ("bass_upright", "bossa", "bossa"), (
        _l("nylon_guitar", "bossa", 0.0, -0.3), _l("electric_piano", "comp", 0.6, 0.3), _l("strings", "pad", 0.8, low=62, high=86)),
        ("flute", "saxophone", "vibraphone"), JAZZ, JAZZ_MINOR, chord_size=5),
    "gospel": Genre("gospel", "kit_acoustic", ("bass_finger", "half", "soul"), (
        _l("organ", "pad", 0.0, 0.3), _l("piano", "quarters", 0.4, -0.3), _l("choir_pad", "pad", 0.8, low=57, high=79), _l("brass_section", "stabs", 0.95)),
        ("organ", "trumpet"), {"verse": ("1 4 1 5", "1 6 4 5"), "chorus": ("4 5 3 6 2 5 1 1", "1 3 4 5"), "bridge": ("6 2 4 5",)},
        {"verse": ("1 4 7 3",), "chorus": ("6 7 1 4 6 7 1 1",), "bridge": ("4 1 6 5",)}, chord_size=4, swing=0.12),
    "cinematic": Genre("cinematic", "kit_orchestral", ("cello", "whole", "pulse"), (
        _l("strings", "pad", 0.0, 0.2), _l("pizzicato", "ostinato", 0.35, -0.3), _l("strings", "ostinato", 0.6, -0.2, low=48, high=69),
        _l("brass_section", "half", 0.75, 0.3, low=48, high=72), _l("choir_pad", "pad", 0.85, low=60, high=84)),
        ("violin", "trumpet", "flute"), DRONE, MINOR, bass_register=36),
    "classical": Genre("none", "kit_orchestral", ("cello", "half", "half"), (
        _l("piano", "alberti", 0.0, 0.0), _l("strings", "half", 0.5, 0.2), _l("harp", "arpeggio", 0.7, -0.3, low=60, high=86), _l("pizzicato", "quarters", 0.85, 0.3)),
        ("violin", "flute", "cello"), {"verse": ("1 5 6 3 4 1 4 5", "1 4 5 1"), "chorus": ("4 5 1 6 2 5 1 1", "1 6 4 5"), "bridge": ("6 2 5 1", "3 6 2 5")},
        {"verse": ("1 4 5 1", "1 6 4 5"), "chorus": ("6 3 4 5", "4 7 3 6 2 5 1 1"), "bridge": ("3 6 4 5",)}, human_ms=9.0, bass_register=36),
}  # fmt: skip

_ALIASES = {
    "electronic": "house", "edm": "house", "dance": "house", "electro": "techno", "dubstep": "drum and bass",
    "dnb": "drum and bass", "rap": "hip hop", "chillhop": "lo-fi", "lofi": "lo-fi", "singer-songwriter": "folk",
    "acoustic": "folk", "ballad": "pop", "orchestral": "cinematic", "soundtrack": "cinematic", "swing": "jazz",
    "salsa": "latin", "samba": "bossa nova", "rnb": "r&b", "retrowave": "synthwave", "ska": "reggae",
    "grunge": "rock", "alternative": "indie", "hardcore": "punk", "bluegrass": "country", "chill": "lo-fi",
    "bossa": "bossa nova",
}  # fmt: skip


def known_genre(name: str) -> tuple[str, bool]:
    """The genre of the table for any name that a model gives, and whether the name is known."""
    text = name.lower().strip()
    if text in GENRES:
        return text, True
    text = _spaced(text)
    for table in ({genre: genre for genre in GENRES}, _ALIASES):
        # The longest name first: "drum and bass" before "bass music", "synthwave" before "wave".
        for word in sorted(table, key=lambda key: (-len(key), key)):
            if _spaced(word) in text:
                return table[word], True
    return "pop", False


def _spaced(name: str) -> str:
    """``name`` in one spelling: "hip-hop" as "hip hop", "drum & bass" as "drum and bass"."""
    return " ".join(name.replace("-", " ").replace(" & ", " and ").split())
