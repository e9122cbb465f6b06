"""A description in plain words: signs, hashtags, fields such as "mood: sad" and short forms become words."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from reading.cleaning import plain, stripped

_ROLES: dict[str, tuple[str, ...]] = {
    "topic": ("lyrical theme", "lyrics theme", "lyrics about", "song about", "topic", "theme", "subject", "about", "story",
              "concept", "thema", "sujet", "tema"),
    "title": ("title of the song", "song title", "song name", "title", "name", "titel", "titre", "título", "titolo"),
    "avoid": ("exclude styles", "excluded styles", "negative prompt", "negative tags", "negative", "exclude", "excluded",
              "avoid", "don't include"),
    "voice": ("vocal style", "vocal type", "vocal gender", "vocals", "vocal", "voice", "vocalist", "singer", "gender"),
    "style": ("style of music", "music style", "musical style", "style", "styles", "genres", "genre", "subgenre", "sub-genre",
              "moods", "mood", "vibe", "vibes", "feel", "feeling", "era", "tags", "prompt", "description", "sound", "production",
              "emotion", "atmosphere", "instruments", "instrument", "instrumentation", "arrangement", "stil", "estilo", "stile"),
    "instrumental": ("instrumental",),
    "number": ("time signature", "beats per minute", "bpm", "tempo", "key", "metre", "meter", "length", "duration", "energy",
               "language"),
}  # fmt: skip
"""What the name of a field stands for."""
_ROLE = {name: role for role, names in _ROLES.items() for name in names}
_NAMES = "|".join(sorted((re.escape(name) for name in _ROLE), key=len, reverse=True))
_FIELD = re.compile(rf"(?<![\w-])({_NAMES})\s*(?:[:=]|(?:\s[-–—]>?\s)(?=\S)(?!\d))\s*", re.IGNORECASE)
_DASHED = re.compile(r"\s[-–—]")
_HASHTAG = re.compile(r"(?<![\w&#])#([^\W\d_][\w]*)")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BULLET = re.compile(r"(?m)^[ ]*(?:[*•·▪‣–-]|\d{1,2}[.)])[ ]+")
_LINE_END = re.compile(r"[ ]*\n[ \n]*")
_KEPT_SIGNS = frozenset("♩♪♫♬♭♯♮°𝅘𝅥©®™")
_LESS = re.compile(
    r"\b(drum|beat|bass|guitar|synth|piano|vocal|voice|lyric|word|percussion)s?[- ]?(?:less\b|free\b(?!\s+(?:download|style|verse)))",
    re.IGNORECASE,
)
_SHORT_FORMS = (
    (re.compile(r"[’‘´`](?=\w)"), "'"),
    (re.compile(r"(?<=[^\W_])_(?=[^\W_])"), " "),
    (re.compile(r"\bno-(?=[a-z])", re.IGNORECASE), "no "),
    (re.compile(r"\bw/o\b\s*", re.IGNORECASE), "without "),
    (re.compile(r"\bw/(?=[\s\w])\s*", re.IGNORECASE), "with "),
    (re.compile(r"\b(do|does|is|are|was|ca|wo|should|must|would|could)nt\b", re.IGNORECASE), r"\1n't"),
    (re.compile(r"\bcan not\b", re.IGNORECASE), "cannot"),
    (re.compile(r"\b(a)[ -]?(c)app?ell?(a)\b", re.IGNORECASE), "a cappella"),
)
_ABOUT = re.compile(r"^(?:about|lyrics about)\s+", re.IGNORECASE)
_CAPITALS = re.compile(r"[^\W\d_]{2,}")
_YES, _NO = frozenset("yes true on y 1".split()), frozenset("no none false off n 0 without nobody".split())


@dataclass(frozen=True)
class Wording:
    """``text`` is the description in plain words, ``avoid`` what it lists as not wanted."""

    text: str
    avoid: str = ""


def wording(description: str) -> Wording:
    """The description without signs that are no words. Fields become phrases: "topic: rain" is "about rain"."""
    text = _BULLET.sub(", ", plain(stripped(description, lines=True)))
    text = _LINE_END.sub(_joined, text)
    text = "".join(" " if _is_picture(sign) else sign for sign in text)
    text = _HASHTAG.sub(lambda tag: f", {_CAMEL.sub(' ', tag[1]).replace('_', ' ')} ,", text)
    if not any(sign.islower() for sign in text):
        text = _CAPITALS.sub(lambda word: word[0].lower(), text)
    for pattern, form in _SHORT_FORMS:
        text = pattern.sub(form, text)
    text = _LESS.sub(_without, text)
    text, avoid = _fields(text)
    return Wording(" ".join(text.split()), " ".join(avoid.split()))


def _joined(end: re.Match[str]) -> str:
    """A line that goes on in the next one is joined to it; others are kept apart."""
    before, after = end.string[: end.start()][-1:], end.string[end.end() : end.end() + 1]
    return " " if not before or before in ",;.:!?" or after.islower() else ", "


def _is_picture(sign: str) -> bool:
    if sign in _KEPT_SIGNS or ord(sign) < 0x2000:
        return False
    return unicodedata.category(sign) in ("So", "Sk", "Co", "Cs", "Cn") or sign in "\ufe0f\ufe0e\u20e3"


def _without(match: re.Match[str]) -> str:
    name = match[1].lower()
    return f"no {name if name in ('bass', 'percussion') else f'{name}s'}"


def _fields(text: str) -> tuple[str, str]:
    """``text`` with its fields as phrases, and what it excludes."""
    fields = list(_FIELD.finditer(text))
    # "name - " is a field only among others, or "rock - sad" would be one.
    fields = [
        field for field in fields if not _DASHED.search(field[0]) or (field.start() == 0 and len(fields) > 1)
    ]
    if not fields:
        return text, ""
    parts, avoided = [text[: fields[0].start()]], []
    for field, after in zip(fields, [*fields[1:], None], strict=True):
        value = text[field.end() : after.start() if after else len(text)].strip(" ,;|/.")
        role, plain_value = _ROLE[field[1].lower()], value.lower().strip()
        if role == "avoid":
            avoided.append(value)
        elif role == "topic":
            parts.append(f", about {_ABOUT.sub('', value)} ; ")
        elif role == "title":
            parts.append(f", titled {value} ; ")
        elif role == "voice":
            parts.append(", no vocals , " if plain_value in _NO else f", {_voiced(value)} , ")
        elif role == "instrumental":
            parts.append(
                ", not instrumental , "
                if plain_value in _NO
                else f", instrumental , {'' if plain_value in _YES else value} , "
            )
        elif role == "number":
            parts.append(f", {field[1]}: {value} , ")
        elif plain_value not in _NO:
            parts.append(f", {value} , ")
        elif field[1].lower().startswith("instrument"):
            parts.append(", no instruments , ")
    return " ".join(parts), ", ".join(avoided)


def _voiced(value: str) -> str:
    """ "female, soft" as "female vocals, soft"."""
    return re.sub(
        r"^\W*((?:fe)?male|woman|man|girl|boy|both)\b(?!\s+(?:and|&|vocal|voice|sing))",
        r"\1 vocals",
        value,
        flags=re.I,
    )
