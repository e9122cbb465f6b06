"""Rhyme by phones: two words rhyme if they are different and sound the same from their last stressed vowel
on."""

from __future__ import annotations

from phonetics.dictionary import is_vowel
from phonetics.words import last_phones


def rhyme_part(text: str) -> tuple[str, ...]:
    """The phones, without stress digits, from the last stressed vowel on of the last word of ``text`` that
    has a sound."""
    sound = last_phones(text)
    nuclei = [i for i, phone in enumerate(sound) if is_vowel(phone)]
    stressed = [i for i in nuclei if sound[i][-1] != "0"]
    start = stressed[-1] if stressed else (nuclei[-1] if nuclei else 0)
    return _merged(tuple(phone.rstrip("012") for phone in sound[start:]))


def rhymes(a: str, b: str) -> bool:
    """Whether the last words of ``a`` and ``b`` rhyme perfectly: they have the same rhyme part, but do not
    sound the same as a whole."""
    return rhyme_part(a) == rhyme_part(b) != () and last_phones(a) != last_phones(b)


def _merged(part: tuple[str, ...]) -> tuple[str, ...]:
    """The rhyme part, with sounds unified that most speakers and nearly all singers do not distinguish:
    "fire" and "higher", "year" and "here", "gone" and "on"."""
    if part[:2] in (("AY", "ER"), ("AW", "ER")):
        return (part[0], "R", *part[2:])
    if part[:2] == ("IH", "R"):
        return ("IY", *part[1:])
    if part[:1] == ("AO",) and part[1:2] != ("R",):
        return ("AA", *part[1:])
    return part
