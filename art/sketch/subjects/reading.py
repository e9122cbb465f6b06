"""What a song is about, from its theme, its title and the first clause of its prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from art.contract import CoverRequest
from art.sketch.subjects.meanings import IDIOMS, MEANINGS, VERBS
from art.sketch.subjects.objects import NEAR, SIGNS, SKY
from art.sketch.subjects.places import AIR, GROUND, WATER

Place = Literal["ground", "water", "air", "near"]

MOST = 3
_MOST_LETTERS = 2000
"""A description may be long; what it is about, it says early."""
_LONGEST_NAME = 4  # words
_THINGS: tuple[tuple[Place, str], ...] = (("ground", GROUND), ("water", WATER), ("air", AIR), ("near", NEAR))
_THEMES: tuple[tuple[Place, str], ...] = (("air", SKY), ("near", SIGNS))
_WORD = re.compile(r"[^\W_][\w'-]*")
_NOT = frozenset("not no never without isn't aren't don't nor neither except".split())
_NEGATED = 3
"""So many words after "not" or "no" a thing is still not in the song."""
_ENDS_A_DENIAL = frozenset("but just instead only".split())
_IRREGULAR = {
    "wolves": "wolf", "leaves": "leaf", "knives": "knife", "mice": "mouse", "geese": "goose",
    "calves": "calf", "hooves": "hoof", "feet": "foot", "teeth": "tooth", "men": "man", "women": "woman",
    "oxen": "ox", "thieves": "thief", "wives": "wife", "mommy": "mom", "mummy": "mum", "grandma": "mother",
    "grandmother": "mother", "granny": "mother", "grandpa": "father", "grandfather": "father",
    "firemen": "fireman", "fishermen": "fisherman", "spacemen": "spaceman",
}  # fmt: skip
_SCENE = re.compile(r"(?:song|track|ballad|piece)s?\s*:\s*|\babout\s+", re.IGNORECASE)


@dataclass(frozen=True)
class Subject:
    """A thing to show: its glyph ("font:name"), how it stands, the word that named it, and how plainly: 2 by
    its own name, 1 by what is done with it, 0 as the sign of a theme."""

    glyph: str
    place: Place
    name: str
    plainly: int = 2


def subjects_of(request: CoverRequest) -> tuple[Subject, ...]:
    """At most ``MOST`` things that the song is about, what it is most about first. Where it names none, one
    sign of its theme; where it has none either, nothing."""
    theme, title, scene = " . ".join(request.theme), request.title, _clause(request.prompt)
    around = frozenset(_words(f"{theme} {title} {scene}"))
    named: list[Subject] = []
    for text in (theme, title, scene):  # a title may be a figure of speech: the theme comes first
        named += _named(text, around)
        if any(subject.plainly for subject in named):
            break
    plainest = max((subject.plainly for subject in named), default=0)
    once: dict[str, Subject] = {}
    for subject in named:
        if subject.plainly == plainest:
            once.setdefault(subject.glyph, subject)
    return tuple(once.values())[: MOST if plainest else 1]


def subject_named(name: str) -> Subject | None:
    """The subject of a word or phrase as it stands in the tables."""
    return _names().get(name)


def _clause(prompt: str) -> str:
    """What the prompt says first: what follows speaks of light, mood and style."""
    start = _SCENE.search(prompt[:_MOST_LETTERS])
    return prompt[start.end() if start else 0 :][:_MOST_LETTERS].partition(",")[0].partition(".")[0]


def _words(text: str) -> list[str]:
    return _WORD.findall(text[:_MOST_LETTERS].lower().replace("’", "'"))


def _named(text: str, around: frozenset[str]) -> Iterator[Subject]:
    words, at, denied = _words(text), 0, 0
    owners: list[Subject] = []
    while at < len(words):
        if words[at] in _NOT:
            denied = at + _NEGATED + 1
        elif words[at] in _ENDS_A_DENIAL:
            denied = 0
        length, subject = _longest(words, at, around)
        if subject and at >= denied:
            if words[at + length - 1].endswith(("'s", "s'")):
                owners.append(subject)  # in "my father's truck" it is the truck that is shown
            else:
                yield subject
                owners.clear()
        at += length
    yield from owners


def _longest(words: Sequence[str], at: int, around: frozenset[str]) -> tuple[int, Subject | None]:
    """How many words the longest name from ``at`` has, and what it names."""
    for length in range(min(_LONGEST_NAME, len(words) - at), 0, -1):
        phrase = " ".join(words[at : at + length])
        if length > 1 and phrase in IDIOMS:
            return length, subject_named(IDIOMS[phrase])
        found = _meant(phrase, around)
        if found is not None or (length == 1 and phrase in MEANINGS):
            return length, found
    return 1, None


def _meant(phrase: str, around: frozenset[str]) -> Subject | None:
    for form in _singulars(phrase):
        if form in MEANINGS:
            others = around - {phrase, form}
            for signs, name in MEANINGS[form]:
                if not signs or others & set(signs.split()):
                    return subject_named(name)
        found = _names().get(form)
        if found:
            return found
    return None


def _singulars(word: str) -> Iterator[str]:
    """The word, and what it may be the plural, the genitive or the slur of."""
    yield word
    bare = word.removesuffix("'s").removesuffix("'").removesuffix("-")
    if bare != word:
        yield bare
    if bare in _IRREGULAR:
        yield _IRREGULAR[bare]
    if bare.endswith("ies"):
        yield bare[:-3] + "y"
    if bare.endswith("es"):
        yield bare[:-2]
    if bare.endswith("s") and not bare.endswith("ss"):
        yield bare[:-1]
    if word.endswith("in'"):
        yield word[:-1] + "g"


@cache
def _names() -> dict[str, Subject]:
    """By word or phrase, what it names. A thing has precedence over what is done with it, and that over the
    sign of a theme."""
    names: dict[str, Subject] = {}
    places: dict[str, Place] = {}
    for place, glyph, words in _lines(_THINGS):
        places.setdefault(glyph, place)
        for word in words:
            names.setdefault(word, Subject(glyph, place, word))
    signs: dict[str, Subject] = {}
    for place, glyph, words in _lines(_THEMES):
        for word in words:
            signs.setdefault(word, Subject(glyph, places.get(glyph, place), word, plainly=0))
    for name, forms in VERBS.items():
        shown = names.get(name) or signs[name]
        for form in forms.split():
            names.setdefault(form, replace(shown, name=form, plainly=min(shown.plainly, 1)))
    return signs | names


def _lines(heads: Sequence[tuple[Place, str]]) -> Iterator[tuple[Place, str, list[str]]]:
    for place, lines in heads:
        for line in lines.strip().splitlines():
            glyph, *words = line.split()
            yield place, glyph, [word.replace("_", " ") for word in words]
