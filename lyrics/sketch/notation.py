"""What a description says in the language of scores: tempo, key, metre, energy; and the words for voices and
instruments."""

from __future__ import annotations

import re

from lyrics.contract import Voice

_RANGE_BPM = (40.0, 220.0)
BPM = re.compile(r"\b(?:at\s+)?(\d{1,4}(?:\.\d+)?)\s*-?\s*(?:bpm|beats per minute)\b", re.IGNORECASE)
PACE = {
    "very slow": 62.0, "slow tempo": 72.0, "slow": 74.0, "downtempo": 84.0, "mid-tempo": 104.0,
    "mid tempo": 104.0,
    "midtempo": 104.0, "moderate tempo": 104.0, "very fast": 172.0, "fast-paced": 150.0, "fast tempo": 150.0,
    "uptempo": 134.0, "up-tempo": 134.0, "fast": 148.0,
}  # fmt: skip
KEY = re.compile(
    r"\b(?:in\s+)?(?:the\s+)?(?:key\s+of\s+)?([A-G])(?:\s*(#|♯|♭|b(?![a-z])|-?\s?sharp|-?\s?flat))?\s*-?\s*"
    r"(major|minor|maj|min|m(?![a-z])|dorian|mixolydian|phrygian|lydian)\b",
)
KEY_OF = re.compile(
    r"\bin\s+(?:the\s+)?key\s+of\s+([A-Ga-g])\s*(#|♯|♭|b(?![a-z])|-?\s?sharp|-?\s?flat)?(?![a-z])",
    re.IGNORECASE,
)
KEY_BARE = re.compile(
    r"\bin\s+([A-G])(?:\s*(#|♯|♭|b(?![a-z])|-?\s?sharp|-?\s?flat))?"
    r"(?=\s*(?:$|[,.;!?]|\b(?:about|with|at|for|and|sung|featuring)\b))"
)
"""A key without its mode ("blues in A"), where nothing that could be a noun follows; it is a major one."""
METRE = re.compile(r"(?<![\d/])(2/4|3/4|4/4|5/4|6/8|7/8|12/8)(?![\d/])")
METRE_WORDS = {"waltz": "3/4", "waltzes": "3/4", "in three": "3/4", "in five": "5/4", "in seven": "7/8",
                "jig": "6/8", "in five four": "5/4", "in seven eight": "7/8",
                "in six eight": "6/8"}  # fmt: skip

VOICES: tuple[tuple[str, Voice], ...] = (
    (r"instrumentals?|no (?:vocals?|voice|singing|singer|lyrics|words)|without (?:vocals?|voice|singing|lyrics|words)", "none"),
    (r"duet|male and female|female and male|man and (?:a )?woman|boy and girl vocals", "duet"),
    (r"choir|choral|chorus of voices|gospel singers|choir vocals", "choir"),
    (r"(?:female|woman'?s?|women|girl|soprano|alto)[- ](?:vocals?|voice|singer|lead|sung)|female|sung by a (?:woman|girl)|"
     r"songstress|soprano|diva|she sings", "female"),
    (r"(?:male|man'?s?|men|boy|baritone|tenor)[- ](?:vocals?|voice|singer|lead|sung)|male|sung by a (?:man|boy)|baritone|"
     r"tenor voice|he sings|crooner", "male"),
)  # fmt: skip

INSTRUMENTS = tuple(
    name.strip()
    for name in """
    distorted guitar|electric guitar|acoustic guitar|classical guitar|steel guitar|slide guitar|bass guitar|synth lead
    synth bass|slap bass|sub bass|double bass|upright bass|electric piano|music box|drum machine|string quartet|808s|808
    guitars|guitar|ukulele|banjo|mandolin|piano|rhodes|wurlitzer|organ|hammond|clavinet|harpsichord|accordion|strings
    violins|violin|fiddle|viola|cello|harp|flute|clarinet|saxophone|sax|trumpet|trombone|horns|brass|harmonica
    whistling|whistle|vibraphone|marimba|xylophone|kalimba|glockenspiel|bells|synthesizers|synths|synth|pads|choir
    congas|bongos|timpani|tambourine|handclaps|claps|brushes|percussion|drums|bass|beats|beat|keys|sitar|orchestra
    """.strip()
    .replace("\n", "|")
    .split("|")
)
"""What a user may call an instrument, a name before those that are part of it."""


def tempo(text: str) -> tuple[float | None, tuple[str, ...]]:
    """A tempo given as a number, in BPM, moved into 40 to 220 with a warning."""
    if match := BPM.search(text):
        low, high = _RANGE_BPM
        asked = float(match[1])
        used = min(max(asked, low), high)
        if used != asked:
            return used, (f"tempo {asked:g} BPM is out of range ({low:g} to {high:g}): {used:g} BPM is used",)
        return used, ()
    return None, ()


def pace(text: str) -> float | None:
    """A tempo for words such as "slow" and "fast", in BPM; the longest words win."""
    lower = text.lower()
    words = sorted(PACE, key=lambda word: (-len(word), word))
    return next((PACE[word] for word in words if re.search(rf"\b{re.escape(word)}\b", lower)), None)


def key(text: str) -> str | None:
    """A key as the contract writes it ("D minor"), where what stands around it makes sure that it is one."""
    match = KEY.search(text)
    if match:
        mode = {"maj": "major", "min": "minor", "m": "minor"}.get(match[3], match[3])
        return f"{match[1]}{_sign(match[2])} {mode}"
    if match := KEY_OF.search(text) or KEY_BARE.search(text):
        return f"{match[1].upper()}{_sign(match[2])} major"
    return None


def metre(text: str) -> str | None:
    """A metre, in figures or words."""
    if match := METRE.search(text):
        return match[1]
    lower = text.lower()
    words = sorted(METRE_WORDS, key=lambda word: (-len(word), word))
    return next((METRE_WORDS[word] for word in words if re.search(rf"\b{word}\b", lower)), None)


def energy(text: str) -> int | None:
    """ "energy 8" and the like, 0 to 10."""
    match = re.search(r"\benergy\s*(?:level\s*)?(?:of\s*|:\s*|=\s*)?(\d{1,2})\b", text, re.IGNORECASE)
    return min(int(match[1]), 10) if match else None


def _sign(text: str | None) -> str:
    plain = (text or "").strip(" -").lower()
    return "#" if plain in ("#", "♯", "sharp") else "b" if plain else ""
