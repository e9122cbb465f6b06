"""A line of text as words with their syllables: the dictionary first, then what can be worked out from it,
then spelling rules. Every token with a letter or a digit can be sung; one without (a dash, an emoji) is
silent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from anyascii import anyascii

from phonetics.dictionary import LONGEST_WORD, is_vowel, lookup
from phonetics.letters import spell
from phonetics.numbers import spoken
from phonetics.syllables import Syllable

# Sung without weight unless they end a line: articles, prepositions, auxiliaries, pronouns, conjunctions.
_WEAK = frozenset(
    """a an and are as at be been but by can could do for from had has have he her him his i i'd i'll i'm
    i've if in into is it it's its just me my of on or our she so than that that's the their them then there
    they this to us was we we're were when where which who will with would you you're your""".split()
)
# Clusters that can open an English syllable, besides single consonants (NG opens none).
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
"""Characters of a token whose sound is kept in memory: 8,192 tokens of 10,000 would be gigabytes."""
_MOST_LETTERS = 10_000
"""Of one token in plain letters: more than are sung in ten minutes. One sign can stand for eighteen."""
_VOICELESS = ("P", "T", "K", "F", "TH")
_SIBILANTS = ("S", "Z", "SH", "ZH", "CH", "JH")


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written, punctuation included, and its syllables: none if it makes no sound."""

    text: str
    syllables: tuple[Syllable, ...]


def pronounce(line: str) -> tuple[Word, ...]:
    """The whitespace-separated words of ``line``, in order, as written."""
    return tuple(
        Word(token, (_kept_syllables if len(token) <= _LONGEST_KEPT else _token_syllables)(token))
        for token in line.split()
    )


def count_syllables(line: str) -> int:
    """How many notes ``line`` needs."""
    return sum(len(word.syllables) for word in pronounce(line))


def phones(word: str) -> tuple[str, ...]:
    """The word's phones in a row, vowels with their stress digit; empty if it makes no sound."""
    return _kept_phones(word) if len(word) <= _LONGEST_KEPT else _phones(word)


def _phones(word: str) -> tuple[str, ...]:
    parts = _PART.findall(_plain(word))
    return tuple(phone for part in parts for phone in _part_phones(part))


_kept_phones = lru_cache(maxsize=8192)(_phones)


def is_known(word: str) -> bool:
    """Whether each part of ``word`` is in the dictionary as it is."""
    parts = _PART.findall(_plain(word))
    return bool(parts) and all(lookup(part) is not None for part in parts)


def _plain(word: str) -> str:
    """Lower case, the letters a to z only, typographic apostrophes made plain, quotes at the ends dropped."""
    text = anyascii(word.replace("’", "'").replace("ʼ", "'")) if not word.isascii() else word
    return text[:_MOST_LETTERS].lower().replace("`", "'")


def _token_syllables(token: str) -> tuple[Syllable, ...]:
    letters = [c for c in token if c.isalnum()]
    if not letters:
        return ()  # anyascii spells emoji out (":tada:"), but nobody sings them
    syllables: list[Syllable] = []
    for part in _PART.findall(_plain("".join(c if c.isalnum() or c in "'’ʼ" else " " for c in token))):
        syllables += _syllables(_part_phones(part), weak=part.strip("'") in _WEAK)
    return tuple(syllables)


_kept_syllables = lru_cache(maxsize=8192)(_token_syllables)


def _part_phones(part: str) -> tuple[str, ...]:
    if part.isdigit():
        return tuple(phone for word in spoken(part) for phone in lookup(word) or spell(word))
    bare = part.strip("'")
    if not bare:
        return ()
    found = _dropped_g(part) or lookup(part) or lookup(bare) or _derived(bare)
    # The dictionary writes "hmm" without a vowel, and nobody can hold such a note.
    return found if found and any(map(is_vowel, found)) else spell(bare)


def _dropped_g(word: str) -> tuple[str, ...] | None:
    """ "lovin'" as "loving" without its last sound."""
    base = lookup(word[:-1] + "g") if word.endswith("in'") else None
    return (*base[:-1], "N") if base else None


def _derived(word: str) -> tuple[str, ...] | None:
    """Possessives, plurals and compounds of words that the dictionary has."""
    for ending in ("'s", "s'", "s", "es"):
        if word.endswith(ending) and (base := lookup(word.removesuffix(ending))):
            if base[-1] in _SIBILANTS:
                return (*base, "IH0", "Z")
            return (*base, "S" if base[-1] in _VOICELESS else "Z")
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


def _syllables(found: tuple[str, ...], *, weak: bool) -> list[Syllable]:
    """Splits phones by the maximal onset principle: a syllable takes all consonants before its vowel that
    can open an English syllable together."""
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
        )
        for start, nucleus, end in zip(starts, nuclei, ends, strict=True)
    ]


def _opens(cluster: tuple[str, ...]) -> bool:
    return not cluster or (len(cluster) == 1 and cluster[0] != "NG") or cluster in _ONSETS
