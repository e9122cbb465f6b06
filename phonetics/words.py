"""A line of text as words with their syllables. Sources, in this order: the dictionary, words derived from
it, spelling rules. Every token with a letter or a digit can be sung; other tokens (a dash, an emoji) are
silent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from anyascii import anyascii

from phonetics import numbers
from phonetics.dictionary import LONGEST_WORD, is_vowel, lookup
from phonetics.letters import spell
from phonetics.speaking.homographs import HOMOGRAPHS, homograph
from phonetics.speaking.line import Line, bare
from phonetics.speaking.tokens import FOLLOWERS, is_mark, is_ordinary, said, tidy
from phonetics.syllables import Syllable

# Words without stress: articles, prepositions, auxiliaries, pronouns, conjunctions.
_WEAK = frozenset(
    """a an and are as at be been but by can could do for from had has have he her him his i i'd i'll i'm
    i've if in into is it it's its just me my of on or our she so than that that's the their them then there
    they this to us was we we're were when where which who will with would you you're your""".split()
)
# Clusters that can begin an English syllable, in addition to single consonants (except NG).
_ONSETS = frozenset(
    tuple(cluster.split())
    for cluster in (
        "P L,P R,P Y,B L,B R,B Y,T R,T W,D R,D W,K L,K R,K W,K Y,G L,G R,G W,F L,F R,F Y,V Y,TH R,TH W,SH R,"
        "S L,S M,S N,S P,S T,S K,S W,S F,M Y,HH Y,S P L,S P R,S T R,S K R,S K W,S P Y,S K Y"
    ).split(",")
)
_PART = re.compile(r"[a-z']+|[0-9]+")
_LONGEST_ONSET = 3
_LONGEST_KEPT = 64
"""Longest token, in characters, whose result is cached: 8,192 tokens of 10,000 characters would be
gigabytes."""
_LONGEST_LINE = 200
"""Longest line, in characters, whose result is cached."""
_MOST_LETTERS = 10_000
"""Most plain letters of one token: more than can be sung in ten minutes. One character can become eighteen
letters."""
Part = tuple[str, tuple[str, ...]]
"""A spoken word and its phones."""
_VOICELESS = ("P", "T", "K", "F", "TH")
_SIBILANTS = ("S", "Z", "SH", "ZH", "CH", "JH")


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written, with punctuation, and its syllables: none if it is silent."""

    text: str
    syllables: tuple[Syllable, ...]


def pronounce(line: str) -> tuple[Word, ...]:
    """The words of ``line``, split at whitespace, in order, as written. Some sound otherwise by the words
    around them: "live", "St."."""
    tokens = line.split()
    words: list[Word] = []
    for token in tokens:
        word = (_kept_word if len(token) <= _LONGEST_KEPT else _word)(token)
        if word is None:
            return (_kept_line if len(line) <= _LONGEST_LINE else _in_context)(tuple(tokens))
        words.append(word)
    return tuple(words)


def count_syllables(line: str) -> int:
    """How many notes ``line`` needs."""
    return sum(len(word.syllables) for word in pronounce(line))


def spoken(line: str) -> str:
    """``line`` as the words that are spoken: "Meet me at 3 AM" as "meet me at three A M". A capital alone is
    the name of a letter."""
    return " ".join(word for each in _all_said(line) for word, _ in each)


def phones(text: str) -> tuple[str, ...]:
    """The phones of a word or a line, vowels with their stress digit; empty if it is silent."""
    return _kept_phones(text) if len(text) <= _LONGEST_KEPT else _phones(text)


def last_phones(line: str) -> tuple[str, ...]:
    """The phones of the last word of ``line`` that has a sound; empty if there is none."""
    context = Line(tuple(line.split()))
    sounds = (_said(context, n) for n in reversed(range(len(context.tokens))))
    return next((tuple(phone for _, sound in each for phone in sound) for each in sounds if each), ())


def _all_said(line: str) -> Iterator[list[Part]]:
    context = Line(tuple(line.split()))
    return (_said(context, n) for n in range(len(context.tokens)))


def _phones(text: str) -> tuple[str, ...]:
    return tuple(phone for each in _all_said(text) for _, sound in each for phone in sound)


_kept_phones = lru_cache(maxsize=8192)(_phones)


def is_known(word: str) -> bool:
    """Whether each part of ``word`` is in the dictionary."""
    parts = _PART.findall(_plain(word))
    return bool(parts) and all(lookup(part) is not None for part in parts)


def _word(token: str) -> Word | None:
    """``token`` as a word; None if its sound depends on its line, or it is no plain word."""
    if not is_ordinary(token) or bare(token) in HOMOGRAPHS:
        return None
    return Word(token, _syllables_of(_parts(token)))


_kept_word = lru_cache(maxsize=8192)(_word)


def _in_context(tokens: tuple[str, ...]) -> tuple[Word, ...]:
    line = Line(tokens)
    words: list[Word] = []
    for n, token in enumerate(tokens):
        word = _kept_word(token) if len(token) <= _LONGEST_KEPT else _word(token)
        if word is None or line.words[n] in FOLLOWERS:
            word = Word(token, _syllables_of(_said(line, n)))
        words.append(word)
    return tuple(words)


_kept_line = lru_cache(maxsize=1024)(_in_context)


def _said(line: Line, n: int) -> list[Part]:
    """The spoken words of token ``n``."""
    words = said(line, n)
    if words is None:
        sound = homograph(line, n)
        return [(line.words[n], sound)] if sound else _parts(line.tokens[n])
    return [part for word in words for part in _spoken_parts(word)]


def _spoken_parts(word: str) -> list[Part]:
    """A word that is spoken for another: lower-case, or a letter's name ("A", "J's")."""
    if not word[:1].isupper():
        return _parts(word)
    name = ("EY1",) if word[0] == "A" else _part_phones(word[0].lower())
    return [(word, name if len(word) == 1 else _with_s(name))]


def _parts(token: str) -> list[Part]:
    """The runs of letters of ``token``, and the words of its runs of digits."""
    if not any(map(str.isalnum, token)):
        return []  # anyascii would spell an emoji out (":tada:")
    text = token if token.isascii() else tidy(token)
    if not text.isalpha():
        text = "".join(c if c.isalnum() or c == "'" or is_mark(c) else " " for c in text)
    parts = (
        word
        for part in _PART.findall(_plain(text))
        for word in (numbers.spoken(part) if part.isdigit() else (part,))
    )
    return [(part, sound) for part in parts if (sound := _part_phones(part))]


def _syllables_of(parts: list[Part]) -> tuple[Syllable, ...]:
    return tuple(
        syllable for part, sound in parts for syllable in _syllables(sound, weak=part.strip("'") in _WEAK)
    )


def _plain(word: str) -> str:
    """``word`` in lower-case ASCII, with plain apostrophes."""
    text = anyascii(word.replace("’", "'").replace("ʼ", "'")) if not word.isascii() else word
    return text[:_MOST_LETTERS].lower().replace("`", "'")


def _part_phones(part: str) -> tuple[str, ...]:
    bare = part.strip("'")
    if not bare:
        return ()
    found = _dropped_g(part) or lookup(part) or lookup(bare) or _derived(bare)
    # The dictionary has "hmm" without a vowel, which cannot be held as a note.
    return found if found and any(map(is_vowel, found)) else spell(bare)


def _dropped_g(word: str) -> tuple[str, ...] | None:
    """ "lovin'" as "loving" without its last sound."""
    base = lookup(word[:-1] + "g") if word.endswith("in'") else None
    return (*base[:-1], "N") if base else None


def _derived(word: str) -> tuple[str, ...] | None:
    """Possessives, plurals, other endings and compounds of words in the dictionary."""
    for ending in ("'s", "s'", "s", "es"):
        if word.endswith(ending) and (base := lookup(word.removesuffix(ending))):
            return _with_s(base)
    for ending, sound in (
        ("ing", ("IH0", "NG")),
        ("er", ("ER0",)),
        ("y", ("IY0",)),
        ("less", ("L", "AH0", "S")),
    ):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 2 and (base := lookup(stem) or lookup(stem + "e")):
            return (*base, *sound)
    longest, shortest = min(len(word) - 3, LONGEST_WORD), max(2, len(word) - LONGEST_WORD - 1)
    halves = ((word[:i], word[i:]) for i in range(longest, shortest, -1))
    for left, right in halves:
        first, second = lookup(left), lookup(right)
        if first and second:
            return (*first, *(phone.replace("1", "2") for phone in second))
    return None


def _with_s(base: tuple[str, ...]) -> tuple[str, ...]:
    if base[-1] in _SIBILANTS:
        return (*base, "IH0", "Z")
    return (*base, "S" if base[-1] in _VOICELESS else "Z")


def _syllables(found: tuple[str, ...], *, weak: bool) -> list[Syllable]:
    """Splits phones by the maximal onset principle: a syllable takes the longest cluster before its vowel
    that can begin an English syllable."""
    nuclei = [i for i, phone in enumerate(found) if is_vowel(phone)]
    if not nuclei:
        return []
    starts = [0]
    for before, nucleus in pairwise(nuclei):
        between = found[before + 1 : nucleus]
        most = min(len(between), _LONGEST_ONSET)
        size = next(n for n in range(most, -1, -1) if _opens(between[len(between) - n :]))
        starts.append(nucleus - size)
    ends = [*starts[1:], len(found)]
    return [
        Syllable(
            onset=found[start:nucleus],
            nucleus=found[nucleus].rstrip("012"),
            coda=found[nucleus + 1 : end],
            stress=0 if weak else int(found[nucleus][-1]),
            ends_word=end == len(found),
        )
        for start, nucleus, end in zip(starts, nuclei, ends, strict=True)
    ]


def _opens(cluster: tuple[str, ...]) -> bool:
    return not cluster or (len(cluster) == 1 and cluster[0] != "NG") or cluster in _ONSETS
