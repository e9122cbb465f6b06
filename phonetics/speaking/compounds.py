"""What is written as one word and spoken as several, or otherwise: addresses, hashtags, "MP3", "sooooo"."""

from __future__ import annotations

import re
from itertools import groupby, product

from phonetics.dictionary import lookup
from phonetics.numbers import plural, spoken
from phonetics.speaking.capitals import letters, spells
from phonetics.speaking.forms import SHORT

_TAG = re.compile(r"#([^\W\d_]\w{0,99})")
_NUMBERED = re.compile(r"[#№]([0-9]{1,9}(?:s|'s)?)")
_NOTE = re.compile(r"([A-Ga-g])([#♯♭])(m|maj|min|7)?")
_SCHEME = re.compile(r"^(?:https?://)?(?:www\.)?", re.I)
_HANDLE = re.compile(r"@([\w.]{1,64})")
_CAMEL = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z']+|[0-9]+|[A-Z]|[^\W\d_]+")
STRETCHED = re.compile(r"([^\W\d_])\1\1", re.I)
# Words with one letter, where the same with two letters is a word or a name, too ("soong").
_COMMON = frozenset(
    """so no go to do who me we he she be the stop is us this yes was as his up get let it on song long gone
    strong wrong more lost lord born hot not got""".split()
)
_DOUBLE = "eolsf"
_MOST_RUNS = 4
_SITE = re.compile(
    r"(?:[\w.+-]{1,64}@)?(?:[a-z0-9-]{1,63}\.){1,4}(com|org|net|io|fm|tv|ai|app|dev|edu|gov|info|co|uk|de|gg|fr)"
    r"(?:/[\w./~%-]{0,200})?(?:[?#].{0,500})?",
    re.I,
)


def address(core: str) -> list[str] | None:
    """A web page, an electronic address, a name after @ or #."""
    if found := _TAG.fullmatch(core):
        return ["hashtag", *split(found[1])]
    if found := _NUMBERED.fullmatch(core):
        return ["number", *spoken(found[1].rstrip("'s"))]
    if found := _NOTE.fullmatch(core):
        kind = {"m": ["minor"], "min": ["minor"], "maj": ["major"], "7": ["seven"]}.get(found[3] or "", [])
        return [found[1].upper(), "flat" if found[2] == "♭" else "sharp", *kind]
    if found := _HANDLE.fullmatch(core):
        return ["at", *split(found[1])]
    rest = _SCHEME.sub("", core, count=1)
    if not _SITE.fullmatch(rest):
        return None
    words: list[str] = []
    names = {".": "dot", "/": "slash", "@": "at", "-": "dash", "_": "underscore", "+": "plus"}
    for piece in re.split(r"([./@_+-])", re.split(r"[?#]", rest)[0].rstrip("/")):
        words += [names[piece]] if piece in names else _host(piece)
    return words


def _host(piece: str) -> list[str]:
    return (
        letters(piece)
        if piece.lower() in ("io", "fm", "tv", "ai", "edu", "uk", "de", "gg", "fr")
        else split(piece)
    )


def split(text: str) -> list[str]:
    """The words of what is written as one: "MeToo", "Area51", "MP3"."""
    words: list[str] = []
    runs = _CAMEL.findall(text)
    for run in runs:
        if run.isdigit():
            words += spoken(run)
        elif run in ("'s", "s") and words and run != text:
            words = [*words[:-1], f"{words[-1]}'s"] if words[-1].isupper() else plural(words)
        elif run in ("x", "X") and run is runs[0] and len(runs) == 2 and runs[1].isdigit():
            words.append("times")
        elif len(runs) > 1 and len(text) < 12 and spells(run) and any(map(str.isdigit, text)):
            words += letters(run)
        else:
            words.append(run.lower())
    return words


def shortened(text: str) -> str | None:
    """A word whose letters are stretched, as it is usually written: "sooooo" so, "yeahhh" yeah."""
    if not STRETCHED.search(text) or lookup(text.lower()):
        return None
    runs = [(letter, len(list(run))) for letter, run in groupby(text.lower())]
    long = [place for place, (_, size) in enumerate(runs) if size > 2]
    if len(long) <= _MOST_RUNS and len(runs) < 30:
        for sizes in product(*(_sizes(runs, place) for place in long)):
            chosen = dict(zip(long, sizes, strict=True))
            word = "".join(letter * chosen.get(place, size) for place, (letter, size) in enumerate(runs))
            if word in _COMMON or lookup(word) or word in SHORT:
                return SHORT.get(word, word)
    return "".join(letter * min(size, 2) for letter, size in runs)


def _sizes(runs: list[tuple[str, int]], place: int) -> tuple[int, int]:
    """How often a stretched letter may be written, the likelier first."""
    letter = runs[place][0]
    single = "".join(one if at == place else one * size for at, (one, size) in enumerate(runs))
    return (2, 1) if letter in _DOUBLE and single not in _COMMON else (1, 2)
