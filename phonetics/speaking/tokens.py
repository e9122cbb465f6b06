"""A token of a line as the words that are spoken for it."""

from __future__ import annotations

import re
import unicodedata

from phonetics.numbers import spoken
from phonetics.speaking.amounts import amount
from phonetics.speaking.capitals import capitals, letters
from phonetics.speaking.compounds import STRETCHED, address, shortened, split
from phonetics.speaking.forms import (
    ABBREVIATIONS,
    BEFORE_NUMBERS,
    FACES,
    FORTS,
    JOINTS,
    SCALE_WORDS,
    SHORT,
    SIGNS,
    STOPPED,
    TITLES,
    UNITS,
)
from phonetics.speaking.line import Line

MOST_CHARACTERS = 10_000
"""Most characters of a token that are read: more than can be sung in ten minutes."""
_LEFT = '"“”„«»‹›([{<*_~…‚‘¿¡♪♫|,;:!?'
_RIGHT = '"“”„«»‹›)]}>*_~…,;:!?♪♫|'
_DROPPED = dict.fromkeys(map(ord, "™®©℠\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f\u20e3\ufeff"))
_ALIKE = str.maketrans("’‘ʼ＇`−‑‐＂", "'''''---\"")
_VULGAR = re.compile(r"([0-9]*)([¼½¾⅐-⅞])")
_DOTTED = re.compile(r"(?:[^\W\d_]\.){1,12}[^\W\d_]?\.?(?:'s)?")
_JOINT = re.compile(r"([&+=×÷@])|[-–—/_…~|.,:;!?\"“”()\[\]{}<>*^#\\]+")
_RUN = re.compile(r"[^\W\d_']+(?:'[^\W\d_]+)*'?|[0-9]+|'[^\W\d_]+'?")
_STUTTER = re.compile(r"(?:([a-z])-){1,12}\1[a-z']{1,40}", re.I)
_DOLLAR = re.compile(r"\$[^\W\d_]|[^\W\d_]\$")
_LOWER_ONLY = frozenset("k n r bc rn im".split())  # in capitals they are letters
_GRADES = frozenset("grade plan vitamin letter hepatitis".split())
OPENERS = frozenset("war chapter act part volume".split()) | _GRADES
"""Words before which "A" and "I" may be a letter and a number."""
FOLLOWERS = frozenset(("a", "i", "am", "pm")) | frozenset(UNITS) | SCALE_WORDS
"""Words that may be spoken otherwise after a number, or after one of ``OPENERS``."""
_EDGE = r"[^\w#$@&+=%<>°€£¥₹₽₩₿¢/^\\]{0,12}"
_ORDINARY = re.compile(rf"{_EDGE}([^\W\d_]+(?:['’-][^\W\d_]+)*['’]?)({_EDGE})")
_PLURAL_CAPITALS = re.compile(r"[A-Z]{2,12}'?s")
_SINGLE = re.compile(r"(?:^|-)[^\W\d_](?:-|$)")
_SPECIAL = OPENERS | set(SHORT) | set(ABBREVIATIONS) | {"dr", "st", "ft"}
_SPECIAL_STOPPED = set(STOPPED) | set(TITLES) | set(BEFORE_NUMBERS)
_NOT_STREETS = frozenset(
    """a an and at but by call calling dear for from good hello hey hi i in is it king like mr mrs my near no
    of oh on or our paging please saint so thank thanks that the to with yeah yes yo""".split()
)


def said(line: Line, n: int) -> list[str] | None:
    """The words for token ``n`` of ``line``, lower-case, the names of letters as capitals; empty if it is
    silent; None if it is read as it is written."""
    token = tidy(line.tokens[n])
    if token in FACES:
        return []
    core = _core(token)
    words = _whole(token, core, line, n)
    return words if words is not None else _part(core, line, n)


def is_ordinary(token: str) -> bool:
    """Whether ``token`` is a word, or words with hyphens, that is read as it is written in every line. Words
    with two sounds are ordinary, too."""
    if token.isascii() and token.isalpha() and token[1:].islower():  # most tokens
        return token.lower() not in _SPECIAL and not STRETCHED.search(token)
    found = _ORDINARY.fullmatch(token)
    if not found or STRETCHED.search(token):
        return False
    word, after = found[1].replace("’", "'"), found[2]
    if not word.isascii() and any(map(str.isnumeric, word)):
        return False  # "½" counts as a letter where patterns are concerned
    if len(word) == 1:
        return word in "AIO" or (not word.isupper() and word not in _SPECIAL)
    parts = word.split("-")
    if any(len(part) > 1 and part.isupper() and part != part.lower() for part in parts):
        return False
    if _PLURAL_CAPITALS.fullmatch(word) or (len(parts) > 1 and _SINGLE.search(word)):
        return False
    lower = word.lower()
    is_special = lower in _SPECIAL_STOPPED and after.startswith(".")
    return not is_special and _SPECIAL.isdisjoint(lower.split("-"))


def tidy(token: str) -> str:
    """``token`` with one form for what has several: digits, apostrophes, ligatures, full-width signs."""
    token = token[:MOST_CHARACTERS]
    if token.isascii():
        return token.replace("`", "'")
    kept = token.translate(_DROPPED).translate(_ALIKE)
    kept = "".join(c if _VULGAR.fullmatch(c) else _plain(c) for c in kept)
    return unicodedata.normalize("NFC", kept)[:MOST_CHARACTERS]


def is_mark(character: str) -> bool:
    """Whether ``character`` belongs to the letter before it: an accent, a vowel sign."""
    return not character.isascii() and unicodedata.category(character)[0] == "M"


def _plain(character: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    category = unicodedata.category(character)
    return unicodedata.normalize("NFKC", character) if category[0] in "LNPS" else character


def _core(token: str) -> str:
    core = token.lstrip(_LEFT).rstrip(_RIGHT)
    if core.startswith("..") or (core[:1] == "." and not core[1:2].isdigit()):
        core = core.lstrip(".")
    return core


def _whole(token: str, core: str, line: Line, n: int) -> list[str] | None:
    """The words for a token that is one thing as a whole."""
    if token in ("<3", "&lt;3"):
        return ["heart"]
    if not any(map(str.isalnum, core)):
        return _sign(core, line, n)
    bare = core.rstrip(".").lower()
    is_letters = bare in _LOWER_ONLY and ((core.isupper() and not line.shouted) or line.number(n - 1))
    if bare in SHORT and not is_letters:
        return SHORT[bare].split()
    if len(core) == 1 and core.isupper():
        return _letter(core, line, n)
    words = _abbreviation(core, line, n)
    if words is not None:
        return words
    if _DOTTED.fullmatch(core) and (core.count(".") > 1 or (core[1:2] == "." and core[2:3].isalpha())):
        return letters(core.removesuffix("'s"))
    if bare in UNITS and line.number(n - 1):
        return UNITS[bare][line.written(n - 1) != "1"].split()
    if bare in ("am", "pm") and line.counted(n - 1) and line.after(n) not in ("i", "not"):
        return letters(bare)
    if bare in SCALE_WORDS and line.number(n - 1) and line.written(n - 1)[:1] in "$€£¥":
        word = "thousand" if bare == "k" else bare
        return [word, UNITS[line.written(n - 1)[0]][1]]
    return address(core.rstrip("."))


def _sign(core: str, line: Line, n: int) -> list[str] | None:
    if core in SIGNS and n + 1 < len(line.tokens):
        return SIGNS[core].split()
    if core in UNITS and line.number(n - 1):
        return UNITS[core][line.written(n - 1) != "1"].split()
    return ["number"] if core in ("#", "№") and line.number(n + 1) else []


def _letter(core: str, line: Line, n: int) -> list[str] | None:
    """A capital alone: "A" and "I" are words, but for "Plan A", "A B C" and "Chapter I"."""
    around = [line.written(at).strip(_LEFT + _RIGHT + ".") for at in (n - 1, n + 1)]
    if core == "I" and line.before(n) in OPENERS - _GRADES and not line.after(n):
        return ["one"]
    is_country = line.before(n) == "of" and line.before(n, 2) == "us"
    is_letter = core == "A" and (
        is_country
        or line.before(n) in _GRADES
        or any(len(a) == 1 and a.isupper() and a not in "AIO" for a in around)
    )
    return ["A"] if is_letter else None


def _abbreviation(core: str, line: Line, n: int) -> list[str] | None:
    has_stop = core.endswith(".") or line.tokens[n].rstrip(_RIGHT).endswith(".")
    bare = core.rstrip(".").lower()
    if bare in ("dr", "st", "ft"):
        return [_street(bare, line, n)]
    if bare in ABBREVIATIONS:
        return ABBREVIATIONS[bare].split()
    if not has_stop:
        return None
    if bare in STOPPED:
        return [STOPPED[bare]]
    if bare in TITLES and core[0].isupper() and line.capital(n + 1):
        return [TITLES[bare]]
    if bare in BEFORE_NUMBERS and line.number(n + 1):
        return [BEFORE_NUMBERS[bare]]
    return None


def _street(bare: str, line: Line, n: int) -> str:
    """ "dr", "st" or "ft": by the words on both sides."""
    if bare == "ft":
        if line.number(n - 1):
            return "feet"
        return "fort" if n + 1 < len(line.tokens) and line.words[n + 1] in FORTS else "featuring"
    before = line.words[n - 1] if n else ""
    after_name = line.capital(n - 1) and before not in _NOT_STREETS
    is_last = n + 1 == len(line.tokens) and before and before not in _NOT_STREETS
    is_street = before[:1].isdigit() or is_last or (after_name and not line.capital(n + 1))
    if bare == "dr":
        return "drive" if is_street else "doctor"
    return "street" if is_street else "saint"


def _part(core: str, line: Line, n: int) -> list[str] | None:
    """The words for a token that may be joined of several."""
    text = core.rstrip(".") or core
    words = amount(text, line, n) if any(map(str.isdigit, text)) else None
    if words is not None:
        return words
    if found := _VULGAR.fullmatch(text):
        return _vulgar(found[1], found[2], line, n)
    if _DOLLAR.search(text) and not any(map(str.isdigit, text)):
        return split(text.replace("$", "S" if text.isupper() else "s"))
    if text.isalpha() or "'" in text:
        if (found_words := capitals(text, line, n)) is not None:
            return found_words
        if (word := shortened(text)) is not None:
            return [word]
        if text.isalpha():
            return None
    if _STUTTER.fullmatch(text):
        *first, last = text.lower().split("-")
        return [*(part if part in "aeiou" else part * 3 for part in first), last]
    return _parts(text, line, n)


def _vulgar(whole: str, part: str, line: Line, n: int) -> list[str]:
    text = unicodedata.normalize("NFKC", part).replace("\u2044", "/")
    joined = Line((whole, text)) if whole else line
    return [*(spoken(whole) if whole else []), *(amount(text, joined, 1 if whole else n) or [])]


def _parts(text: str, line: Line, n: int) -> list[str] | None:
    """The words for parts that are joined by signs ("A-B-C", "R&B", "AK-47", "PS5"); None if each part is a
    word as it is written."""
    pieces = [piece for piece in _JOINT.split(text) if piece]
    if len(set(text.lower())) > 2 and all(len(piece) == 1 and piece.isalpha() for piece in pieces):
        return letters("".join(pieces))
    words: list[str] = []
    is_changed = False
    for piece in pieces:
        if piece in JOINTS:
            words += JOINTS[piece].split()
            is_changed = True
            continue
        changed = None if piece == text else _piece(piece, line, n)
        if len(piece) == 1 and piece.isupper() and piece != "I":
            changed = [piece]
        if changed is None and any(map(str.isdigit, piece)):
            changed = split(piece)
        words += changed if changed is not None else _RUN.findall(piece.lower())
        is_changed = is_changed or changed is not None
    return words if is_changed else None


def _piece(piece: str, line: Line, n: int) -> list[str] | None:
    if any(map(str.isdigit, piece)):
        return amount(piece, line, n)
    if piece.lower() in SHORT and len(piece) > 1:
        return SHORT[piece.lower()].split()
    words = capitals(piece, line, n)
    return words if words is not None else ([word] if (word := shortened(piece)) else None)
