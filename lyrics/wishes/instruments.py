"""Users' names of instruments, and which of them stand for one another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lyrics.wishes.polarity import Mention

INSTRUMENTS = tuple(
    name.strip()
    for name in """
    distorted guitar|electric guitar|acoustic guitar|classical guitar|steel guitar|slide guitar|bass guitar|synth lead
    synth bass|slap bass|sub bass|double bass|upright bass|electric piano|music box|drum machine|string quartet|808s|808
    guitars|guitar|ukulele|banjo|mandolin|piano|rhodes|wurlitzer|organ|hammond|clavinet|harpsichord|accordion|strings
    violins|violin|fiddle|viola|cello|harp|flute|clarinet|saxophone|sax|trumpet|trombone|horns|brass|harmonica
    whistling|whistle|vibraphone|marimba|xylophone|kalimba|glockenspiel|bells|synthesizers|synths|synth|pads|choir
    congas|bongos|timpani|tambourine|handclaps|claps|brushes|percussion|drums|bass|beats|beat|keys|sitar|orchestra
    electric guitars|acoustic guitars|distorted guitars|nylon guitar|lead guitar|rhythm guitar|bass drum|drum kit|drum
    synthesizer|keyboards|keyboard|oboe|bassoon|tuba|french horn|bagpipes|tabla|djembe|recorder|contrabass|pianos
    tenor sax|alto sax|soprano sax|baritone sax|string section|horn section|brass section|hi-hats|hi hats|snare|cymbals|kick|kick drum|cellos|trumpets|flutes|saxophones
    """.strip()
    .replace("\n", "|")
    .split("|")
)
"""Users' names of instruments."""
SOUND_WORDS = (
    r"vocals?|voices?|choir|guitars?|piano|drums|strings|synths?|beats?|bass|sax|saxophone|trumpet|violin|flute|cello|harp|organ|fiddle|banjo|"
    r"ukulele|accordion|horns|brass|percussion|orchestra|autotune"
)
"""A pattern for the plainest words of sound, which end a title or a subject after "with"."""
_ORDER = {name: n for n, name in enumerate(INSTRUMENTS)}
_NAMES = "|".join(re.escape(name) for name in sorted(INSTRUMENTS, key=len, reverse=True))
_NAME = re.compile(rf"(?<!\w)(?<!drum and )(?<!drum & )(?:{_NAMES})(?!\w)(?! line\b)", re.IGNORECASE)
_NOT_WANTED_BY_NAME = frozenset({"beat", "beats", "keys", "kick"})
"""Words that say little of the band where they are not denied: "a lo-fi beat", "in the keys"."""
_TRAPS = re.compile(
    r"(?:\b(?:play(?:s|ed|ing)?|pull(?:s|ed|ing)?|tug(?:s|ging)?|attached|no strings attached)\s+(?:on\s+)?(?:the|my|your)\s+(?:heart)?)$",
    re.I,
)
_EFFECTS = (
    "autotune", "auto-tune", "auto tune", "reverb", "distortion", "backing vocals", "background vocals", "ad-libs",
    "adlibs", "ad libs", "screaming", "screams", "growls", "growling", "rapping", "shouting", "whispering", "harmonies",
    "sound effects", "effects", "samples", "vocal chops", "vocoder", "spoken word", "harsh vocals", "falsetto",
    "claps", "crowd noise", "vinyl crackle",
)  # fmt: skip
_EFFECT = re.compile(
    rf"(?<!\w)(?:{'|'.join(re.escape(name) for name in sorted(_EFFECTS, key=len, reverse=True))})(?!\w)",
    re.IGNORECASE,
)

BAND = (
    "drums", "bass", "guitar", "piano", "organ", "synths", "strings", "horns", "harp", "clavinet", "vibraphone",
    "marimba", "accordion", "bells", "flute", "harmonica", "music box", "whistle",
)  # fmt: skip
"""All instruments that a band may have, by families: what "a cappella" excludes."""
_FAMILIES: dict[str, tuple[str, ...]] = {
    "drums": ("drum", "kick", "breakbeat", "hats", "hi-hat", "hi hat", "four on the floor", "percussion", "808", "snare", "cymbal",
              "beat", "kit", "conga", "bongo"),
    "percussion": ("drum", "percussion", "conga", "bongo", "claps", "tambourine", "brushes", "kick", "hats"),
    "bass": ("bass", "808"),
    "guitar": ("guitar", "ukulele", "banjo", "mandolin"),
    "distortion": ("distort", "overdriv", "fuzz"),
    "piano": ("piano", "keys"),
    "keys": ("piano", "keys", "organ", "keyboard"),
    "synths": ("synth", "pads", "supersaw", "arpeggio"),
    "strings": ("string", "violin", "cello", "viola", "fiddle", "orchestra"),
    "horns": ("horn", "brass", "trumpet", "sax", "trombone"),
    "brass": ("brass", "trumpet", "trombone", "horn"),
}  # fmt: skip
"""The words that show a member of a family in a style tag."""
_ALIASES = {
    "drum": "drums", "beat": "drums", "beats": "drums", "drum kit": "drums", "drum machine": "drums", "guitars": "guitar",
    "synth": "synths", "synthesizer": "synths", "synthesizers": "synths", "keyboard": "keys", "keyboards": "keys",
    "kalimba": "music box", "xylophone": "marimba", "glockenspiel": "bells", "whistling": "whistle", "hammond": "organ",
    "harpsichord": "harp", "violins": "violin", "strings": "strings", "horns": "horns", "brass": "horns", "drums": "drums",
    "percussion": "drums", "synths": "synths", "bells": "bells", "string quartet": "strings", "orchestra": "strings",
    "string section": "strings", "brass section": "horns", "horn section": "horns", "pianos": "piano",
}  # fmt: skip

_RELATIVES = {"guitar": ("banjo", "mandolin", "electric guitar"), "piano": ("electric piano",)}
"""Others of a family that would play for a name that stands for the whole of it."""


def instruments(text: str) -> Iterator[Mention]:
    """The names of instruments and effects in ``text``, in order."""
    for match in _NAME.finditer(text):
        if not _TRAPS.search(text[max(0, match.start() - 30) : match.start()]):
            yield Mention(match.start(), match.end(), "instrument", " ".join(match[0].lower().split()))
    for match in _EFFECT.finditer(text):
        yield Mention(match.start(), match.end(), "effect", match[0].lower())


def wanted(names: Iterable[str]) -> tuple[str, ...]:
    """The names that say something of the band, each once, in the order of ``INSTRUMENTS``."""
    kept = {name for name in names if name not in _NOT_WANTED_BY_NAME}
    return tuple(sorted(kept, key=lambda name: _ORDER[name]))


def others_than(names: Iterable[str]) -> tuple[str, ...]:
    """``BAND`` without ``names``. The family of a name stays in it: beside a violin alone, no strings play."""
    kept = {_ALIASES.get(name, name.removesuffix("s")) for name in names}
    out = [family for family in BAND if family not in kept and family.removesuffix("s") not in kept]
    return (*out, *(relative for name in kept for relative in _RELATIVES.get(name, ())))


def shows(excluded: str, text: str) -> bool:
    """Whether ``text``, a tag or a name, shows the instrument or a member of the family ``excluded``."""
    name, plain = _ALIASES.get(excluded.lower(), excluded.lower()), text.lower()
    if name in _FAMILIES:
        bass_alone = name == "guitar" and "bass guitar" in plain
        return not bass_alone and any(word in plain for word in _FAMILIES[name])
    return re.search(rf"(?<!\w){re.escape(name.removesuffix('s'))}s?(?!\w)", plain) is not None


def shows_any(excluded: Iterable[str], text: str) -> bool:
    """Whether ``text`` shows any of those that are ``excluded``."""
    return any(shows(name, text) for name in excluded)
