"""What a song is about: the phrase of a description that names it."""

from __future__ import annotations

import re

from lyrics.sketch.notation import BPM, INSTRUMENTS, KEY, KEY_BARE, KEY_OF, METRE, METRE_WORDS, PACE, VOICES

# What introduces the theme, the strongest first.
_ABOUT = re.compile(
    r"\b(?:about|telling the story of|tells the story of|the story of|describing|that speaks of|inspired by|dedicated to|"
    r"celebrating|with lyrics on|on the subject of|themed around)\s+(.+)",
    re.IGNORECASE | re.DOTALL,
)
_FOR = re.compile(r"\bfor\s+((?:my|our|the|a|an|his|her|their)\s+.+|[A-Z][\w'’-]+(?:'s\b.*|\b.*))", re.DOTALL)
_TITLED = re.compile(r"\b(?:called|titled|named|entitled)\s+[\"“'‘]?([^\"”'’.,;]+)", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“]([^\"”]{2,60})[\"”]")
# What ends the theme: a clause about the style.
_STYLE_AFTER = re.compile(
    r"(?<!\s)\s*(?:[,;.!?\n]|\s-\s|\s–\s|\s—\s|\bwith (?:a |an )?(?:\w+[ -])?(?:female|male|vocals?|voice|choir|guitars?|piano|"
    r"drums|strings|synths?|beats?|bass|sax|saxophone|trumpet|violin|energy|tempo|chorus)\b|\bin (?:the style of|[A-G](?:[#b♯♭]| sharp| "
    r"flat)? (?:major|minor)|the key of|\d/\d|the vein of)|\bat \d|\bsung by\b|\b\d+ ?bpm\b|\bplayed (?:on|by)\b|\bno (?:drums|vocals|"
    r"guitars?|bass|piano)\b|\bwithout (?:drums|vocals|guitars?|bass|piano)\b).*$",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_POLITE = re.compile(r"(?<![\s,])[\s,]+(?:please|thanks|thank you)\W*$", re.IGNORECASE)
_FILLER = frozenset(
    """song songs track tune music piece ballad anthem number jam make me write create generate please want
    need i like with and in of the a an some to that is it style kind sort vibe vibes feel feeling mood sound
    sounding sounds genre tempo beat key major minor bpm vocals vocal voice singer singing lyrics really very
    super quite bit little more modern classic contemporary old new school featuring feat for at by lead solo
    driven heavy based influenced inspired flavored mid up down short long minute minutes second seconds
    background hit single cover
    version remix instrumental upbeat not never catchy nice good great cool beautiful amazing melody rhythm groove
    groovy""".split()
)
_INSIDE = frozenset(
    "a an the of and or to in on by at under over from through into with who that where my our me".split()
)
_OPENING = frozenset("my our his her their two three four five".split())


def explicit_topic(text: str) -> str:
    """The phrase after "about", "called", "for my", or in quotes; empty if there is none."""
    for pattern in (_ABOUT, _TITLED, _QUOTED, _FOR):
        if match := pattern.search(text):
            phrase = _POLITE.sub("", _STYLE_AFTER.sub("", match[1])).strip(" \"“”'‘’.,;:!?")
            if (
                phrase
                and re.search(r"\w", phrase)
                and not (pattern is _FOR and phrase.lower().split()[-1] in _FILLER)
            ):
                return phrase
    return ""


def leftover_topic(plain: str) -> str:
    """What a description without "about" is about: the longest run of words that say nothing of the style."""
    patterns: list[str | re.Pattern[str]] = [KEY, KEY_OF, KEY_BARE, BPM, METRE]
    patterns += (rf"(?i)\b(?:{pattern})\b" for pattern, _ in VOICES)
    for pattern in patterns:
        plain = re.sub(pattern, " , ", plain)
    for words in (INSTRUMENTS, tuple(PACE), tuple(METRE_WORDS)):
        for name in words:
            plain = re.sub(rf"(?i)\b{re.escape(name)}\b", " , ", plain)
    runs: list[list[str]] = [[]]
    for token in re.findall(r"[\w'’&-]+|[^\w\s]", plain):
        lower = token.lower()
        inside = lower in _INSIDE and (runs[-1] or lower in _OPENING)
        opening = lower in _OPENING and not runs[-1]
        if (
            inside
            or opening
            or (lower not in _FILLER and re.search(r"[^\W\d_]", token) and lower not in _INSIDE)
        ):
            runs[-1].append(token)
        else:
            runs.append([])
    for run in runs:
        while run and run[-1].lower() in _INSIDE | _OPENING:
            run.pop()
    return " ".join(max(runs, key=lambda run: sum(len(word) > 2 for word in run)))
