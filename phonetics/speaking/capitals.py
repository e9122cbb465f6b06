"""Words in capitals: initials, whose letters are named; Roman numerals; and shouting, which is words."""

from __future__ import annotations

import re

from phonetics.dictionary import lookup
from phonetics.numbers import cardinal, ordinal, roman, year
from phonetics.speaking.line import Line

# Letters that are named in any case: no words are written so.
_ALWAYS = frozenset(
    """nyc omg usa fbi tv atm bff brb btc byob dm dms edm faq ffs fyi gps hbo hdmi html http imo irl jfk lgbt
    lgbtq lgbtqia lmfao lmk mlk mvp nbc ngl nsfw nypd ootd pbs ptsd pvc rsvp smh sql stfu tbh tbt tfw tgif
    tldr tmi ufc url usb vhs vpn wtf wwe xoxo lapd lax kgb dj djs""".split()
)
# Letters that are named if they are in capitals: in lower case, or in a line of capitals, they are words.
_IN_CAPITALS = frozenset(
    """aa ai ak bs bts cia dc dna ed eu et fm hr hq id iq iv la lol lp mc md mia og
    od pc pr ps pov rip rv sos un va vip vp afk diy""".split()
)
_WORDS = frozenset("yas dat dis nah yea ooh ahh uhh ohh bae".split())
_SYLLABLES = re.compile(r"[bcdfghjklmnpqrstvwxz]{0,2}[aeiouy]{1,2}(?:[a-z]{1,2}[aeiouy]{1,2}){0,4}[a-z]{0,2}")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]+")
_LONGEST = 6
_RULERS = frozenset(
    """henry louis elizabeth charles george richard edward james william pope paul catherine nicholas philip
    francis leo pius benedict ivan napoleon frederick alexander mary margaret victoria""".split()
)
_NUMBERED = frozenset(
    """act apollo appendix book bowl chapter class episode fantasy figure grade level mark opus page part
    phase rocky round scene season stage step symphony title tome type verse version vol volume war
    world""".split()
)
_ONLY_NUMERALS = frozenset("II III IV VI VII VIII IX XI XII XIII XIV XV XVI XVII XVIII XIX XX XXI".split())
_COUNTRY_AFTER = frozenset(
    """army border citizen citizens congress constitution dollar dollars flag government mail map marine
    marines military navy of open president senate soil tour troops visa""".split()
)
_COUNTRY_BEFORE = frozenset("the in across a".split())


def capitals(core: str, line: Line, n: int) -> list[str] | None:
    """The words for ``core``, token ``n`` without punctuation at its edges: the names of its letters, or a
    number; None if it is to be read as a word."""
    base = core
    for mark in ("'s", "s"):
        shorter = core.removesuffix(mark)
        if shorter != core and len(shorter) > 1 and (shorter.isupper() or shorter.lower() in _ALWAYS):
            base = shorter
            break
    words = (_numeral(core, line, n) if base == core else None) or _letters(base, line, n)
    if words and base != core:
        words[-1] += "'s"  # "DJs" sounds as "DJ's" does
    return words


def letters(text: str) -> list[str]:
    """The names of the letters of ``text``: capitals."""
    return [letter for letter in text.upper() if letter.isalpha()]


def spells(core: str) -> bool:
    """Whether a run of letters beside a digit ("MP" of "MP3") is named letter by letter."""
    return len(core) == 1 or (
        len(core) <= 4 and (core.isupper() or bool(_CONSONANTS.fullmatch(core.lower())))
    )


def _letters(core: str, line: Line, n: int) -> list[str] | None:
    word = core.lower()
    if not (core.isascii() and core.isalpha()) or len(core) < 2:
        return None
    if word in _ALWAYS:
        return letters(core)
    if not core.isupper() or len(core) > _LONGEST or word in _WORDS:
        return None
    if line.shouted:
        # Some have no vowel: they cannot be words.
        return (
            letters(core) if _CONSONANTS.fullmatch(word) and len(set(word)) > 1 and not lookup(word) else None
        )
    if word in ("us", "it"):
        return letters(core) if _is_name(word, line, n) else None
    if word == "am":
        is_time = line.counted(n - 1) or line.after(n) in ("radio", "fm")
        return letters(core) if is_time else None
    if word == "la" and "la" in (line.before(n), line.after(n)):
        return None
    if word in _IN_CAPITALS:
        return letters(core)
    if lookup(word):
        return None
    return None if len(core) > 2 and _is_word(word) else letters(core)


def _is_word(word: str) -> bool:
    """Whether initials that are in no dictionary can be said as a word: "SZA" cannot, "NASDAQ" can."""
    if len(word) == 3:
        return word[0] not in "aeiou" and word[1] in "aeou" and word[2] not in "aeiou"
    return _SYLLABLES.fullmatch(word) is not None


def _is_name(word: str, line: Line, n: int) -> bool:
    """Whether "US" is the country, or "IT" the trade."""
    before, after = line.before(n), line.after(n)
    if word == "us":
        return before in _COUNTRY_BEFORE or after in _COUNTRY_AFTER
    return before in ("an", "the", "in", "of") and after in (
        "",
        "guy",
        "girl",
        "job",
        "crowd",
        "department",
        "man",
    )


def _numeral(core: str, line: Line, n: int) -> list[str] | None:
    value = roman(core) if core.isupper() else None
    if value is None:
        return None
    before = line.before(n)
    if before in _NUMBERED and not (core == "I" and (line.after(n) or before in ("world", "type", "class"))):
        return cardinal(str(value))
    if core in _ONLY_NUMERALS and line.capital(n - 1) and before:
        words = cardinal(str(value))
        return ["the", *ordinal(words)] if before in _RULERS else words
    if len(core) > 3 and core[0] == "M" and len(set(core)) > 1:
        return year(str(value)) if value < 10_000 else None
    return None
