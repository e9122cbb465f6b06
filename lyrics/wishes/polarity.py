"""Which of the things that a description names it does not want, and which it wants alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["genre", "mood", "instrument", "voice", "pace", "effect"]


@dataclass(frozen=True)
class Mention:
    """A name in the text and what it stands for: ``name`` is a genre, a mood, an instrument and so on."""

    start: int
    end: int
    kind: Kind
    name: str
    weak: bool = False


@dataclass(frozen=True)
class Polarity:
    """By their places in the list of mentions: those that are not wanted, those that there is to be less of,
    and those that are wanted alone. ``spans`` are all words that say so."""

    denied: frozenset[int]
    reduced: frozenset[int]
    alone: frozenset[int]
    solo: bool
    """Whether "solo" is the only word for "alone": other instruments may then be named, too."""
    spans: tuple[tuple[int, int], ...]


_STRONG = (
    r"without|minus|sans|avoid(?:ing)?|omit(?:ting)?|exclud(?:e|ing)|remov(?:e|ing)|skip(?:ping)?|ditch|leav(?:e|ing) out|"
    r"(?:lose|cut|hold|kill|mute|drop)(?= the\b)|free of|devoid of|lacking|instead of|rather than|as opposed to|other than|"
    r"(?:stay|steer|keep) (?:away|clear) (?:of|from)|(?:any|every)(?:thing|one)? (?:genre |style |instrument )?(?:but|except(?: for)?|besides)|"
    r"all (?:genres |styles |instruments )?(?:but|except(?: for)?)|except(?: for)?|apart from|aside from|neither|replac(?:e|ing)|swap(?:ping)?|"
    r"(?:i |we )?(?:really )?(?:hate|dislike|despise|can't stand|cannot stand|am sick of|are sick of|am tired of)|no need (?:for|of)|"
    r"absence of|zero|nix|forget(?= the\b)(?! about)"
)
_WEAK = (
    r"no more|no|not|never|nothing|none of|isn't|is not|ain't|aren't|are not|wasn't|non-|nor|"
    r"(?:don't|do not|doesn't|does not|shouldn't|should not|mustn't|must not|can't|cannot|won't|will not|wouldn't|would not|didn't)\s+"
    r"(?:want|need|like|use|using|include|including|add|have|having|make|put|play|do|give|go for|sound|be|feature|featuring|contain|feel|"
    r"get|involve|love|let)|"
    r"(?:less|fewer|not so much|not too much|not too many|not that much|not a lot of|little)"
)
_CUE = re.compile(rf"(?<![\w'’-])(?:({_STRONG})|({_WEAK}))(?![\w'’])\s*", re.IGNORECASE)
_LESS = re.compile(
    r"(?:less|fewer|not so much|not too much|not too many|not that much|not a lot of|little)\s*$",
    re.IGNORECASE,
)
_DOUBLE = re.compile(
    r"(?:\b(?:can't|cannot|couldn't|never|not|won't|nothing|no \w+|don't|do not|wouldn't|doesn't|shouldn't)\s+(?:\w+\s+){0,3}|\bdon't\s+)$",
    re.IGNORECASE,
)
_POSITIVE = re.compile(
    r"(?:no|not|nothing|never)\s+(?:(?:only|just|merely|simply|but|except|more than|less than|fewer than|other than|without|"
    r"to mention|unlike|sure|forget\w*|wrong|matter|doubt|problem|longer|one|way|time|fear|end|idea|worries|limits?|shame|place|rules)\b)",
    re.IGNORECASE,
)
"""Words that look like a denial, and are none, or not of what follows."""
_WHY = re.compile(r"\bwhy\s+$", re.IGNORECASE)
_STOP = re.compile(
    r"[.;!?()\[\]|]|,|\s[-–—]\s|\b(?:but|yet|just|only|instead|although|though|however|about|because|whose|while|please|then|"
    r"rather|make it|use|make this|go with|i want|add|keep|(?<!song )(?<!track )(?<!music )(?<!thing )(?<!one )(?<!version )with)\b",
    re.IGNORECASE,
)
_REACH = 4  # words between "not" and what it denies
_HEAD = re.compile(
    r"[\s'’s-]*(?:(?:songs?|sounds?|music|tracks?|stuff|vibes?|parts?|solos?|tones?|kit|fills?|playing|beats?|tunes?|elements?|section|at all|"
    r"whatsoever|allowed|needed|required|please|here|anywhere)\b\s*)*",
    re.IGNORECASE,
)
_OR = re.compile(
    r"\s*,?\s*(?:or|nor|and/or|/|\band\s+no\b|\band\s+without\b)\s*(?:(?:any|the|an?|too|very|so|no|without)\b)?\s*",
    re.IGNORECASE,
)
_AND = re.compile(r"\s*,?\s*(?:and|&|\+|plus)\s*(?:any\s+)?", re.IGNORECASE)
_COMMA = re.compile(r"\s*,\s*(?:no\s+|any\s+)?", re.IGNORECASE)
_ARTICLE = re.compile(r"\ban?\s+(?:\w+\s+)?$", re.IGNORECASE)
_NOUN = re.compile(r"\s+(?:song|track|tune|ballad|piece|one|beat|sound)\b", re.IGNORECASE)

_ALONE_BEFORE = re.compile(
    r"\b(only|just|solely|purely|exclusively|nothing (?:but|except|other than|more than)|no more than|nothing else than|solo|unaccompanied|lone|"
    r"(?:a|one) single)(?:\s+(?:with|using|use|an?|one|the|some|by|on|to))*\s+",
    re.IGNORECASE,
)
_ALONE_AFTER = re.compile(
    r"\s*-?\s*(?:only|alone|exclusively|and nothing else|on its own|by itself|unaccompanied)\b", re.IGNORECASE
)
_NOT_ALONE = re.compile(r"\b(?:not|isn't|don't|if|but not)\s+(?:use\s+)?$", re.IGNORECASE)
_ADJECTIVES = re.compile(
    r"(?:(?:very|a|an|the|soft|gentle|quiet|simple|single|grand|upright|solo|slow|fast|sparse|warm|clean|plucked|fingerpicked|strummed|"
    r"beautiful|sad|mellow|lead|one|my|some|spanish|delicate|light|heavy|deep|raw)\s+){0,3}",
    re.IGNORECASE,
)
_WITH = re.compile(
    r"\s*(?:,\s*)?(?:and|&|\+|plus|with|/|,)\s*(?:an?\s+|one\s+|the\s+|some\s+)?", re.IGNORECASE
)


def polarity(text: str, mentions: Sequence[Mention]) -> Polarity:
    """What ``text`` says about its ``mentions``, which are in order of their start."""
    at: dict[int, list[int]] = {}
    for n, mention in enumerate(mentions):
        at.setdefault(mention.start, []).append(n)
    starts = sorted(at)
    denied, reduced, spans = set[int](), set[int](), list[tuple[int, int]]()
    done = 0
    for cue in _CUE.finditer(text):
        if cue.start() < done or _is_positive(text, cue):
            continue
        hits, end = _scope(
            text, cue.end(), starts, at, mentions, strong=bool(cue[1]), no=cue[0].strip().lower() == "no"
        )
        if hits:
            (reduced if _LESS.fullmatch(cue[0]) else denied).update(hits)
            spans.append((cue.start(), end))
            done = end
    alone, solo, more = _alone(text, starts, at, mentions, denied)
    return Polarity(frozenset(denied), frozenset(reduced - denied), frozenset(alone), solo, (*spans, *more))


def _is_positive(text: str, cue: re.Match[str]) -> bool:
    before = text[max(0, cue.start() - 40) : cue.start()]
    if _POSITIVE.match(text, cue.start()) or _WHY.search(before):
        return True
    word = cue[0].strip().lower()
    return word in ("without", "forget", "skip", "leave out", "minus") and bool(_DOUBLE.search(before))


def _scope(
    text: str,
    start: int,
    starts: list[int],
    at: dict[int, list[int]],
    mentions: Sequence[Mention],
    *,
    strong: bool,
    no: bool,
) -> tuple[set[int], int]:
    """The mentions that a denial ending at ``start`` covers, and the end of the last."""
    first = next((place for place in starts if place >= start), None)
    if first is None:
        return set(), start
    between = text[start:first]
    if len(between.split()) > _REACH or _STOP.search(between):
        return set(), start
    hits, end = _take(first, starts, at, mentions)
    if _ARTICLE.search(between) and (comma := _COMMA.match(text, end)) and comma.end() in at:
        more, last = _take(comma.end(), starts, at, mentions)
        if _NOUN.match(text, last):  # "not a sad, slow song"
            hits, end = hits | more, last
    while True:
        reach = _HEAD.match(text, end)
        after = reach.end() if reach else end
        place = _linked(text, _OR, (end, after), starts, reach=2)
        if place is None:
            place = _linked(text, _AND, (end, after), starts, reach=0)
        if place is None:
            place = _listed(text, end, starts, at, mentions, and_counts=strong and not no)
        if place is None:
            return hits, end
        more, end = _take(place, starts, at, mentions)
        hits |= more


def _take(
    place: int, starts: list[int], at: dict[int, list[int]], mentions: Sequence[Mention]
) -> tuple[set[int], int]:
    """The mentions at ``place``, with those that overlap or follow at once ("sad slow"), and their end."""
    hits = set(at[place])
    end = max(mentions[n].end for n in hits)
    for other in starts:
        if place < other < end:
            hits |= set(at[other])
            end = max(end, *(mentions[n].end for n in at[other]))
    return hits, end


def _linked(
    text: str, link: re.Pattern[str], ends: tuple[int, int], starts: list[int], *, reach: int
) -> int | None:
    """The place of the mention that ``link`` joins, with up to ``reach`` words in between."""
    for end in ends:
        if match := link.match(text, end):
            place = next((place for place in starts if place >= match.end()), None)
            if place is not None:
                between = text[match.end() : place]
                if len(between.split()) <= reach and not re.search(r"[,.;]|\b(?:with|but|only)\b", between):
                    return place
    return None


def _listed(
    text: str,
    end: int,
    starts: list[int],
    at: dict[int, list[int]],
    mentions: Sequence[Mention],
    *,
    and_counts: bool,
) -> int | None:
    """The next of a list with commas that ends with "or", such as "no drums, bass or synths"."""
    place = first = None
    for _ in range(12):
        comma = _COMMA.match(text, end)
        if comma is None:
            break
        place = comma.end()
        if place not in at:
            break
        first = place if first is None else first
        end = max(mentions[n].end for n in at[place])
        if _linked(text, _OR, (end, end), starts, reach=0) is not None:
            return first
        if and_counts and _linked(text, _AND, (end, end), starts, reach=0) is not None:
            return first
    return None


def _alone(
    text: str, starts: list[int], at: dict[int, list[int]], mentions: Sequence[Mention], denied: set[int]
) -> tuple[set[int], bool, list[tuple[int, int]]]:
    """The instruments and voices that are wanted alone, and whether only "solo" says so."""
    found, spans, words = set[int](), list[tuple[int, int]](), set[str]()
    for cue in _ALONE_BEFORE.finditer(text):
        if _NOT_ALONE.search(text[max(0, cue.start() - 20) : cue.start()]):
            continue
        place = _ADJECTIVES.match(text, cue.end()).end()  # type: ignore[union-attr]  # it may be empty
        hits, end = _run(text, place, at, mentions)
        if (
            hits
            and not hits & denied
            and any(mentions[n].kind == "instrument" or mentions[n].name == "any" for n in hits)
        ):
            found |= hits
            words.add(cue[1].lower())
            spans.append((cue.start(), end))
    for place in starts:
        hits, end = _run(text, place, at, mentions)
        after = _ALONE_AFTER.match(text, end) if hits else None
        is_sound = any(mentions[n].kind == "instrument" or mentions[n].name == "any" for n in hits)
        if after and is_sound and not hits & (denied | found):
            found |= hits
            words.add("only")
            spans.append((place, after.end()))
    return found, bool(words) and words <= {"solo"}, spans


def _run(
    text: str, place: int, at: dict[int, list[int]], mentions: Sequence[Mention]
) -> tuple[set[int], int]:
    """The instruments and voices that follow each other from ``place`` on, joined by "and" or the like."""
    hits, end = set[int](), place
    while place in at:
        more = {n for n in at[place] if mentions[n].kind in ("instrument", "voice")}
        if not more:
            break
        hits |= more
        end = max(mentions[n].end for n in more)
        link = _WITH.match(text, end)
        if link is None:
            break
        place = _ADJECTIVES.match(text, link.end()).end()  # type: ignore[union-attr]  # it may be empty
    return hits, end
