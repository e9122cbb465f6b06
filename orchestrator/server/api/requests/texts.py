"""The types of single fields: texts that say something, names, addresses, whole numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from orchestrator.songs.brief import DESCRIPTION_CHARACTERS, SOMETHING

_LABEL = r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?"
_PORT = r":([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3})"
URL = rf"^https?://({_LABEL}\.){{0,8}}{_LABEL}({_PORT})?(/[A-Za-z0-9/._~%!$&'()*+,;=:@?-]*)?$"
KEY = r"^[A-G][#b]? (major|minor|dorian|mixolydian|phrygian|lydian)$"


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# JSON Schema takes 3.0 for an integer, and some languages write 3 so.
WHOLE = BeforeValidator(_whole)
Whole = Annotated[int, WHOLE]
Sentence = Annotated[str, Field(min_length=1, max_length=DESCRIPTION_CHARACTERS, pattern=SOMETHING)]
Words = Annotated[str, Field(max_length=100)]
