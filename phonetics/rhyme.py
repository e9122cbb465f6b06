"""Rhyme by phones: two words rhyme if they sound alike from their last stressed vowel on, and are not the
same."""

from __future__ import annotations

from phonetics.dictionary import is_vowel
from phonetics.words import phones, pronounce


def rhyme_part(text: str) -> tuple[str, ...]:
    """The phones, without stress digits, from the last stressed vowel of the last sounding word of
    ``text``."""
    sound = _last_word(text)
    nuclei = [i for i, phone in enumerate(sound) if is_vowel(phone)]
    stressed = [i for i in nuclei if sound[i][-1] != "0"]
    start = stressed[-1] if stressed else (nuclei[-1] if nuclei else 0)
    return _merged(tuple(phone.rstrip("012") for phone in sound[start:]))


def rhymes(a: str, b: str) -> bool:
    """Whether the last words of ``a`` and ``b`` rhyme perfectly: the same rhyme part, but not the same sound
    as a whole (a word does not rhyme with itself)."""
    return rhyme_part(a) == rhyme_part(b) != () and _last_word(a) != _last_word(b)


def _last_word(text: str) -> tuple[str, ...]:
    sounding = [word for word in pronounce(text) if word.syllables]
    return phones(sounding[-1].text) if sounding else ()


def _merged(part: tuple[str, ...]) -> tuple[str, ...]:
    """The rhyme part with the sounds made one that most speakers, and nearly all singers, do not tell apart:
    "fire"
    and "higher", "year" and "here", "gone" and "on"."""
    if part[:2] in (("AY", "ER"), ("AW", "ER")):
        return (part[0], "R", *part[2:])
    if part[:2] == ("IH", "R"):
        return ("IY", *part[1:])
    if part[:1] == ("AO",) and part[1:2] != ("R",):
        return ("AA", *part[1:])
    return part
