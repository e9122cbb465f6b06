"""A request's tempo, key, metre, lyrics and language in the words that ACE-Step knows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from music.contract import MusicRequest, Source

# What the models were trained with: ACE-Step 1.5, acestep/constants.py.
METRES = {"2/4": "2", "3/4": "3", "4/4": "4", "6/8": "6"}
INSTRUMENTAL = "[Instrumental]"
"""The lyrics of a song that nobody sings, in the spelling of the training data (ACE-Step 1.5,
acestep/training/dataset_builder_modules/metadata.py, and docs/en/INFERENCE.md)."""
UNKNOWN = "unknown"
"""The language of such a song, and of lyrics in a language that the models do not know."""
_INSTRUMENTALS = frozenset({"", "[inst]", "[instrumental]"})  # acestep/api_server.py, _is_instrumental
_TAG = re.compile(r"\[[^\[\]]*\]")
_NEAREST_METRE = {"12/8": "6/8"}
_KEY = re.compile(r"([A-G][#b♯♭]?) (\w+)")
_THIRDS = {
    **dict.fromkeys(("major", "ionian", "lydian", "mixolydian"), "major"),
    **dict.fromkeys(("minor", "aeolian", "dorian", "phrygian", "locrian"), "minor"),
}
_LANGUAGES = frozenset(
    "ar az bg bn ca cs da de el en es fa fi fr he hi hr ht hu id is it ja ko la lt ms ne nl no pa pl pt ro ru"
    " sa sk sr sv sw ta te th tl tr uk ur vi yue zh".split()
)


@dataclass(frozen=True)
class Conditions:
    """Values that the model knows. None leaves the choice to it."""

    bpm: int | None
    key: str | None
    metre: str | None
    lyrics: str
    language: str
    warnings: tuple[str, ...]
    """How the values differ from the request, for the user."""


def conditions_of(request: MusicRequest) -> Conditions:
    """``INSTRUMENTAL`` stands for no lyrics. Lyrics of tags alone stay as they are, since the model follows
    them as a form, but their language is ``UNKNOWN`` as well: nothing is sung."""
    warnings = []
    named = _KEY.fullmatch(request.key)
    third = _THIRDS.get(named[2]) if named else None
    key = f"{named[1]} {third}" if named and third else None
    if key != request.key:
        warnings.append(f"ACE-Step knows major and minor: {_instead(request.key, key)}")
    near = _NEAREST_METRE.get(request.metre, request.metre)
    metre = near if near in METRES else None
    if metre != request.metre:
        warnings.append(f"ACE-Step knows {', '.join(METRES)}: {_instead(request.metre, metre)}")
    lyrics = INSTRUMENTAL if request.lyrics.strip().lower() in _INSTRUMENTALS else request.lyrics
    sung = bool(_TAG.sub("", lyrics).strip())
    language = request.language.lower().partition("-")[0]
    if sung and language not in _LANGUAGES:
        warnings.append(f"ACE-Step was not trained to sing in {request.language!r}")
    if not sung or language not in _LANGUAGES:
        language = UNKNOWN
    return Conditions(round(request.tempo_bpm), key, metre, lyrics, language, tuple(warnings))


def conditions_in(request: MusicRequest, source: Source) -> Conditions:
    """Of a part of ``source``: what is known of that, and of what is not, nothing."""
    facts = {"tempo_bpm": source.tempo_bpm, "key": source.key, "metre": source.metre}
    given = conditions_of(request.model_copy(update={name: value for name, value in facts.items() if value}))
    return replace(
        given,
        bpm=given.bpm if source.tempo_bpm else None,
        key=given.key if source.key else None,
        metre=given.metre if source.metre else None,
    )


def _instead(wanted: str, used: str | None) -> str:
    return f"{used} stands for {wanted}" if used else f"{wanted} is left to it"
