"""Lines of what I do, told of him, of her or of them: "I pack the cab" becomes "he packs the cab"."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from lyrics.sketch.couplets import Row
from phonetics.rhyme import rhymes

_MINE = re.compile(r"\b(?:I|me|my|mine|myself|we|us|our|ours|ourselves)\b", re.IGNORECASE)
_PRESENT = frozenset(
    """ask believe call carry chase close come cook count creak dare dial dig do draw drive drop eat feel fill
    find fold follow get give go have hang hear hold hope hum keep know laugh lean learn leave lift lose love
    make meet name need oil own owe pack pat plant play point press push rake ride run say see sell send shave
    shift sing sketch slow smell smile spend stand stir stop sweep swear take talk taste tell think throw tie
    try tuck turn type wait wake walk want watch water wear wind wish write yawn don't haven't""".split()
)
_UNSURE = frozenset("cut let put read set shut beat burst hit hurt quit spread".split())
"""Verbs whose present and past are one: nobody knows which stands there."""
_ADVERBS = r"(?:(?:always|almost|never|still|only|once|really|just|hardly|also|often)\s+)?"
_SAID = re.compile(rf"\b(I)(\s+{_ADVERBS})([a-z]+(?:'t)?)\b")
_SHORT = {
    "I'm": ("{}'s", "they're"),
    "I've": ("{}'s", "they've"),
    "I'd": ("{}'d", "they'd"),
    "I'll": ("{}'ll", "they'll"),
}
_ODD = {
    "am": "is", "have": "has", "do": "does", "go": "goes", "don't": "doesn't", "haven't": "hasn't",
    "carry": "carries", "try": "tries", "tie": "ties",
}  # fmt: skip
_FORMS = {"he": ("him", "his", "his"), "she": ("her", "her", "hers"), "they": ("them", "their", "theirs")}


def is_mine(text: str) -> bool:
    """Whether the text says what I do, or we."""
    return bool(_MINE.search(text))


@cache
def told(row: Row, who: str) -> Row | None:
    """The row with ``who`` for "I", or None. Where another "he" is in the row, nobody knows who is meant."""
    if not is_mine(f"{row.first} {row.second}"):
        return row
    if re.search(r"\b(?:he|him|his|she|her|they|them|their)\b", f"{row.first} {row.second}", re.IGNORECASE):
        return None
    first, second = told_of(row.first, who), told_of(row.second, who)
    if first is None or second is None or not rhymes(first, second):
        return None
    if who != "they" and (led := re.match(r"And ([a-z]+)\b", row.second)) and led[1] in _PRESENT:
        return None  # "he presses the seeds in / And tell them"
    return replace(row, first=first, second=second)


@cache
def told_of(line: str, who: str) -> str | None:
    """The line with ``who`` ("he", "she" or "they") for "I"; None if that cannot be said surely."""
    one = who != "they"
    if one and re.search(r"\b(?:we|us|our|ours)\b", line, re.IGNORECASE):
        return None
    unsure = False

    def said(at: re.Match[str]) -> str:
        nonlocal unsure
        verb = at[3]
        if one and verb in _UNSURE:
            unsure = True
        if not one:
            verb = {"am": "are", "was": "were"}.get(verb, verb)
        elif verb in _PRESENT or verb == "am":
            verb = _third(verb)
            # "I stop and sit" has a second verb.
            rest = re.findall(r"(?:\band|,|\bor)\s+([a-z]+)", line[at.end() :])
            unsure = unsure or bool(set(rest) & (_PRESENT | _UNSURE))
        return f"{who}{at[2]}{verb}"

    text = line
    for short, (single, plural) in _SHORT.items():
        text = re.sub(rf"\b{short}\b", plural if not one else single.format(who), text)
    text = _SAID.sub(said, text)
    them, their, theirs = _FORMS[who]
    for mine, other in (("me", them), ("my", their), ("mine", theirs)):
        text = re.sub(rf"\b{mine}\b", other, text)
        text = re.sub(rf"\b{mine.capitalize()}\b", other.capitalize(), text)
    if not one:
        for ours, other in (("we", "they"), ("us", "them"), ("our", "their"), ("ours", "theirs")):
            text = re.sub(rf"\b{ours}\b", other, text)
            text = re.sub(rf"\b{ours.capitalize()}\b", other.capitalize(), text)
        text = re.sub(r"\b(they) was\b", r"\1 were", text, flags=re.IGNORECASE)
    return None if unsure or is_mine(text) else text[:1].upper() + text[1:]


def _third(verb: str) -> str:
    """The form of a verb after "he"."""
    if verb in _ODD:
        return _ODD[verb]
    return f"{verb}es" if verb.endswith(("s", "sh", "ch", "x")) else f"{verb}s"
