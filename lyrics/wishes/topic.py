"""Finds the phrase of a description that names the song's subject."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lyrics.sketch.theme import PEOPLE
from lyrics.wishes.instruments import SOUND_WORDS
from lyrics.wishes.names import QUOTED

# Phrases that introduce the theme, the strongest first.
_ABOUT = re.compile(
    r"\b(?:(?<!how )(?<!what )(?<!thinking )(?<!think )about(?! to\b)(?!\s+(?:\d+(?:[.,:]\d+)?|a|one|two|three|four|five|ten)\s*-?(?:bpm|beats|min|sec|hours?|m\b|s\b))"
    r"|telling the story of|tells the story of|tell the story of|the story of|describing|that speaks of|that says|inspired by|dedicated to|"
    r"celebrating|named after|über|sobre|sulla?|(?<=\w )sur|à propos d[eu]|with lyrics on|on the subject of|on the (?:theme|topic) of|with the (?:theme|topic) of|themed around|regarding|dealing with|"
    r"(?:songs?|tracks?|lyrics|ballad|something|one) (?:where|in which|of how|on how)|whose (?:theme|topic|subject) is|(?:theme|topic|subject) is)\s+(.+)",
    re.IGNORECASE | re.DOTALL,
)
_FOR = re.compile(r"\bfor\s+((?:my|our|the|a|an|his|her|their)\s+.+|[A-Z][\w'’-]+(?:'s\b.*|\b.*))", re.DOTALL)
# A clause about the style ends the theme.
_STYLE_AFTER = re.compile(
    r"(?<!\s)\s*(?:[,;.!?\n|]|\s-\s|\s–\s|\s—\s|\bwith (?:(?:a|an|lots of|some|only|just|no)\s+)?(?:\w+[ -])?(?:female|male|energy|tempo|chorus|"
    rf"{SOUND_WORDS})\b|\bin (?:the style of|(?i:[A-G])(?:[#b♯♭]| sharp| flat|-sharp|-flat)? ?(?:major|minor|m\b|dorian|lydian)|the key of|\d{{1,2}}/\d|the vein of|waltz time)"
    r"|\bat (?:about |around |a tempo of )?\d{2,3}(?!\s*(?:am|pm|o'clock|a\.m|p\.m|main|miles|km|degrees|th\b))|\bsung (?:by|in)\b|\b\d+ ?-?bpm\b"
    r"|\bplayed (?:on|by)\b"
    rf"|\b(?:but |and )?(?:no|without(?: any)?|minus|avoid|don't use|but not|not too|use|using|featuring)\s+(?:the |a |an |any |only )?(?:\w+ )?(?:{SOUND_WORDS}|singing|lyrics|slow|fast|sad|happy|loud|dark)\b"
    r"|\b(?:sounds?|sounding) like\b|\b(?:in )?\d+(?:[.,:]\d+)?[ -]?(?:minutes?|mins?|seconds?|secs?) (?:long|song|version)\b"
    r"|\bfor (?:studying|sleep(?:ing)?|meditation|yoga|focus|my (?:podcast|video|youtube|vlog|game|channel|stream))\b"
    r"|\b(?:it should|should be|make it|please make|keep it|i want it|i'd like it|and (?:it|make)) .*$).*$",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_HELD = re.compile(r"\s*\bwith\s", re.IGNORECASE)
_DENIED = re.compile(r"(?:\bnot|n['’]t|\bnever|\bnothing)\s+$", re.IGNORECASE)
_POLITE = re.compile(r"(?<![\s,])[\s,]+(?:please|thanks|thank you|pls|thx|for me)\W*$", re.IGNORECASE)
_QUOTES = " \"“”„«»‹›「」'‘’‚`.,;:!?"
_FILLER = frozenset(
    """i song songs track tracks tune tunes music piece pieces ballad ballads anthem number jam make makes making made write writes writing
    create creating generate generates generating compose produce give gives please pls kindly want wants need needs i'd i'm i'll let's
    like with and in of the a an some to that is it style styles kind sort vibe vibes feel feeling feels mood moods sound
    sounding sounds genre genres tempo beat beats key major minor bpm vocals vocal voice singer singing lyrics really very too
    super quite bit little more most modern classic contemporary old new school featuring feat for at by lead solo
    driven heavy based influenced inspired flavored mid up down short long minute minutes second seconds
    background hit single cover using use used set prompt artist
    version remix instrumental upbeat not never catchy nice good great cool beautiful amazing melody rhythm groove
    groovy anything everything something nothing any only just less fewer without no
    hello hi hey thanks thank tempo pace speed medium moderate loud louder soundtrack jingle intro outro theme karaoke backing loop
    clip type studying study podcast ringtone length duration around approximately roughly about yes ok okay random
    between melodic relax verse verses chorus choruses hook lots plenty all whatsoever unplugged bring fast slow slower faster quick chord chords progression progressions bar bars measure measures solo drop style title topic subject description mode scale time signature female male ish shuffle une una ein eine einen chanson canción cancion canzone canção lied musique música musica""".split()
)
_INSIDE = frozenset(
    """a an the of and or to in on by at under over from through into with who that where my our me
    but yet so if than then when while because as is are was were be been being am do does did don't doesn't isn't not
    can can't could should would will won't have has had you he she it we they him them us this these those
    what which there your its it's get got de del du des en auf""".split()
)
_OPENING = frozenset("my our his her their two three four five".split())
_DECADE = re.compile(r"(?:\d\d)?\d0'?s")
_JOINS = frozenset("but yet so if than then when while because as or and also though although with".split())
_AFTER_FOR = _FILLER | frozenset(
    "podcast video game channel stream vlog film movie short commercial ad".split()
)


@dataclass(frozen=True)
class Topic:
    """The subject, and the place of it and of the word that introduces it."""

    phrase: str = ""
    start: int = 0
    end: int = 0


def explicit_topic(text: str) -> Topic:
    """The phrase after "about" or "for my", or in quotes; empty if there is none. The place of "not about love"
    is given without a phrase."""
    for pattern in (_ABOUT, QUOTED, _FOR):
        if match := pattern.search(text):
            if pattern is _ABOUT and _DENIED.search(text[max(0, match.start() - 20) : match.start()]):
                # "not about love but about war"
                other = pattern.search(text, match.start(1))
                if other is None or _DENIED.search(text[max(0, other.start() - 20) : other.start()]):
                    return Topic("", match.start(), match.start(1) + _topic_end(match[1]))
                match = other
            group = next(n for n, found in enumerate(match.groups(), 1) if found is not None)
            whole = match[group]
            inner = QUOTED.match(whole.lstrip()) if pattern is _ABOUT else None
            cut = _topic_end(whole) if pattern is not QUOTED else len(whole)
            if inner and inner.end() > cut:  # a comma inside quotes ends nothing
                cut = len(whole) - len(whole.lstrip()) + inner.end()
            phrase = _POLITE.sub("", whole[:cut]).strip(_QUOTES)
            phrase = re.sub(r"^(?:about|lyrics about|songs? about)\s+", "", phrase, flags=re.IGNORECASE)
            is_use = pattern is _FOR and bool(phrase) and phrase.lower().split()[-1] in _AFTER_FOR
            if phrase and re.search(r"\w", phrase) and not is_use:
                return Topic(phrase, match.start(), match.start(group) + cut)
    return Topic()


def _topic_end(text: str) -> int:
    """Where a clause about the style ends the subject. What a person of the subject has does not: "a girl with
    a guitar"."""
    place = 0
    while clause := _STYLE_AFTER.search(text, place):
        words = text[: clause.start()].split()
        held = _HELD.match(text, clause.start())
        if not (held and words and words[-1].lower() in PEOPLE):
            return clause.start()
        place = held.end()
    return len(text)


def leftover_topic(plain: str) -> str:
    """The subject of a description without "about": the longest run of words in ``plain`` that do not
    describe the style. ``plain`` has commas for all that was understood otherwise."""
    runs: list[list[str]] = [[]]
    for token in re.findall(r"[\w'’&](?:[\w'’&-]*[\w'’&])?|[^\w\s]", plain):
        lower = token.lower()
        inside = lower in _INSIDE and (runs[-1] or lower in _OPENING)
        opening = lower in _OPENING and not runs[-1]
        if (
            inside
            or opening
            or (
                lower not in _FILLER
                and re.search(r"[^\W\d_]", token)
                and lower not in _INSIDE
                and not _DECADE.fullmatch(lower)
            )
        ):
            runs[-1].append(token)
        else:
            runs.append([])
    for run in runs:
        while run and run[-1].lower() in _INSIDE | _OPENING:
            run.pop()
        while run and run[0].lower() in _JOINS:
            run.pop(0)
    return " ".join(max(runs, key=lambda run: sum(len(word) > 2 for word in run)))
