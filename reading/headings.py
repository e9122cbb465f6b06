"""The headings that mark sections in lyrics, in every dress and language: ``[Chorus]``, ``(Verse 1)``,
``### Bridge``, ``VERSE ONE:``, ``【副歌】``, ``[Припев]``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from reading.words.names import SECTION_WORDS, Heading, named
from reading.words.performance import PERFORMED, Singer, singer_of, tokens

__all__ = [
    "SECTION_WORDS",
    "Dressed",
    "Heading",
    "canonical",
    "dressed",
    "heading",
    "is_strict",
    "section_kind",
]

_CLOSING = dict(zip("[［【〔〖(（{｛<＜「『《〈", "]］】〕〗)）}｝>＞」』》〉", strict=True))
SQUARE = "[［【〔〖"
ROUND = "(（"
_DECORATION = " \t\"“”„'’‘`*_~#=♪♫|>•·.-–—"
_LIST = re.compile(r"^\d{1,2}[.)]\s+")
_EMPHASIS = re.compile(r"^([*_~]{1,3})([^*_~\n]{1,60})\1")
_VERBATIM = re.compile(r"\[[A-Za-z][A-Za-z0-9 &'-]*?(?: - [^\[\]:|;/()]+)?\]")
_SENTENCE = frozenset(
    """
    the of and in on to no with a only over up down back me my you it de la el le et y e con da di und
    """.split()
)
_NEVER_BARE = re.compile(r"[!?;…\[{\"]|[,.]$")


@dataclass(frozen=True)
class Dressed:
    """A heading as it stands at the start of a line."""

    heading: Heading
    rest: str
    """What stands behind it on the line."""
    sure: bool
    """Whether it needs no more to be one. If not, the line around it decides."""
    bare: bool = False
    """Whether it stands without brackets."""
    round: bool = False
    """Whether it stands in round brackets, alone: a direction after which the section may go on."""
    verbatim: bool = False
    """Whether it has the canonical form already."""


@lru_cache(maxsize=8192)
def dressed(line: str) -> Dressed | None:
    """The heading that ``line`` starts with, in any dress; None for other lines."""
    line = line.strip()
    start = _LIST.sub("", _EMPHASIS.sub(r"\2", line[:160])).lstrip(_DECORATION)
    if not start:
        return None
    if start[0] in _CLOSING:
        return _in_brackets(line, start + line[160:])
    marked = line[0] in "#*_~=-" and len(line) < 80
    bare = (start + line[160:]).rstrip(_DECORATION)
    found = _with_colon(bare, line)
    if found is None and len(bare) <= 60 and not _NEVER_BARE.search(bare):
        heading = named(bare)
        if heading is not None and is_strict(heading, bare):
            sure = heading.number is not None or heading.again or heading.times > 1 or line[0] == "#"
            sure = sure or (marked and line[-1] in "#*_~=-")
            sure = sure or (not heading.weak and _LIST.match(line) is not None)
            if heading.weak and heading.number is not None:
                sure = any(letter.isdecimal() for letter in bare)
            found = Dressed(heading, "", sure=sure)
    return replace(found, bare=True) if found else None


def _in_brackets(line: str, start: str) -> Dressed | None:
    opening = start[0]
    content, closed, rest = start[1:].partition(_CLOSING[opening])
    if content[:1] == "/" or len(content) > 120 or (not closed and opening not in SQUARE):
        return None
    content, rest = content.rstrip(_DECORATION), rest.strip()
    heading = named(content.strip(_DECORATION))
    if heading is None or singer_of(content) is not None:
        return None
    strict = is_strict(heading, content)
    if opening in SQUARE:
        if not strict and (not closed or (heading.weak and heading.extra and not _PLAYED.search(content))):
            return None
    elif not strict:
        return None
    rest = rest.lstrip("]］】)}>").strip()
    if not rest.strip(_DECORATION + ":："):
        rest = ""
    else:
        marks = "*_~ " if line[0] in "*_~" or rest[0] in ":：" else " "
        rest = rest.lstrip(marks).lstrip(":：").lstrip(marks)
    if opening in ROUND and rest and heading.weak and heading.number is None:
        return None
    verbatim = (
        not rest
        and _VERBATIM.fullmatch(line) is not None
        and heading.english
        and heading.times == 1
        and not heading.again
        and not heading.names
        and (heading.number is None or str(heading.number) in tokens(content))
    )
    return Dressed(heading, rest, sure=True, round=opening in ROUND and not rest, verbatim=verbatim)


_PLAYED = re.compile(r"\b(?:solo|break|drop|build|build-?up|hook|bridge|ending|coda|rap)$", re.IGNORECASE)


def _with_colon(bare: str, line: str) -> Dressed | None:
    """The heading before a colon: "Chorus:", "Verse 1: words on its line"."""
    head, colon, rest = bare[:60].replace("：", ":").partition(":")
    if not colon and line.rstrip(_DECORATION)[-1:] not in (":", "："):
        return None
    heading = named(head.strip())
    if heading is None or not is_strict(heading, head) or _NEVER_BARE.search(head.rstrip(". ")):
        return None
    rest = bare[len(head) + 1 :].lstrip("*_~ ").strip()
    numbered = heading.number is not None and any(letter.isdecimal() for letter in head)
    said = heading.kind in ("verse", "pre-chorus", "chorus", "bridge") and heading.never_words
    if rest and heading.weak and not (numbered or said):
        return None
    if rest and (who := singer_of(rest)) is not None:
        return Dressed(replace(heading, singer=who), "", sure=True)
    return Dressed(heading, rest, sure=heading.never_words or numbered)


def is_strict(heading: Heading, text: str) -> bool:
    """Whether the heading has nothing besides what a heading has."""
    return (
        not heading.extra
        and not heading.names
        and _SENTENCE.isdisjoint(set(tokens(text)) - set(heading.phrase))
        and all(PERFORMED.issuperset(tokens(direction)) for direction in heading.directions)
    )


def canonical(heading: Heading, singer: Singer | None = None) -> str:
    """The line that marks the section for all engines: ``[verse 2 - female, whispered]``."""
    who = heading.singer if singer is None else singer
    manner = [" ".join(re.sub(r"[\[\]{}<>()|:;/,]", " ", text).split()) for text in heading.directions]
    how = ", ".join(filter(None, (who, *manner)))
    number = f" {heading.number}" if heading.number is not None else ""
    return f"[{heading.name}{number}{' - ' if how else ''}{how}]"


def heading(line: str) -> str | None:
    """The text of the heading that ``line`` of canonical lyrics is, in lower case without brackets; None for
    other lines. A colon marks one as well as brackets do."""
    line = line.strip()
    if line[:1] == "[" and line.find("]") == len(line) - 1:
        return line[1:-1].strip().lower()
    found = dressed(line) if line.endswith(":") else None
    return line[:-1].strip().lower() if found and found.sure and not found.rest else None


def section_kind(heading: str) -> str:
    """The kind of section that ``heading`` names: a key of ``SECTION_WORDS``, or "verse"."""
    found = named(heading)
    return found.kind if found else "verse"
