"""The CMU Pronouncing Dictionary: 125,000 English words as ARPAbet phones, loaded at the first look-up."""

from __future__ import annotations

import lzma
from functools import cache
from importlib import resources

LONGEST_WORD = 28
"""Letters of the dictionary's longest word. A longer word needs no look-up."""
VOWELS = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())

# A word's first pronunciation is the most usual one in speech. For these words singers use the shortest one.
_SUNG_SHORT = frozenset(
    """every everything everybody everyone fire fires hour hours our ours flower flowers power powers shower
    tower towers different memory memories family favorite evening several desire tired wire higher""".split()
)
# Words for which lyrics need another pronunciation than the dictionary's first.
_PREFERRED = {
    "a": "AH0",
    "an": "AE0 N",
    "and": "AE0 N D",
    "because": "B IH0 K AH1 Z",
    "close": "K L OW1 S",
    "for": "F AO1 R",
    "from": "F R AH1 M",
    "live": "L IH1 V",
    "of": "AH1 V",
    "our": "AW1 R",
    "read": "R IY1 D",
    "tear": "T IH1 R",
    "tears": "T IH1 R Z",
    "the": "DH AH0",
    "to": "T UW1",
    "was": "W AA1 Z",
    "wind": "W IH1 N D",
    "winds": "W IH1 N D Z",
    "your": "Y AO1 R",
}


def lookup(word: str) -> tuple[str, ...] | None:
    """The phones of a lower-case ``word``, vowels with their stress digit (0, 1, 2); None if it is not
    there."""
    if word in _PREFERRED:
        return tuple(_PREFERRED[word].split())
    entry = _entries().get(word)
    if entry is None:
        return None
    spoken = [tuple(one.split()) for one in entry.split(",")]
    return min(spoken, key=lambda sound: sum(map(is_vowel, sound))) if word in _SUNG_SHORT else spoken[0]


def is_vowel(phone: str) -> bool:
    """Whether ``phone``, with or without a stress digit, is the nucleus of a syllable."""
    return phone.rstrip("012") in VOWELS


@cache
def _entries() -> dict[str, str]:
    packed = resources.files("phonetics").joinpath("data/cmudict.txt.xz").read_bytes()
    lines = lzma.decompress(packed).decode().splitlines()
    return dict(line.split("\t", 1) for line in lines)
