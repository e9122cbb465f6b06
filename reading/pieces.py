"""What a line of lyrics is made of: headings, words to sing, singers, repeats, and what is not sung."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from reading.cleaning import plain
from reading.headings import SQUARE, Dressed, Heading, canonical, dressed, is_strict
from reading.words.names import named
from reading.words.performance import (
    PERFORMED,
    Singer,
    is_stage_direction,
    is_vocal,
    repeats_in,
    singer_of,
    tokens,
    without_repeat,
)

Kind = Literal["blank", "words", "heading", "singer", "repeat", "aside", "chord"]


@dataclass(frozen=True)
class Piece:
    """A part of a line."""

    kind: Kind
    text: str = ""
    """Words as they are to be written; else what stood there, for the user."""
    times: int = 1
    """How often words are sung, or the section is."""
    heading: Heading | None = None
    """The heading it is. Of "words", the heading that they are where it looks like one."""
    weak: bool = False
    bare: bool = False
    """Whether it is a heading without brackets, or a singer before a colon, as may also be sung."""
    round: bool = False
    """Whether it stands in round brackets: words if it echoes the line before."""
    singer: Singer | None = None
    """Who sings from here. Of "words", who does if the song has other singers too; ``prefix`` named them."""
    prefix: str = ""
    source: str = ""
    """What stood in round brackets, as written; of "words", the directions that stood between them."""


BLANK = (Piece("blank"),)
_CHORD = (
    r"(?:N\.?C\.?|[A-H](?:#|b|♯|♭)?(?:maj|min|mi|m|M|dim|aug|sus|add|\+|°|ø|Δ)?\d{0,2}"
    r"(?:\(?(?:maj|min|sus|add|no|omit|b|#|\+|-)\d{1,2}\)?)*(?:/[A-H](?:#|b)?)?)"
)
ONE_CHORD = re.compile(rf"{_CHORD}\*?")
_BRACKET = re.compile(r"[\[［【〔]([^\[\]［］【】〔〕]{0,160})[\]］】〕]")
_ROUND = re.compile(r"[(（]([^()（）]{1,60})[)）]")
_POINTED = re.compile(r"[<{｛]([^<>{}｛｝]{1,60})[>}｝]")
_WHOLE = re.compile(
    r"([\[［【〔{｛<＜(（*_])([^\[\]［］【】〔〕{}｛｝<>＜＞()（）]{0,200})([\]］】〕}｝>＞)）*_])[.:：]?"
)
_PAIRS = frozenset(("[]", "［］", "【】", "〔〕", "{}", "｛｝", "<>", "＜＞", "()", "（）", "**", "__"))
_BARE_REPEAT = re.compile(
    r"(?:repeat(?:s|ed)?\s*(?:[x×]\s?)?\d{1,2}(?: times)?|[x×]\s?\d{1,3}|\d{1,3}\s?[x×])[.!:]?", re.IGNORECASE
)
_PREFIX = re.compile(r"([^\s:：\[\](){}<>][^:：\[\](){}<>]{0,29}?)\s*[:：]\s*(?!//)(.*)")
_ROUND_PREFIX = re.compile(r"[(（]([^()（）]{1,30})[)）]\s*[:：]?\s*(.*)")
_LETTERS: dict[str, Singer] = {"M": "male", "F": "female", "D": "duet", "W": "female", "B": "duet"}
_ROUND_SINGERS = frozenset(
    "male female man woman both duet all choir together vocals vocal voice singer lead everyone "
    "hombre mujer ambos homme femme tous mann frau beide uomo donna 男 女 合 남 여".split()
)
_MANNER = re.compile(r"(?:[-–—]\s*|\*|_)([^*_()\[\]]{1,60}?)[*_]?")
_CHORDPRO = re.compile(r"(?:so([cvb])|start_of_(chorus|verse|bridge))\b.*", re.IGNORECASE)
_CHORDPRO_END = re.compile(r"eo[a-z]|end_of_\w+", re.IGNORECASE)
_COMMENT = re.compile(r"(?:c|ci|cb|comment(?:_italic|_box)?)\s*:\s*(.*)", re.IGNORECASE)
_CHORDPRO_NAMES = {"c": "chorus", "v": "verse", "b": "bridge"}
_SPECIAL = re.compile(
    r"[\[\](){}<>［］（）｛｝＜＞【】〔〕〖〗「」『』《》〈〉*_~`#|>:：!•♪♫×=+\\-]|\d|^[\"“„«'‘]"
)


@lru_cache(maxsize=16384)
def pieces_of(line: str) -> tuple[Piece, ...]:
    """The pieces of ``line``, in order. What only its neighbours decide is left open: see ``Piece.bare``."""
    text = line.strip()
    if not text:
        return BLANK
    if (
        not _SPECIAL.search(text)
        and (len(text) > 60 or dressed(text) is None)
        and without_repeat(text)[1] == 1
    ):
        return (Piece("words", line),)
    found: list[Piece] = []
    while text:
        whole = _whole(text)
        mark = None if whole else dressed(text)
        if whole:
            found += whole
            break
        if mark is not None and not mark.sure:
            words = _words(text)
            found.append(replace(words, heading=mark.heading, weak=mark.heading.weak, bare=True))
            break
        if mark is not None:
            piece, text = _heading(mark, line if text == line.strip() else text)
            found.append(piece)
            continue
        prefixed = _prefixed(text)
        if prefixed is not None:
            piece, text = prefixed
            if piece.bare:
                found += [
                    replace(each, singer=piece.singer, prefix=piece.text, bare=True)
                    for each in _inline(text)[:1]
                ]
                found += _inline(text)[1:] or ([] if text else [piece])
                break
            found.append(piece)
            continue
        found += _inline(text)
        break
    if len(found) == 1 and found[0].kind == "words" and found[0].text == line.strip():
        return (replace(found[0], text=line),)
    return tuple(found) or BLANK


def _heading(mark: Dressed, written: str) -> tuple[Piece, str]:
    """The heading, and the text behind it."""
    heading, rest = mark.heading, mark.rest.strip()
    inner = _ROUND.fullmatch(rest) or _BRACKET.fullmatch(rest)
    beside = inner[1] if inner else rest
    times = repeats_in(beside) if rest and (inner or _BARE_REPEAT.fullmatch(rest)) else None
    if times is not None:
        heading, rest = replace(heading, times=times), ""
    elif inner and (who := singer_of(beside)) is not None:
        heading, rest = replace(heading, singer=who), ""
    elif inner and is_stage_direction(beside):
        heading, rest = replace(heading, directions=(*heading.directions, beside.strip())), ""
    elif (manner := _MANNER.fullmatch(rest)) and PERFORMED.issuperset(tokens(rest)):
        heading, rest = replace(heading, directions=(*heading.directions, manner[1])), ""
    line = written if mark.verbatim else canonical(heading)
    return Piece(
        "heading",
        line,
        heading.times,
        heading,
        bare=mark.bare,
        round=mark.round and heading.kind == "instrumental",
        source=written,
    ), rest


def _whole(text: str) -> list[Piece]:
    """The piece that brackets around the whole of ``text`` make; empty if it is something else."""
    if _BARE_REPEAT.fullmatch(text):
        return [Piece("repeat", text, repeats_in(text) or 2)]
    match = _WHOLE.fullmatch(text)
    if match is None or match[1] + match[3] not in _PAIRS:
        return []
    opening, content = match[1], match[2].strip()
    if (times := repeats_in(content)) is not None and opening not in "*_":
        return [Piece("repeat", text, times)]
    if opening in "(（":
        who = singer_of(content)
        if who is not None and _ROUND_SINGERS.issuperset(tokens(content)):
            return [Piece("singer", text, singer=who)]
        if dressed(text) is None and is_stage_direction(content):
            return [Piece("aside", text, round=True, source=text)]
        return []
    if opening in "*_":
        return [Piece("aside", text)] if is_stage_direction(content) and not dressed(text) else []
    if opening in "{｛" and (part := _chordpro(content)):
        return part
    if (who := singer_of(content)) is not None:
        return [Piece("singer", text, singer=who)]
    if dressed(text) is not None:
        return []
    if content[:1] == "/":
        return [Piece("aside")]
    if opening in "<＜" and not content[:1].isalpha():
        return []
    if opening in SQUARE and is_vocal(content):
        return [Piece("words", f"({content})")]
    return [Piece("chord" if ONE_CHORD.fullmatch(content) else "aside", text)]


def _chordpro(content: str) -> list[Piece]:
    """The section that a directive of ChordPro starts or names."""
    if _CHORDPRO_END.fullmatch(content):
        return [Piece("aside")]
    start = _CHORDPRO.fullmatch(content)
    if start:
        heading = Heading(_CHORDPRO_NAMES[(start[1] or start[2])[0].lower()])
        return [Piece("heading", canonical(heading), heading=heading)]
    comment = _COMMENT.fullmatch(content)
    said = named(comment[1]) if comment else None
    if comment and said and is_strict(said, comment[1]):
        return [Piece("heading", canonical(said), said.times, said)]
    return []


def _prefixed(text: str) -> tuple[Piece, str] | None:
    """The singer that ``text`` starts with ("Male: words"), and the text behind."""
    match = _ROUND_PREFIX.fullmatch(text)
    if match:
        who = singer_of(match[1])
        if who is not None and match[2] and _ROUND_SINGERS.issuperset(tokens(match[1])):
            return Piece("singer", match[1], singer=who), match[2]
        return None
    match = _PREFIX.fullmatch(text)
    if match is None:
        return None
    who = _LETTERS.get(match[1]) or singer_of(match[1])
    if who is None:
        return None
    sure = bool({"male", "female"} & set(tokens(match[1]))) or "singer" in match[1].lower()
    return Piece("singer", text[: match.start(2)], singer=who, bare=not sure), match[2].strip()


def _inline(text: str) -> list[Piece]:
    """The words of ``text``, and what stands in brackets between them."""
    found: list[Piece] = []
    kept, at, ahead = list[str](), 0, 1
    first = _ROUND_PREFIX.fullmatch(text)
    if first and first[2] and (times := repeats_in(first[1])) is not None:
        text, ahead = first[2], times

    def flush() -> None:
        nonlocal ahead
        words = " ".join("".join(kept).split()) if found or at else "".join(kept)
        kept.clear()
        if words.strip():
            piece = _words(words)
            found.append(replace(piece, times=max(piece.times, ahead)))
            ahead = 1

    for match in _BRACKET.finditer(text):
        content = match[1].strip()
        before = text[at : match.start()]
        mark = dressed(match[0]) if match[0][0] in SQUARE else None
        who = singer_of(content)
        kept.append(before)
        at = match.end()
        if who is not None or (mark is not None and mark.sure and is_strict(mark.heading, content)):
            flush()
            if who is not None:
                found.append(Piece("singer", match[0], singer=who))
            elif mark is not None:
                found.append(_heading(mark, match[0])[0])
        elif (times := repeats_in(content)) is not None:
            had = bool("".join(kept).strip())
            flush()
            if had and found and found[-1].kind == "words":
                found[-1] = replace(found[-1], times=times)
            elif text[at:].strip():
                ahead = times
            else:
                found.append(Piece("repeat", match[0], times))
        elif content[:1] == "/":
            kept.append(" ")
        elif is_vocal(content):
            kept.append(f"({content})")
        elif ONE_CHORD.fullmatch(content):
            found.append(Piece("chord", match[0]))
        else:
            found.append(Piece("aside", match[0]))
            kept.append(" ")
    kept.append(text[at:])
    flush()
    return found


def _words(text: str) -> Piece:
    """Words to sing, as often as a mark behind them says."""
    dropped = list[str]()

    def unless_direction(match: re.Match[str]) -> str:
        inner = tokens(match[1])
        others = list(tokens(text))
        for word in inner:
            if word in others:
                others.remove(word)
        if not is_stage_direction(match[1]) or set(inner) & set(others):
            return match[0]
        dropped.append(match[0])
        return ""

    def unless_stage(match: re.Match[str]) -> str:
        closes = match[1][0] == "/" and named(match[1]) is not None
        return "" if closes or is_stage_direction(match[1]) else match[0]

    text, times = without_repeat(text)
    sung = _POINTED.sub(unless_stage, _ROUND.sub(unless_direction, text) if len(text) < 400 else text)
    if sung != text:
        sung = " ".join(sung.split())
    sung = plain(sung).replace("\n", " ")
    return Piece("words", sung, times, source=" ".join(dropped)) if sung.strip() else Piece("aside", text)
