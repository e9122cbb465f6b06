"""The name under which a response is saved: ``Content-Disposition`` (RFC 6266, with RFC 8187 for any
script)."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal
from urllib.parse import quote

Kind = Literal["inline", "attachment"]

_ATTR_CHARS = "!#$&+-.^_`|~"  # beside letters and digits, what RFC 8187 leaves as it is
# In the plain name, clients differ in how they read these (RFC 6266, appendix D).
_UNSAFE = re.compile(r'["\\\x00-\x1f\x7f]|%(?=[0-9A-Fa-f]{2})')


_SPELLED = str.maketrans(
    {"ß": "ss", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o", "Ł": "L", "ł": "l"}
    | dict.fromkeys("\u2018\u2019", "'")
    | dict.fromkeys("\u2010\u2011\u2013\u2014", "-")
)
"""In ASCII, of letters and signs that Unicode does not take apart."""


def disposition(kind: Kind, name: str, instead: str) -> str:
    """The header for a file of this name, which is in it twice: whole, and in ASCII for old clients, where
    ``instead`` stands for a title of which nothing is left. It is one line of ASCII, whatever the name is."""
    whole = quote(name, safe=_ATTR_CHARS, errors="replace")
    return f"{kind}; filename=\"{ascii_name(name, instead)}\"; filename*=UTF-8''{whole}"


def ascii_name(name: str, instead: str) -> str:
    """``name`` in ASCII: letters without their accents, and no others."""
    parts = unicodedata.normalize("NFKD", name.translate(_SPELLED))
    plain = _UNSAFE.sub("_", parts.encode("ascii", "ignore").decode())
    stem, point, extension = plain.rpartition(".")
    stem = " ".join(stem.split()).strip(" .") or instead
    # What the file is follows a title of other letters: "- bass" alone would be an option of a command.
    return f"{f'{instead} ' if stem.startswith('- ') else ''}{stem}{point}{extension}"
