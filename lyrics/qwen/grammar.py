"""The grammar of a plan. It bounds every part, so that any model, even one with random weights, ends in time
with a valid plan.

A plan is a line for each field, then the lyrics. What others wait for comes first, up to the cover. A chorus
is written once: its later headings have no lines. A pre-chorus that comes again may have none either. The
notation is xgrammar's EBNF. ``inference.text.limits`` keeps the lengths and the number of sections, so three
grammars are enough.
"""

from __future__ import annotations

from typing import Any

from inference.text.limits import END, ITEM_MARK, LINES, MARK, Limits
from lyrics.contract import GENRES, MOODS, SongPlan, Voice

METRES = ("4/4", "3/4", "6/8", "12/8", "5/4", "7/8", "2/4")
VOICES: tuple[Voice, ...] = ("female", "male", "duet", "choir")
SECTIONS = ("intro", "verse", "pre-chorus", "chorus", "bridge", "outro")
SECONDS_A_SECTION = 12.0
_MOST_SECTIONS = 12
_LINES = (2, 8)
_SHORTEST_PICTURE = 10  # characters
LENGTHS = {
    "title": (1, 48),
    "tags": (1, 24),
    "categories": (2, 19),
    "cover": (20, 180),
    LINES: (1, 70),
}
"""Minimum and maximum of characters of each value, item and line that the model writes freely."""
LISTS = frozenset({"tags", "categories"})
WRITTEN, OWN, INSTRUMENTAL = "written", "own", "instrumental"
"""The kinds of plan: with lyrics by the model, with the user's lyrics, without lyrics."""
FIELDS = {
    "title": "title",
    "genre": "genre",
    "mood": "mood",
    "tags": "tags",
    "voice": "voice",
    "cover": "cover_prompt",
    "categories": "categories",
    "energy": "energy",
    "tempo": "tempo_bpm",
    "key": "key",
    "metre": "metre",
    "language": "language",
}
"""The fields in the order in which they are written, with their names in a ``SongPlan``."""
COVER = "cover"
"""The field after which all is known that a cover needs."""

_COMMON = rf"""
title ::= {MARK}*
cover ::= {MARK}*
tags ::= tag (", " tag){{2,5}}
tag ::= {ITEM_MARK}*
categories ::= category (", " category){{2,4}}
category ::= [A-Z] [A-Za-z0-9 &-]*
tempo ::= [4-9] [0-9] | "1" [0-9] [0-9] | "2" [0-1] [0-9] | "220"
energy ::= [0-9] | "10"
key ::= [A-G] [#b]? " " ("major" | "minor" | "dorian" | "mixolydian" | "phrygian" | "lydian")
language ::= [a-z] [a-z]
"""
_ONCE = ("pre-chorus", "chorus")
"""The sections that may be repeated by their heading."""
_FREE = " | ".join(f'"{kind}"' for kind in SECTIONS if kind not in _ONCE)
_SECTIONS = rf"""
line ::= {MARK}+ "\n"
lines ::= "\n" line{{{_LINES[0]},{_LINES[1]}}} "\n# "
free ::= ({_FREE}) lines
again ::= "\n\n# "
"""


def grammars() -> dict[str, str]:
    """The grammar of each kind of plan."""
    return {kind: _grammar(kind) for kind in (WRITTEN, OWN, INSTRUMENTAL)}


def limits(duration_s: float) -> Limits:
    """The limits for a song of this duration."""
    return Limits(LENGTHS, LISTS, sections_for(duration_s))


def _grammar(kind: str) -> str:
    fields = [name for name in FIELDS if name != "voice" or kind != INSTRUMENTAL]
    head = " ".join(f'"{name}: " {name} "\\n"' for name in fields)
    rules = [f"root ::= {head}" + (' "\\n# " first' if kind == WRITTEN else ""), _COMMON.strip()]
    for name, values in (("genre", GENRES), ("mood", MOODS), ("metre", METRES), ("voice", VOICES)):
        rules.append(f"{name} ::= " + " | ".join(f'"{value}"' for value in values))
    if kind == WRITTEN:
        rules += [_SECTIONS.strip(), *_orders()]
    return "\n".join(rules)


def _orders() -> list[str]:
    """A rule for what may follow the sections so far, for each set of those in ``_ONCE`` that they have. One
    section comes first."""
    rules = ["first ::= " + " | ".join(_next(frozenset()))]
    for have in (frozenset[str](), frozenset(_ONCE[:1]), frozenset(_ONCE[1:]), frozenset(_ONCE)):
        rules.append(f"{_rest(have)} ::= " + " | ".join([f'"{END}"', *_next(have)]))
    return rules


def _next(have: frozenset[str]) -> list[str]:
    choices = [f"free {_rest(have)}"]
    for kind in _ONCE:
        if kind in have:
            choices.append(f'"{kind}" again {_rest(have)}')
        if kind not in have or kind != "chorus":
            choices.append(f'"{kind}" lines {_rest(have | {kind})}')
    return choices


def _rest(have: frozenset[str]) -> str:
    return "_".join(["rest", *sorted(have)]).replace("-", "_")


def sections_for(duration_s: float) -> int:
    """The maximum of sections in lyrics for this duration."""
    return max(1, min(_MOST_SECTIONS, round(duration_s / SECONDS_A_SECTION)))


def fields_of(text: str) -> dict[str, Any]:
    """The fields of a ``SongPlan`` that are in ``text``, which follows the grammar as far as it goes. A line
    without its newline is not read."""
    head = text.partition("\n\n")[0] if "\n\n" in text else text.rpartition("\n")[0]
    found: dict[str, Any] = {}
    for line in head.splitlines():
        name, _, value = line.partition(": ")
        found[FIELDS[name]] = tuple(map(_tidied, value.split(","))) if name in LISTS else _tidied(value)
    found["title"] = found.get("title") or "Untitled"
    if len(found.get("cover_prompt", "")) < _SHORTEST_PICTURE:  # mostly spaces
        found["cover_prompt"] = f"cover of a {found.get('mood')} {found.get('genre')} song"
    return found


def plan_of(text: str, *, lyrics: str, instrumental: bool) -> SongPlan:
    """The plan in ``text``, which follows the grammar. ``lyrics`` are the user's own; they are kept as they
    are."""
    if not instrumental and not lyrics:
        lyrics = _tagged(text.partition("\n\n")[2])
    return SongPlan.model_validate(
        {"voice": "none", **fields_of(text), "lyrics": "" if instrumental else lyrics, "theme": ()}
    )


def _tagged(sections: str) -> str:
    """The lyrics, with tags for headings and each section written out."""
    blocks, latest = [], dict[str, list[str]]()
    for section in sections.split("\n\n")[:-1]:  # the last one is the end
        heading, *lines = section.splitlines()
        kind = heading.removeprefix("# ")
        lines = [line for line in map(_tidied, lines) if line] or latest.get(kind, [])
        latest[kind] = lines
        blocks.append("\n".join([f"[{kind}]", *lines]))
    return "\n\n".join(blocks) + "\n"


def _tidied(text: str) -> str:
    """Strips and collapses the spaces."""
    return " ".join(text.split())
