"""The codes of languages, and their names in English."""

from __future__ import annotations

import re
from functools import cache

from reading.languages.names import ABROAD, FORMER_LETTERS, NAMES, THREE_LETTERS

UNKNOWN = "und"
"""The code of ISO 639-2 for a language that is not known."""
_CODE = re.compile(r"[a-z]{2,3}")


def language_name(code: str) -> str:
    """The English name of a language ("Spanish"), or its code if there is none."""
    return NAMES[code][0] if code in NAMES else code


def language_code(text: str) -> str:
    """The ISO 639-1 code of a language that is named or given by any code: "English", "eng" and "en-US" are
    "en". A code of two or three letters that is not known stays as it is; empty for anything else."""
    plain = " ".join(text.lower().split())
    if plain in _by_name():
        return _by_name()[plain]
    code = re.split("[-_]", plain)[0]
    code = FORMER_LETTERS.get(code, _by_three_letters().get(code, code))
    return code if _CODE.fullmatch(code) else ""


def three_letters(code: str) -> str:
    """The code of ISO 639-2/T for one of ISO 639-1: "spa" for "es"; ``UNKNOWN`` if there is none."""
    return THREE_LETTERS.get(code, code if len(code) == 3 and _CODE.fullmatch(code) else UNKNOWN)


@cache
def _by_name() -> dict[str, str]:
    abroad = {name: code for code, names in ABROAD.items() for name in names.split("|")}
    return abroad | {name.lower(): code for code, names in NAMES.items() for name in names}


@cache
def _by_three_letters() -> dict[str, str]:
    return {three: two for two, three in THREE_LETTERS.items()}
