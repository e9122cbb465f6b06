"""What the client checks before it sends anything: the service's address, the token, ids, keys, times."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from songwright.errors import InvalidArgument, InvalidCall

RIGHTS = ("mine", "licensed", "public-domain")
"""A recording is the user's own, its owner allows its use, or nobody owns it."""
_LONGEST_TOKEN = 4096
_LONGEST_KEY = 255
_VISIBLE = re.compile(r"[\x21-\x7e]*", re.ASCII)
_PRINTABLE = re.compile(r"[\x20-\x7e]*", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_ROLE = re.compile(r"(stem:)?[A-Za-z0-9_][A-Za-z0-9_ -]{0,63}", re.ASCII)
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.?|[0-9a-fA-F.]*:[0-9a-fA-F:.]*(%\w+)?")
_QUOTES = "\"'`\u2018\u2019\u201c\u201d"
_PAGES = ("/docs", "/openapi.json", "/health", "/health/ready")
_ALIKE = 0.6


def checked_url(url: object) -> str:
    """The address of a service. Raises ``InvalidArgument``."""
    if not isinstance(url, str):
        raise InvalidArgument("url", url, "give the service's address as text")
    for fix, wrong in (
        ("leave out spaces and line breaks", not _VISIBLE.fullmatch("".join(c for c in url if c.isascii()))),
        ("leave out characters that cannot be seen", not url.isprintable()),
        ("it begins with http:// or https://", not url.lower().startswith(("http://", "https://"))),
        ("write / instead of \\", "\\" in url),
    ):
        if wrong:
            raise InvalidArgument("url", url, fix)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidArgument("url", url, f"it is no address: {error}") from error
    page = next((page for page in _PAGES if parts.path.rstrip("/").endswith(page)), "")
    for fix, wrong in (
        ("leave name and password out: the token is the second argument", "@" in parts.netloc),
        ("it names no host", not _HOST.fullmatch(parts.hostname or "")),
        ("write http:// or https:// once", parts.hostname in ("http", "https")),
        ("a port is 1 to 65535", port == 0 or parts.netloc.endswith(":")),
        ("leave out what follows ? and #", bool(parts.query or parts.fragment)),
        (f"leave out {page}", bool(page)),
    ):
        if wrong:
            raise InvalidArgument("url", url if "@" not in parts.netloc else "", fix)
    return url


def checked_token(token: object) -> str:
    """A token as the service takes it. Raises ``InvalidArgument``, which does not show it."""
    if not isinstance(token, str):
        raise InvalidArgument("token", "", f"give the service's token as text, not as {_kind(token)}")
    for fix, wrong in (
        ("it is empty: give the service's token", not token.strip()),
        ("it has spaces or line breaks around it: strip them", token != token.strip()),
        ("leave the word Bearer out", token.lower().startswith("bearer ")),
        ("leave the quotes out", token[:1] in _QUOTES or token[-1:] in _QUOTES),
        ("leave its name and the = out", token.startswith("API_BEARER_TOKEN=")),
        ("it stands for a token: give the token itself", token[:1] in "<$" and token[-1:] not in "$"),
        ("it is a list of tokens: give one", "," in token),
        ("it is too long for a token", len(token) > _LONGEST_TOKEN),
        ("a token has neither spaces nor letters beyond ASCII", not _VISIBLE.fullmatch(token)),
    ):
        if wrong:
            raise InvalidArgument("token", "", fix)
    return token


def checked_settings(settings: Mapping[str, Any], known: Collection[str]) -> None:
    """Raises ``InvalidCall`` for a setting that there is not, and ``InvalidArgument`` for its value."""
    check_names(settings, known)
    for name, value in settings.items():
        if name == "retries":
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise InvalidArgument(name, value, "give a whole number, 0 or more")
        elif not _is_number(value) or not math.isfinite(value) or value < 0:
            raise InvalidArgument(name, value, "give seconds, 0 or more")
        elif name in ("timeout_s", "poll_s") and value == 0:
            raise InvalidArgument(name, value, "give more than 0 seconds")


def checked_wait(timeout_s: object) -> float | None:
    """The seconds of a wait; None for as long as it takes. Raises ``InvalidArgument``."""
    if timeout_s is None:
        return None
    if not isinstance(timeout_s, int | float) or isinstance(timeout_s, bool) or not timeout_s >= 0:
        raise InvalidArgument("timeout_s", timeout_s, "give seconds, 0 or more, or None")
    return None if math.isinf(timeout_s) else float(timeout_s)


def checked_id(song_id: object, name: str = "song") -> str:
    """A song's id, which becomes a part of a path. Raises ``InvalidArgument``."""
    if not isinstance(song_id, str) or not _ID.fullmatch(song_id):
        raise InvalidArgument(name, song_id, "give a song or its id, which has 15 letters and digits")
    return song_id


def checked_rights(rights: object) -> str:
    """Why a recording may be used. Raises ``InvalidArgument``."""
    if rights not in RIGHTS:
        fix = f"say that you may use the recording: give one of {', '.join(map(repr, RIGHTS))}"
        raise InvalidArgument("rights", rights, fix)
    return str(rights)


def checked_role(role: object) -> str:
    """A role, which becomes a part of a path. Raises ``InvalidArgument``."""
    if not isinstance(role, str) or not _ROLE.fullmatch(role):
        fix = 'give a key of the song\'s assets, such as "audio" or "stem:vocals", or "package"'
        raise InvalidArgument("role", role, fix)
    return role


def checked_key(key: object) -> str:
    """An ``Idempotency-Key``; empty for None. Raises ``InvalidArgument``."""
    if key is None:
        return ""
    name = "idempotency_key"
    if not isinstance(key, str):
        raise InvalidArgument(name, key, f"give it as text, not as {_kind(key)}")
    for fix, wrong in (
        ("it is empty: leave it out, or give one", not key.strip()),
        (f"it has {len(key)} characters, give at most {_LONGEST_KEY}", len(key) > _LONGEST_KEY),
        ("it has spaces around it: strip them", key != key.strip()),
        ("give printable ASCII", not _PRINTABLE.fullmatch(key)),
    ):
        if wrong:
            raise InvalidArgument(name, key, fix)
    return key


def check_names(given: Collection[str], known: Collection[str]) -> None:
    """Raises ``InvalidCall`` for an argument that there is not, with the one that may have been meant."""
    for name in given:
        if name not in known:
            close = get_close_matches(name.lower(), known, n=1, cutoff=_ALIKE)
            hint = f", did you mean {close[0]}?" if close else f": there are {', '.join(sorted(known))}"
            raise InvalidCall(f"there is no argument {name!r}{hint}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: object) -> str:
    return "None" if value is None else type(value).__name__
