"""The language that a description asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from reading.languages.codes import language_code
from reading.languages.names import ABROAD, NAMES, STYLES

_FOLLOWS = (
    r"(?!\w)(?=\s*(?:$|[^\w\s'’]|\d|(?:and|with|about|for|please|lyrics?|words|language|vocals?"
    r"|voices?|singing|sung|by|at"
    r"|over|on|but|or|then|while|from|to|like|as|of|male|female|only|style lyrics|verses?|chorus(?:es)?|using"
    r"|featuring|feat|ft|without|no|set|that|which|where|called|named|titled|entitled|mit|y|con|et|avec|e|und)\b))"
)
"""What may follow "in Spanish" if the language is meant: after a noun it is a style or a thing."""
_TEXT = r"lyrics?|words|texts?|language|lang(?=\s*[:=])|verses?"
_SUNG = r"vocals?|singing|sung|raps?|rapping|rapped"
_KINDS = (
    r"(?:simplified|traditional|fluent|native|modern|old|pure|full|plain|mexican|latin american"
    r"|european|canadian"
    r"|quebec|swiss|austrian|british|american|egyptian|standard)\s+"
)
_SINGS = r"(?:female|male|lead|soft|whispered|smooth|girl|boy|group|rap)\s+"
_PREPOSITIONS = (
    "auf|en|em|in|in het|in het|på|op|op z'n|po|în|w|v|na|u|на|по|στα|dalam|in lingua|em língua|ba"
)
_ALONE = frozenset(
    "suomeksi magyarul česky slovensky türkçe turkce ingilizce angolul euskaraz românește українською"
    " російською англійською французькою іспанською польською".split()
)
"""Names that say "in" themselves, besides all in scripts without spaces or cases."""
_NOT = re.compile(
    r"\b(?:not|no|never|non|n't|don't|without|except|instead of|rather than|than|nicht|pas|kein|keine)\s+"
    r"(?:(?:be|sing|sung|write|written|have|use|any|the|with|all|lyrics?|songs?|vocals?)\s+){0,3}$",
    re.IGNORECASE,
)
_TOLD = re.compile(
    r"\babout\b[^.;,]*\b(?:speak\w*|spoke\w*|talk\w*|learn\w*|study\w*|studie\w*|teach\w*|dream\w*"
    r"|whisper\w*|who|fluent"
    r"|say\w*|said|lost|letters?|movies?|films?|books?|class\w*|lessons?|tattoos?|signs?|poems?"
    r"|word|named|called)\b[^.;]*$",
    re.IGNORECASE,
)
"""In a song about somebody who whispers in French, nobody need sing French."""
_GERMAN = r"deutsch(?=sprachig|(?:e|er|es|en|em)?\s+(?:text|lyrics|gesang|lied|rap|song))"
_LOOK_BACK = 120  # characters before a name
_FIELD = r"(?:language|lang|sprache|langue|idioma|lingua|taal|språk|язык|言語|语言|語言|언어)"


def asked_language(description: str) -> str:
    """The language that ``description`` asks for ("in Spanish", "auf Deutsch"), as ISO 639-1; empty if it
    names none. Of several it is the first. Spanish guitars, French horns and Latin jazz ask for none."""
    found = next(iter(_asked(description)), None)
    return found[0] if found else ""


def without_language(description: str) -> str:
    """``description`` without the words "in Spanish" or the like, so that they are not taken for the song's
    subject. "A Spanish song" stays: it may mean its style too."""
    left = description
    for _, match in reversed(_asked(description)):
        start, end = match.span("cut") if "cut" in match.re.groupindex else (-1, -1)
        if start >= 0:
            left = f"{left[:start].rstrip()} {left[end:].lstrip()}"
    if left == description:
        return left
    return re.sub(r"\s+(?=[,.;])|\(\s*\)|,\s*(?=,)", "", left).strip(" ,;")


def _asked(text: str) -> list[tuple[str, re.Match[str]]]:
    """Each language that is asked for, and the words that ask for it."""
    found: list[tuple[str, re.Match[str]]] = []
    for pattern in _patterns():
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
            code = _code(match["name"], match[0])
            if code and not _NOT.search(before) and not _TOLD.search(before):
                found.append((code, match))
    found.sort(key=lambda each: (each[1].start(), -each[1].end()))
    apart: list[tuple[str, re.Match[str]]] = []
    for code, match in found:
        if not apart or match.start() >= apart[-1][1].end():
            apart.append((code, match))
    return apart


def _code(name: str, words: str) -> str:
    if words.lower().startswith("in ") and name.lower() == "italien":
        return ""  # the country, in German
    code = language_code(name)
    return code if code in NAMES else ""


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """Each finds the name of a language. Its group "cut" has the words that say nothing else."""
    english = _any(name for names in NAMES.values() for name in names)
    plain = _any(name for code, names in NAMES.items() if code not in STYLES for name in names)
    abroad = [name for names in ABROAD.values() for name in names.split("|")]
    unspaced = [name for name in abroad if not re.match(r"[a-zA-ZÀ-ɏḀ-ỿͰ-ӿ]", name)]
    alone = [*(name for name in abroad if name in _ALONE), "bahasa indonesia", "bahasa melayu", "tiếng việt"]
    cased = _any(name for name in abroad if name not in unspaced)
    is_said = r"\s*(?:(?:is|are|should be|must be|in|all|only)\s+)*[:=]?\s*"
    sources = (
        rf"(?P<cut>\bin\s+(?:the\s+)?(?:{_KINDS})?(?P<name>{english})(?:\s+language)?){_FOLLOWS}",
        rf"(?<!\w)(?P<cut>(?:{_PREPOSITIONS})[\s-]+(?:idioma\s+|lingua\s+)?(?P<name>{cased}))(?!\w)",
        rf"(?<!\w)(?P<cut>(?P<name>{_any(alone)}))(?!\w)",
        rf"(?P<name>{_any(unspaced)})",
        rf"(?P<cut>\b(?:{_TEXT}){is_said}(?P<name>{english})){_FOLLOWS}",
        rf"\b(?:{_SUNG})(?P<cut>{is_said}(?P<name>{english})){_FOLLOWS}",
        rf"\bsings?(?P<cut>\s+(?:it\s+)?(?:all\s+)?(?P<name>{plain})){_FOLLOWS}",
        rf"\b(?P<name>{plain})[\s-]+(?:songs?|language|lyricist|rap|tracks?|version|speaking)\b",
        rf"\b(?P<cut>(?P<name>{english})[\s-]+(?:language[\s-]+)?)(?:lyrics?|vocals?|words|singing|verses)\b",
        rf"\b(?P<cut>(?P<name>{plain})\s+)(?:{_SINGS})+(?:{_SUNG}|voices?|singers?|vocalists?|rapper)\b",
        rf"(?<![^,;|(])(?P<cut>\s*(?P<name>{plain})\s*)(?=[,;|)]|$)",
        rf"\bbilingual\s+(?P<name>{plain})\b",
        rf"\b(?P<cut>(?P<name>{plain})[\s-](?:only|sung))\b",
        rf"\b(?P<name>{_GERMAN})",
        rf"(?P<cut>{_FIELD}\s*[:=：]\s*(?P<name>[\w-]{{2,30}}))",
    )
    return tuple(re.compile(source, re.IGNORECASE) for source in sources)


def _any(names: Iterable[str]) -> str:
    """A pattern for any of the names, the longest first."""
    ordered = sorted(names, key=lambda name: (-len(name), name))
    return "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in ordered)
